"""What one customer adds to the sums: the same for what was folded and for what is to be."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.purchases.histories import History, Traits
from app.purchases.local_days import month_of

DIMENSIONS = Traits._fields


class Cell(NamedTuple):
    """Where a sum is kept; see `PurchaseCell`."""

    measure: str
    dimension: str
    member: str
    currency: str
    place: int
    other: int


class Sums(NamedTuple):
    """What is kept there."""

    n: int = 0
    amount: int = 0
    squares: int = 0


class Ledger:
    """Sums by cell."""

    def __init__(self) -> None:
        # Plain tuples and lists: a fold adds up some hundred thousand of them.
        self._sums: dict[tuple[str, str, str, str, int, int], list[int]] = {}

    def add(self, history: History, times: int = 1) -> None:
        """Add all that a customer contributes, or with -1 take it away."""
        groups = (("", ""), *zip(DIMENSIONS, history.traits, strict=True))
        sums = self._sums
        for measure, currency, place, other, n, amount, squares in _measured(history):
            for dimension, member in groups:
                cell = (measure, dimension, member, currency, place, other)
                kept = sums.get(cell)
                if kept is None:
                    kept = sums[cell] = [0, 0, 0]
                kept[0] += times * n
                kept[1] += times * amount
                kept[2] += times * squares

    def changes(self) -> dict[Cell, Sums]:
        """The cells in which anything is left."""
        return {Cell(*cell): Sums(*sums) for cell, sums in self._sums.items() if any(sums)}


_Measured = tuple[str, str, int, int, int, int, int]


def _measured(history: History) -> Iterator[_Measured]:
    yield from _days(history)
    if not history.days:
        return
    first = history.days[0]
    if len(history.days) > 1:
        yield "gap", "", history.days[1] - first, 0, 1, 0, 0
    else:
        yield "once", "", first, 0, 1, 0, 0
    if history.silent_day is not None:
        yield "silence", "", history.silent_day - first, 0, 1, 0, 0
    cohort = month_of(first)
    for (currency, month), amount in history.months.items():
        yield "cohort", currency, cohort, month, 0, amount, 0


def _days(history: History) -> Iterable[_Measured]:
    """By day: what was brought in, and how the square of the total so far changed by it."""
    total = 0
    for day, currency, amount in history.moves:
        grown = (total + amount) ** 2 - total**2
        total += amount
        yield "day", currency, day, 0, 1, amount, grown
    for day, orders in zip(history.days, history.orders, strict=True):
        yield "day", "", day, 0, orders, 0, 0
