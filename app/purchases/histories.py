"""What one customer bought, day by day: counted by hand, so to speak, from orders and refunds.

Days are numbered as `date.toordinal` does. Money is in ten-thousandths of its currency, the
smallest part that is stored.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.purchases.local_days import day_of, month_of

#: Customers are silent when so many days pass without a purchase; the usual window.
SILENCE_DAYS = 90
#: Parts of one unit of a currency.
PARTS = 10_000


class OrderRow(NamedTuple):
    """An order; `undone_at` is when it was fully refunded, never before it was placed."""

    ordered_at: datetime
    amount: Decimal
    currency: str
    undone_at: datetime | None
    quantity: int | None
    """How many units it is of, where it says so."""
    asked_for_brand: bool | None
    """Whether the brand was asked for, where it says so."""


class RefundRow(NamedTuple):
    """Money paid back, at the earliest when the order was placed."""

    booked_at: datetime
    amount: Decimal
    currency: str


class Traits(NamedTuple):
    """What a customer is counted by; '' where there is none."""

    segment: str = ""
    channel: str = ""
    key_account_type: str = ""


class Move(NamedTuple):
    """What a customer brought in on a day: orders placed less refunds booked."""

    day: int
    currency: str
    amount: int


class Stated(NamedTuple):
    """What the orders of a day state of something, added up, and how many of them state it."""

    day: int
    orders: int
    total: int


NO_TRAITS = Traits()


@dataclass(frozen=True)
class History:
    """The purchases of a customer in local days."""

    traits: Traits = NO_TRAITS
    days: tuple[int, ...] = ()
    """Days with an order that was not fully refunded, ascending."""
    orders: tuple[int, ...] = ()
    """How many such orders each of these days has."""
    undone: tuple[tuple[int, int], ...] = ()
    """For each order that was fully refunded: the day of the order, and that of its end."""
    undone_units: tuple[int | None, ...] = ()
    """The quantity of each of these orders."""
    undone_asked: tuple[int | None, ...] = ()
    """1 if the brand was asked for, 0 if it was not."""
    undone_amounts: tuple[int, ...] = ()
    """And its amount."""
    amounts: tuple[int, ...] = ()
    """The amounts of the orders of these days: by day, and ascending within each."""
    sold: tuple[Stated, ...] = ()
    """Units by day, of the orders that were not fully refunded."""
    asked: tuple[Stated, ...] = ()
    """Of how many of these the brand was asked for, by day."""
    moves: tuple[Move, ...] = ()
    """By day and currency."""
    repeat_amount: int = 0
    """Amounts of the orders that stand and were placed after the first of the days."""
    latest_at: datetime | None = field(default=None, compare=False)
    """The last instant at which anything happened."""

    def ordered(self) -> Iterator[tuple[int, int]]:
        """The day and the amount of each order that was not fully refunded."""
        amounts = iter(self.amounts)
        for day, orders in zip(self.days, self.orders, strict=True):
            for amount in islice(amounts, orders):
                yield day, amount

    def bought(self, first: int, last: int, as_of: int) -> set[int]:
        """The days in [first, last) with a purchase that stands when the day `as_of` begins.

        An order stands when it was placed before and not fully refunded before.
        """
        last = min(last, as_of)
        found = {day for day in self.days if first <= day < last}
        return found | {day for day, end in self.undone if first <= day < last and as_of <= end}

    def undone_in(self, first: int, last: int) -> int:
        """Orders placed in [first, last) that were fully refunded before the day `last`."""
        return sum(first <= day and end < last for day, end in self.undone)

    def net(self, last: int | None = None) -> int:
        """What the customer brought in before the day `last`, whatever the currency."""
        return sum(move.amount for move in self.moves if last is None or move.day < last)

    @cached_property
    def silent_day(self) -> int | None:
        """The first day that no purchase follows within `SILENCE_DAYS`; None without any."""
        gaps = pairwise(self.days)
        ends = (day for day, following in gaps if following - day > SILENCE_DAYS)
        return next(ends, self.days[-1]) if self.days else None

    @cached_property
    def months(self) -> Mapping[tuple[str, int], int]:
        """What the customer brought in, by currency and month; see `month_of`."""
        found: dict[tuple[str, int], int] = {}
        for day, currency, amount in self.moves:
            month = currency, month_of(day)
            found[month] = found.get(month, 0) + amount
        return found

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the moves, in order."""
        return tuple(sorted({move.currency for move in self.moves}))


def parts(amount: Decimal) -> int:
    """Money as a whole number of the smallest parts."""
    return int(amount * PARTS)


def history_of(
    traits: Traits,
    orders: Iterable[OrderRow],
    refunds: Iterable[RefundRow],
    zone: ZoneInfo,
    until: datetime | None = None,
) -> History:
    """The history of the orders and refunds of one customer, in the days of a zone.

    With `until`, as it stood at that instant: what happens from then on has not happened.
    """
    days: Counter[int] = Counter()
    amounts: dict[int, list[int]] = {}
    standing: list[tuple[int, OrderRow]] = []
    undone: list[_Undone] = []
    moves: Counter[tuple[int, str]] = Counter()
    moments: list[datetime] = []
    for order in _before(orders, until):
        day = day_of(order.ordered_at, zone)
        amount = parts(order.amount)
        moments.append(order.ordered_at)
        moves[day, order.currency] += amount
        if order.undone_at is None or (until is not None and order.undone_at >= until):
            days[day] += 1
            amounts.setdefault(day, []).append(amount)
            standing.append((day, order))
        else:
            undone.append(_undone(order, day, day_of(order.undone_at, zone)))
    for refund in refunds:
        if until is None or refund.booked_at < until:
            moments.append(refund.booked_at)
            moves[day_of(refund.booked_at, zone), refund.currency] -= parts(refund.amount)
    ordered = sorted(days)
    undone.sort(key=_in_order)
    return History(
        traits=traits,
        days=tuple(ordered),
        orders=tuple(days[day] for day in ordered),
        undone=tuple((each.placed, each.end) for each in undone),
        undone_units=tuple(each.quantity for each in undone),
        undone_asked=tuple(each.asked for each in undone),
        undone_amounts=tuple(each.amount for each in undone),
        amounts=tuple(each for day in ordered for each in sorted(amounts[day])),
        sold=_by_day((day, order.quantity) for day, order in standing),
        asked=_by_day((day, order.asked_for_brand) for day, order in standing),
        moves=tuple(Move(day, currency, moves[day, currency]) for day, currency in sorted(moves)),
        repeat_amount=sum(sum(amounts[day]) for day in ordered[1:]),
        latest_at=max(moments, default=None),
    )


class _Undone(NamedTuple):
    """An order that was fully refunded."""

    placed: int
    end: int
    quantity: int | None
    asked: int | None
    amount: int


def _undone(order: OrderRow, placed: int, end: int) -> _Undone:
    asked = None if order.asked_for_brand is None else int(order.asked_for_brand)
    return _Undone(placed, end, order.quantity, asked, parts(order.amount))


def _in_order(each: _Undone) -> tuple[int | bool | None, ...]:
    """One order for the same orders, however they come; what is not stated comes last."""
    return (
        each.placed, each.end, each.quantity is None, each.quantity, each.asked is None,
        each.asked, each.amount,
    )  # fmt: skip


def _by_day(stated: Iterable[tuple[int, int | None]]) -> tuple[Stated, ...]:
    """What is stated, by day; a yes counts as 1."""
    found: dict[int, list[int]] = {}
    for day, each in stated:
        if each is not None:
            found.setdefault(day, []).append(each)
    return tuple(Stated(day, len(own), sum(own)) for day, own in sorted(found.items()))


def _before(orders: Iterable[OrderRow], until: datetime | None) -> Iterator[OrderRow]:
    return (each for each in orders if until is None or each.ordered_at < until)
