"""Elements of SVG: escaped, with finite coordinates, and with room measured for their texts."""

import math
import unicodedata
from collections.abc import Sequence
from html import escape

from app.reports.charts import theme

#: Width of a character in ems, by what it is; on the safe side of the fonts in use.
_WIDE, _CAPITAL, _NARROW, _USUAL = 1.0, 0.72, 0.32, 0.57
_NARROW_CHARACTERS = frozenset("iljtfrI.,:;'|!()[] ")
ELLIPSIS = "…"


def number(value: float) -> str:
    """A coordinate: at most two decimals. Raises ValueError for what is not finite."""
    if not math.isfinite(value):
        raise ValueError("a coordinate must be finite")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def tag(name: str, *inside: str, **attributes: str | float | None) -> str:
    """An element; `inside` is markup already, attributes are escaped; None leaves one out.

    An underscore in a name stands for a hyphen, and one at its end for nothing.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, **more: str | float) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more)


def box(x: float, y: float, width: float, height: float, fill: str, **more: str | float) -> str:
    """A filled rectangle; never of negative size."""
    return tag("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), fill=fill, **more)


def words(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: float = theme.SIZE,
    fill: str = theme.INK,
    weight: str | None = None,
) -> str:
    """A line of text with its base line at `y`."""
    return tag(
        "text", escape(text), x=x, y=y, text_anchor=anchor, font_size=size, fill=fill,
        font_weight=weight,
    )  # fmt: skip


def hint(text: str) -> str:
    """What a pointer resting on a mark shows, and what a screen reader says of it."""
    return tag("title", escape(text))


def drawing(
    name: str, width: float, height: float, title: str, description: str, *inside: str
) -> str:
    """The whole drawing. `name` is unique on its page; it labels the drawing for assistance."""
    return tag(
        "svg",
        tag("title", escape(title), id=f"{name}-title"),
        tag("desc", escape(description), id=f"{name}-desc"),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=theme.FONT,
    )


def text_width(text: str, size: float) -> float:
    """About how wide a text is drawn, rather too much than too little."""
    return size * sum(_ems(character) for character in text)


def _ems(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE
    if character in _NARROW_CHARACTERS:
        return _NARROW
    return _CAPITAL if character.isupper() or character in "mwMW%+@" else _USUAL


def shortened(text: str, width: float, size: float) -> str:
    """The text, or as much of its beginning as fits before an ellipsis."""
    if text_width(text, size) <= width:
        return text
    kept = text
    while kept and text_width(kept, size) + size > width:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def wrapped(text: str, width: float, size: float, lines: int = 2) -> Sequence[str]:
    """The text in at most `lines` lines, broken at spaces where there are any."""
    rest = " ".join(text.split()) or ELLIPSIS
    found: list[str] = []
    while rest and len(found) < lines - 1 and text_width(rest, size) > width:
        end = next(
            (end for end in range(len(rest), 0, -1) if text_width(rest[:end], size) <= width), 1
        )
        space = rest.rfind(" ", 1, end + 1)
        end = space if space > 0 else end
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*found, shortened(rest, width, size)] if rest else found
