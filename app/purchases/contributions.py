"""What one customer adds to the sums: the same for what was folded and for what is to be."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from app.purchases.buckets import bucket_of
from app.purchases.histories import History, Move, Traits
from app.purchases.local_days import month_of

DIMENSIONS = Traits._fields
#: The measure of the amounts of orders.
ORDERED = "ordered"
#: The measure of money by month, and by the month after it.
FOLLOWED = "followed"
#: A twelfth of 365.25 days.
AVERAGE_MONTH = Fraction(1461, 48)
_DAYS, _MONTHS = AVERAGE_MONTH.as_integer_ratio()


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
        # By group, and there by the rest of the cell: a fold adds up some million of them, and
        # what is the same for all groups is made once. Plain tuples and lists take least time.
        self._groups: dict[tuple[str, str], dict[tuple[str, str, int, int], list[int]]] = {}

    def add(self, history: History, times: int = 1) -> None:
        """Add all that a customer contributes, or with -1 take it away."""
        groups = (("", ""), *zip(DIMENSIONS, history.traits, strict=True))
        self._add(_measured(history), groups, times)
        self._add(_earned(history), (("channel", history.traits.channel),), times)

    def _add(
        self, measured: Iterable["_Measured"], groups: Iterable[tuple[str, str]], times: int
    ) -> None:
        own = [self._groups.setdefault(group, {}) for group in groups]
        for measure, currency, place, other, n, amount, squares in measured:
            place_of = (measure, currency, place, other)
            more, earned, grown = times * n, times * amount, times * squares
            for sums in own:
                kept = sums.get(place_of)
                if kept is None:
                    sums[place_of] = [more, earned, grown]
                else:
                    kept[0] += more
                    if amount:
                        kept[1] += earned
                        kept[2] += grown

    def changes(self) -> dict[Cell, Sums]:
        """The cells in which anything is left."""
        return {
            Cell(measure, dimension, member, currency, place, other): Sums(*kept)
            for (dimension, member), sums in self._groups.items()
            for (measure, currency, place, other), kept in sums.items()
            if any(kept)
        }


def months_since(first: int, day: int) -> int:
    """Whole average months from one day to another; none to a day before it."""
    return max(0, day - first) * _MONTHS // _DAYS


def earnings(first: int, moves: Iterable[Move]) -> Mapping[tuple[str, int], Sequence[int]]:
    """How many moves and what amount, by currency and whole months since a first day."""
    found: dict[tuple[str, int], list[int]] = {}
    for day, currency, amount in moves:
        sums = found.setdefault((currency, months_since(first, day)), [0, 0])
        sums[0] += 1
        sums[1] += amount
    return found


_Measured = tuple[str, str, int, int, int, int, int]


def _measured(history: History) -> Iterator[_Measured]:
    yield from _days(history)
    yield from _ordered(history)
    for day, orders, units in history.sold:
        yield "units", "", day, 0, orders, units, 0
    for day, orders, asked in history.asked:
        yield "asked", "", day, 0, orders, asked, 0
    for day, n in Counter(placed for placed, _ in history.undone).items():
        yield "undone", "", day, 0, n, 0, 0
    yield from _followed(history)
    brought: dict[tuple[str, int], list[int]] = {}
    for day, currency, amount, grown in _moves(history):
        sums = brought.setdefault((currency, month_of(day)), [0, 0, 0])
        sums[0] += 1
        sums[1] += amount
        sums[2] += grown
    for (currency, month), (n, amount, grown) in brought.items():
        yield "month", currency, month, 0, n, amount, grown
    if not history.days:
        return
    cohort = month_of(history.days[0])
    for (currency, month), (n, amount, grown) in brought.items():
        yield "cohort", currency, cohort, month, n, amount, grown


def _ordered(history: History) -> Iterator[_Measured]:
    """The amounts of the orders, by month and bucket."""
    found: dict[tuple[int, int], list[int]] = {}
    for day, amount in history.ordered():
        sums = found.setdefault((month_of(day), bucket_of(amount)), [0, 0])
        sums[0] += 1
        sums[1] += amount
    for (month, bucket), (n, amount) in found.items():
        yield ORDERED, "", month, bucket, n, amount, 0


def _followed(history: History) -> Iterator[_Measured]:
    """What was brought in during a month, and what followed in the next."""
    for (currency, month), amount in history.months.items():
        if amount > 0:
            yield FOLLOWED, currency, month, 0, 1, amount, 0
            after = history.months.get((currency, month + 1), 0)
            if after:
                yield FOLLOWED, currency, month, 1, 1, after, 0
            if after > 0:
                yield FOLLOWED, currency, month, 2, 1, min(amount, after), 0


def _earned(history: History) -> Iterator[_Measured]:
    """What was brought in by the time since the first purchase."""
    if not history.days:
        return
    first = history.days[0]
    yield "newcomers", "", first, 0, 1, 0, 0
    for (currency, months), (n, amount) in earnings(first, history.moves).items():
        yield "earned", currency, first, months, n, amount, 0
        yield "earned_month", currency, month_of(first), months, n, amount, 0


def _moves(history: History) -> Iterator[tuple[int, str, int, int]]:
    """What was brought in, and how the square of the total so far changed by it."""
    total = 0
    for day, currency, amount in history.moves:
        yield day, currency, amount, (2 * total + amount) * amount
        total += amount


def _days(history: History) -> Iterator[_Measured]:
    for day, currency, amount, grown in _moves(history):
        yield "day", currency, day, 0, 1, amount, grown
    for day, orders in zip(history.days, history.orders, strict=True):
        yield "day", "", day, 0, orders, 0, 0
