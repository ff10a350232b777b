"""How often each answer was given: columns for a short scale, rows for long names."""

from collections.abc import Iterator, Sequence

from app.reports.charts import theme
from app.reports.charts.canvas import (
    box,
    drawing,
    hint,
    line,
    shortened,
    tag,
    text_width,
    words,
    wrapped,
)
from app.reports.charts.marks import Count, Titles, Tone
from app.reports.charts.scales import covering

WIDTH = 480.0
_TOP, _FOOT, _COLUMNS_HEIGHT = 24.0, 26.0, 190.0
_ROW, _BAR, _MOST_LABEL = 28.0, 14.0, 170.0
_MOST_COLUMNS = 12
_TONES: dict[Tone, str] = {
    "plain": theme.BAR,
    "good": theme.GOOD,
    "middle": theme.MIDDLE,
    "bad": theme.BAD,
}


def count_chart(counts: Sequence[Count], titles: Titles) -> str:
    """Columns where every label fits below its column, else rows."""
    apart = (WIDTH - 16) / max(len(counts), 1)
    widest = max((text_width(each.label, theme.SIZE) for each in counts), default=0.0)
    if 0 < len(counts) <= _MOST_COLUMNS and widest <= apart - 4:
        return _columns(counts, titles, apart)
    return _rows(counts, titles)


def _columns(counts: Sequence[Count], titles: Titles, apart: float) -> str:
    bottom = _COLUMNS_HEIGHT - _FOOT
    scale = covering((each.share for each in counts), bottom, _TOP, zero=True)
    parts = [line(8, bottom, WIDTH - 8, bottom, theme.AXIS, stroke_width=1)]
    for index, each in enumerate(counts):
        middle = 8 + apart * (index + 0.5)
        top = scale.place(each.share)
        column = box(middle - apart * 0.36, top, apart * 0.72, bottom - top, _TONES[each.tone])
        shown = shortened(each.shown, apart, theme.SMALL)
        parts += [
            tag("g", hint(each.told or f"{each.label}: {each.shown}"), column),
            words(middle, top - 5, shown, anchor="middle", size=theme.SMALL, fill=theme.SOFT),
            words(middle, bottom + 17, each.label, anchor="middle"),
        ]
    return drawing(titles.name, WIDTH, _COLUMNS_HEIGHT, titles.title, titles.description, *parts)


def _rows(counts: Sequence[Count], titles: Titles) -> str:
    height = 8 + _ROW * max(len(counts), 1) + 4
    widest = max((text_width(each.label, theme.SIZE) for each in counts), default=0.0)
    left = min(widest, _MOST_LABEL) + 10
    shown = max((text_width(each.shown, theme.SIZE) for each in counts), default=0.0)
    right = WIDTH - min(shown, 120.0) - 10
    scale = covering((each.share for each in counts), left, right, zero=True)
    rows = (
        part for index, each in enumerate(counts)
        for part in _row(each, scale.place(0.0), scale.place(each.share), 8 + _ROW * (index + 0.5))
    )  # fmt: skip
    return drawing(titles.name, WIDTH, height, titles.title, titles.description, *rows)


def _row(each: Count, start: float, end: float, middle: float) -> Iterator[str]:
    lines = wrapped(each.label, _MOST_LABEL, theme.SIZE)
    for index, text in enumerate(lines):
        y = middle + 4 + (index - (len(lines) - 1) / 2) * 12.5
        yield words(start - 8, y, text, anchor="end")
    bar = box(start, middle - _BAR / 2, end - start, _BAR, _TONES[each.tone])
    yield tag("g", hint(each.told or f"{each.label}: {each.shown}"), bar)
    yield words(end + 6, middle + 4, shortened(each.shown, WIDTH - end - 8, theme.SIZE))
