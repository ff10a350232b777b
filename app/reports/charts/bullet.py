"""Attainment of goals: for each a bar that runs towards its mark at the whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.reports.charts import theme
from app.reports.charts.canvas import (
    box,
    drawing,
    hint,
    line,
    shortened,
    tag,
    words,
    wrapped,
)
from app.reports.charts.marks import Titles, Tone

WIDTH = 480.0
MOST = 1.2
"""Attainment is drawn up to this; more is not better than enough."""
_ROW, _BAR, _LABEL, _VALUE = 32.0, 12.0, 160.0, 92.0
_TONES: dict[Tone, str] = {
    "plain": theme.ACCENT,
    "good": theme.GOOD,
    "middle": theme.SOFT,
    "bad": theme.BAD,
}


@dataclass(frozen=True)
class Attainment:
    """How much of a goal was reached: 1 is all of it; None where it cannot be said."""

    label: str
    share: float | None
    shown: str
    note: str = ""
    told: str = ""
    tone: Tone = "plain"


def bullet_chart(goals: Sequence[Attainment], titles: Titles) -> str:
    """One row for each goal; the upright line is the goal itself."""
    height = 6 + _ROW * max(len(goals), 1) + 6
    rows = (part for i, goal in enumerate(goals) for part in _row(goal, 6 + _ROW * (i + 0.5)))
    return drawing(titles.name, WIDTH, height, titles.title, titles.description, *rows)


def _row(goal: Attainment, middle: float) -> Iterator[str]:
    start, end = _LABEL + 10, WIDTH - _VALUE
    lines = wrapped(goal.label, _LABEL, theme.SIZE)
    for index, text in enumerate(lines):
        y = middle + 4 + (index - (len(lines) - 1) / 2) * 12.5
        yield words(_LABEL, y, text, anchor="end")
    whole = start + (end - start) / MOST
    parts = [
        hint(goal.told or f"{goal.label}: {goal.shown}"),
        box(start, middle - _BAR / 2, end - start, _BAR, theme.WITHHELD),
    ]
    if goal.share is not None:
        reach = min(max(goal.share, 0.0), MOST) / MOST * (end - start)
        parts.append(box(start, middle - _BAR / 2 + 2, reach, _BAR - 4, _TONES[goal.tone]))
    parts.append(
        line(whole, middle - _BAR / 2 - 3, whole, middle + _BAR / 2 + 3, theme.INK, stroke_width=2)
    )
    yield tag("g", *parts)
    room = _VALUE - 10
    above = middle - 1.5 if goal.note else middle + 4
    yield words(end + 8, above, shortened(goal.shown, room, theme.SIZE), weight="600")
    if goal.note:
        note = shortened(goal.note, room, theme.SMALL)
        yield words(end + 8, middle + 11, note, size=theme.SMALL, fill=theme.SOFT)
