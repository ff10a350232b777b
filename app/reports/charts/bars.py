"""Groups beside each other: a bar with its interval for each, the figure of all as a line."""

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
from app.reports.charts.marks import Goal, Mark, Tick, Titles
from app.reports.charts.scales import Scale, covering

WIDTH = 480.0
_ROW, _TOP, _BOTTOM = 30.0, 20.0, 24.0
_MOST_LABEL, _MOST_VALUE = 130.0, 130.0
_BAR = 14.0


def bar_chart(groups: Sequence[Mark], titles: Titles, tick: Tick, overall: Goal | None) -> str:
    """One row for each group, in the order given, with its value and note at the right."""
    height = _TOP + _ROW * max(len(groups), 1) + _BOTTOM
    left = _label_width(groups) + 8
    right = WIDTH - _value_width(groups) - 18
    known = [each for group in groups for each in (group.value, group.low, group.high)]
    values = covering([*known, overall.value if overall else None], left, right, zero=True)
    bottom = height - _BOTTOM
    return drawing(
        titles.name, WIDTH, height, titles.title, titles.description,
        *_grid(values, tick, bottom),
        *(part for index, group in enumerate(groups)
          for part in _row(group, values, _TOP + index * _ROW)),
        *(_overall(overall, values, bottom) if overall else ()),
    )  # fmt: skip


def _label_width(groups: Sequence[Mark]) -> float:
    return min(max((text_width(g.label, theme.SIZE) for g in groups), default=0.0), _MOST_LABEL)


def _value_width(groups: Sequence[Mark]) -> float:
    widest = max((_widths(group) for group in groups), default=0.0)
    return min(widest, _MOST_VALUE)


def _widths(group: Mark) -> float:
    return max(text_width(group.shown, theme.SIZE), text_width(group.note, theme.SMALL))


def _grid(values: Scale, tick: Tick, bottom: float) -> Iterator[str]:
    taken = -1e9
    for value in values.ticks:
        x = values.place(value)
        colour = theme.AXIS if value == 0 else theme.LINE
        yield line(x, _TOP - 4, x, bottom, colour, stroke_width=1)
        mark = tick(value, values.step)
        half = text_width(mark, theme.SMALL) / 2
        if x - half > taken and x - half >= 0 and x + half <= WIDTH:
            yield words(x, bottom + 14, mark, anchor="middle", size=theme.SMALL, fill=theme.SOFT)
            taken = x + half + 4


def _row(group: Mark, values: Scale, top: float) -> Iterator[str]:
    middle = top + _ROW / 2
    lines = wrapped(group.label, _MOST_LABEL, theme.SIZE)
    for index, text in enumerate(lines):
        y = middle + 4 + (index - (len(lines) - 1) / 2) * 12.5
        yield words(values.start - 8, y, text, anchor="end")
    told = hint(group.told or f"{group.label}: {group.shown}")
    if group.value is None:
        fill = theme.WITHHELD if group.withheld else "none"
        empty = box(
            values.start, middle - _BAR / 2, values.end - values.start, _BAR, fill,
            stroke=theme.LINE, stroke_dasharray="3 3",
        )  # fmt: skip
        yield tag("g", told, empty)
    else:
        zero, end = values.place(0.0), values.place(group.value)
        bar = box(min(zero, end), middle - _BAR / 2, abs(end - zero), _BAR, theme.BAR)
        yield tag("g", told, bar, *_whisker(group, values, middle))
    yield from _written(group, values.end + 8, middle)


def _whisker(group: Mark, values: Scale, middle: float) -> Iterator[str]:
    if group.low is None or group.high is None:
        return
    low, high = values.place(group.low), values.place(group.high)
    yield line(low, middle, high, middle, theme.INK, stroke_width=1.4)
    for x in (low, high):
        yield line(x, middle - 4, x, middle + 4, theme.INK, stroke_width=1.4)


def _written(group: Mark, x: float, middle: float) -> Iterator[str]:
    room = WIDTH - x - 2
    above = middle - 1.5 if group.note else middle + 4
    shown = shortened(group.shown, room, theme.SIZE)
    yield words(
        x, above, shown, weight="600", fill=theme.SOFT if group.value is None else theme.INK
    )
    if group.note:
        note = shortened(group.note, room, theme.SMALL)
        yield words(x, middle + 11, note, size=theme.SMALL, fill=theme.SOFT)


def _overall(overall: Goal, values: Scale, bottom: float) -> Iterator[str]:
    x = values.place(overall.value)
    yield line(x, _TOP - 6, x, bottom, theme.TARGET, stroke_width=1.5, stroke_dasharray="6 4")
    text = shortened(overall.shown, WIDTH - 4, theme.SMALL)
    half = text_width(text, theme.SMALL) / 2
    place = min(max(x, half + 2), WIDTH - half - 2)
    yield words(
        place, _TOP - 9, text, anchor="middle", size=theme.SMALL, fill=theme.TARGET, weight="600"
    )
