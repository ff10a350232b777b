"""How charts look: colours that keep their contrast on white paper, sizes, one font stack.

Everything is a presentation attribute: the style policy of the pages allows no inline style, and
the printing engine does not apply the page's sheet inside a drawing.
"""

INK = "#1c2430"
SOFT = "#566173"
LINE = "#dfe4ea"
AXIS = "#9aa5b3"
ACCENT = "#0b5fb0"
BAND = "#cfe1f4"
BAR = "#7fb0dd"
GOOD = "#2f8f5b"
MIDDLE = "#b6bfca"
BAD = "#c4553f"
TARGET = "#8a5200"
WITHHELD = "#eceff3"

#: Names without quotes: two readers of attributes disagree about them.
FONT = (
    "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, Report CJK, "
    "Helvetica, Arial, sans-serif"
)
SIZE = 12.0
SMALL = 10.5
