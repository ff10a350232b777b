"""A figure over time: line, interval band, target, and what is missing."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from app.reports.charts import theme
from app.reports.charts.canvas import (
    box,
    drawing,
    hint,
    line,
    number,
    shortened,
    tag,
    text_width,
    words,
)
from app.reports.charts.marks import Goal, Mark, Tick, Titles
from app.reports.charts.scales import Scale, covering

WIDTH, HEIGHT = 480.0, 228.0
_TOP, _RIGHT, _BOTTOM = 22.0, 22.0, 36.0
_GAP = 6.0


def trend_chart(points: Sequence[Mark], titles: Titles, tick: Tick, goal: Goal | None) -> str:
    """The points from left to right, oldest first; gaps where there is no value."""
    known = [each for point in points for each in (point.value, point.low, point.high)]
    values = covering([*known, goal.value if goal else None], HEIGHT - _BOTTOM, _TOP)
    marks = [tick(value, values.step) for value in values.ticks]
    left = min(max((text_width(mark, theme.SMALL) for mark in marks), default=0) + 10, 110)
    xs = _places(len(points), left)
    return drawing(
        titles.name, WIDTH, HEIGHT, titles.title, titles.description,
        *_grid(values, marks, left),
        *_withheld(points, xs),
        *_band(points, xs, values),
        *(_goal(goal, values, left) if goal else ()),
        *_line(points, xs, values),
        *_points(points, xs, values),
        *_labels(points, xs),
    )  # fmt: skip


def _places(count: int, left: float) -> list[float]:
    inner = WIDTH - _RIGHT - left
    if count == 1:
        return [left + inner / 2]
    edge = min(18.0, inner / (2 * max(count, 1)))
    return [left + edge + index * (inner - 2 * edge) / (count - 1) for index in range(count)]


def _grid(values: Scale, marks: Sequence[str], left: float) -> Iterator[str]:
    for value, mark in zip(values.ticks, marks, strict=True):
        y = values.place(value)
        yield line(left, y, WIDTH - _RIGHT, y, theme.LINE, stroke_width=1)
        yield words(left - _GAP, y + 3.5, mark, anchor="end", size=theme.SMALL, fill=theme.SOFT)


def _withheld(points: Sequence[Mark], xs: Sequence[float]) -> Iterator[str]:
    """A grey column where a figure is kept back, a cross where there is none."""
    width = min(22.0, (xs[1] - xs[0]) * 0.7) if len(xs) > 1 else 22.0
    bottom = HEIGHT - _BOTTOM
    for point, x in zip(points, xs, strict=True):
        if point.value is not None:
            continue
        told = hint(point.told or f"{point.label}: {point.shown}")
        if point.withheld:
            column = box(x - width / 2, _TOP, width, bottom - _TOP, theme.WITHHELD)
            yield tag("g", told, column)
        else:
            cross = "".join(
                line(x - 3, bottom - 3 - dy, x + 3, bottom - 3 + dy, theme.SOFT, stroke_width=1.2)
                for dy in (3, -3)
            )
            yield tag("g", told, cross)


def _runs(points: Sequence[Mark]) -> Iterator[list[int]]:
    """Neighbouring points that have values."""
    known = groupby(range(len(points)), lambda index: points[index].value is not None)
    return (list(run) for has_value, run in known if has_value)


def _limits(mark: Mark) -> tuple[float, float] | None:
    return None if mark.low is None or mark.high is None else (mark.low, mark.high)


def _band(points: Sequence[Mark], xs: Sequence[float], values: Scale) -> Iterator[str]:
    with_limits = groupby(range(len(points)), lambda index: _has_band(points[index]))
    for has_band, group in with_limits:
        run = list(group)
        if not has_band:
            continue
        ends = [(xs[index], _limits(points[index]) or (0.0, 0.0)) for index in run]
        if len(ends) == 1:
            x, (low, high) = ends[0]
            yield line(x, values.place(low), x, values.place(high), theme.BAND, stroke_width=7)
            continue
        over = [(x, values.place(high)) for x, (_, high) in ends]
        under = [(x, values.place(low)) for x, (low, _) in reversed(ends)]
        yield tag("polygon", points=_path([*over, *under]), fill=theme.BAND)


def _has_band(mark: Mark) -> bool:
    return mark.value is not None and _limits(mark) is not None


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)


def _line(points: Sequence[Mark], xs: Sequence[float], values: Scale) -> Iterator[str]:
    for run in _runs(points):
        places = [(xs[index], values.place(points[index].value or 0.0)) for index in run]
        if len(places) > 1:
            yield tag(
                "polyline", points=_path(places), fill="none", stroke=theme.ACCENT,
                stroke_width=2, stroke_linejoin="round",
            )  # fmt: skip


def _points(points: Sequence[Mark], xs: Sequence[float], values: Scale) -> Iterator[str]:
    last = len(points) - 1
    for index, (point, x) in enumerate(zip(points, xs, strict=True)):
        if point.value is None:
            continue
        y = values.place(point.value)
        radius = 4.5 if index == last else 3.0 if len(points) <= 40 else 1.6
        fill = "#ffffff" if point.partial else theme.ACCENT
        told = hint(point.told or f"{point.label}: {point.shown}")
        yield tag(
            "circle", told, cx=x, cy=y, r=radius, fill=fill, stroke=theme.ACCENT, stroke_width=1.5
        )
        if index == last:
            yield _last_value(point, x, y)


def _last_value(point: Mark, x: float, y: float) -> str:
    above = y - 10 if y - 10 > _TOP - 8 else y + 18
    width = text_width(point.shown, theme.SIZE)
    if x + width / 2 <= WIDTH:
        return words(x, above, point.shown, anchor="middle", weight="600")
    shown = shortened(point.shown, WIDTH - 4, theme.SIZE)
    return words(WIDTH - 2, above, shown, anchor="end", weight="600")


def _goal(goal: Goal, values: Scale, left: float) -> Iterator[str]:
    y = values.place(goal.value)
    yield line(left, y, WIDTH - _RIGHT, y, theme.TARGET, stroke_width=1.5, stroke_dasharray="6 4")
    shown = shortened(goal.shown, WIDTH - left - _RIGHT, theme.SMALL)
    place = y - 4 if y - 4 > 10 else y + 12
    yield words(left + 3, place, shown, size=theme.SMALL, fill=theme.TARGET, weight="600")


def _labels(points: Sequence[Mark], xs: Sequence[float]) -> Iterator[str]:
    """As many labels as have room, the last one always."""
    widest = max((text_width(each, theme.SMALL) for p in points for each in (p.label, p.under)),
                 default=0.0)  # fmt: skip
    apart = xs[1] - xs[0] if len(xs) > 1 else WIDTH
    every = max(1, -int(-(min(widest, 120.0) + 8) // max(apart, 1e-6)))
    last = len(points) - 1
    under = ""
    for index, (point, x) in enumerate(zip(points, xs, strict=True)):
        if (last - index) % every:
            continue
        room = max(2 * min(x, WIDTH - x), 30)
        for text, below in ((point.label, 16), (point.under if point.under != under else "", 30)):
            if text:
                yield words(
                    x, HEIGHT - _BOTTOM + below, shortened(text, room, theme.SMALL),
                    anchor="middle", size=theme.SMALL, fill=theme.SOFT,
                )  # fmt: skip
        under = point.under
