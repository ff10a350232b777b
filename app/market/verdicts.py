"""What became of a lead, by the number of days that it is given.

Days are numbered as `date.toordinal` does. An order that was fully refunded before the days were
over is no purchase: with more days a lead may become won or known, and no longer be it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.purchases.histories import History
from app.purchases.local_days import month_of

#: More days than anybody gives.
_EVER = 1 << 20


class Step(NamedTuple):
    """From so many days on there is one more lead that is won or known, or one less."""

    within: int
    won: int
    known: int


class Verdict(NamedTuple):
    """What a lead adds to the figures of its day."""

    day: int
    channel: str
    campaign: str
    """'' where there is none."""
    repeated: bool
    """Whether its customer has an earlier lead; then it counts as nothing else."""
    steps: tuple[Step, ...]


class Cell(NamedTuple):
    """Where leads are counted; see `LeadCell`."""

    grain: str
    dimension: str
    place: int
    within: int
    member: str


class Counts(NamedTuple):
    """What is counted there."""

    leads: int = 0
    repeated: int = 0
    won: int = 0
    known: int = 0


def steps_of(day: int, history: History) -> tuple[Step, ...]:
    """How the verdict on a lead of a day changes with the days that it is given.

    Given `within` days, an order counts if it was placed up to the day `day + within` and was not
    fully refunded up to then. The lead is known if one that counts was placed before its day;
    else it is won if any counts.
    """
    if any(bought < day for bought in history.days):
        return (Step(0, 0, 1),)
    known = max((end - day for placed, end in history.undone if placed < day), default=0)
    known = max(known, 0)
    spans = [(placed - day, end - day) for placed, end in history.undone if placed >= day]
    if history.days:
        spans.append((history.days[0] - day, _EVER))
    won: list[tuple[int, int]] = []
    for low, high in sorted((max(low, known), high) for low, high in spans):
        if won and low <= won[-1][1]:
            won[-1] = won[-1][0], max(won[-1][1], high)
        elif low < high:
            won.append((low, high))
    steps = [Step(0, 0, 1), Step(known, 0, -1)] if known else []
    for low, high in won:
        steps.append(Step(low, 1, 0))
        if high < _EVER:
            steps.append(Step(high, -1, 0))
    return tuple(steps)


class Tally:
    """Counts by cell."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int, int, str], list[int]] = {}

    def add(self, verdict: Verdict, times: int = 1) -> None:
        """Add a lead, or with -1 take it away."""
        places = (("day", verdict.day), ("month", month_of(verdict.day)))
        groups = (("", ""), ("channel", verdict.channel), ("campaign", verdict.campaign))
        for within, *counts in _counted(verdict):
            for grain, place in places:
                for dimension, member in groups:
                    cell = (grain, dimension, place, within, member)
                    kept = self._counts.setdefault(cell, [0, 0, 0, 0])
                    for at, n in enumerate(counts):
                        kept[at] += times * n

    def changes(self) -> dict[Cell, Counts]:
        """The cells in which anything is left."""
        return {
            Cell(*cell): Counts(*counts) for cell, counts in self._counts.items() if any(counts)
        }


def _counted(verdict: Verdict) -> Iterator[tuple[int, int, int, int, int]]:
    yield 0, int(not verdict.repeated), int(verdict.repeated), 0, 0
    for within, won, known in verdict.steps:
        yield within, 0, 0, won, known
