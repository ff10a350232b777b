"""What customers brought in: sums by day for everybody, and the totals of any set of customers.

The net value of a customer is kept in bits, one set of customers for each binary digit. Then the
sum over a set is a sum of counts, and the k-th value is found digit by digit. Money is in
ten-thousandths.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import text

from app.purchases.book import Book, Filters
from app.purchases.local_days import split_months
from app.purchases.one_trait import one_trait
from app.purchases.spans import set_of
from app.purchases.stored_sets import Name, by_member, unions

#: The binary digits of a net value that are kept: 10^15 units of a currency.
_DIGITS = 64
#: More customers than this whose money moved later are counted from the rows.
_MOST_MOVED = 50_000


class Booked(NamedTuple):
    """What a group of customers brought in before a day, in sums over all of them."""

    total: int = 0
    squares: int = 0
    """Of the customers' totals."""
    currencies: frozenset[str] = frozenset()


class Total(NamedTuple):
    """What one customer brought in before a day."""

    amount: int
    currencies: frozenset[str]


_CELLS = """
SELECT asked.step, {member} AS member, c.currency, sum(c.n), sum(c.amount), sum(c.squares)
FROM unnest(CAST(:steps AS bigint[]), CAST(:measures AS text[]), CAST(:firsts AS bigint[]),
    CAST(:lasts AS bigint[])) AS asked (step, measure, first, last)
JOIN LATERAL (
    SELECT * FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = asked.measure
        AND c.dimension = :dimension AND c.place >= asked.first AND c.place < asked.last
        AND c.currency <> '' AND {condition}
    OFFSET 0
) AS c ON true
GROUP BY 1, 2, 3
"""
#: The second of all days: nothing is bought before it.
_EARLIEST = 2


async def booked(
    book: Book, lasts: Sequence[int], by: str | None, filters: Filters
) -> dict[int, dict[str, Booked]] | None:
    """Sums over the customers of each group before each of the days.

    None where several traits are asked about at once: sums are kept by one.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    days = sorted(set(lasts))
    pieces = [
        (step, *piece)
        for step, between in enumerate(pairwise([_EARLIEST, *days]))
        for piece in _pieces(*between)
    ]
    names = ("steps", "measures", "firsts", "lasts")
    named: dict[str, object] = {
        name: [each[at] for each in pieces] for at, name in enumerate(names)
    }
    named |= {"workspace_id": book.workspace_id, **asked.parameters}
    steps: dict[tuple[str, str], list[tuple[int, int, int, int]]] = {}
    for step, member, currency, *sums in await book.session.execute(asked.on_cells(_CELLS), named):
        n, amount, squares = (int(each) for each in sums)
        steps.setdefault((member, currency), []).append((step, n, amount, squares))
    for member, cell, each in asked.corrections(book, "day"):
        if cell.currency and cell.place < days[-1]:
            step = bisect_right(days, cell.place)
            own = steps.setdefault((member, cell.currency), [])
            own.append((step, each.n, each.amount, each.squares))
    return {day: _summed(steps, place) for place, day in enumerate(days)}


def _pieces(first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Measures and ranges of places that are together the days [first, last)."""
    before, months, after = split_months(first, last)
    for measure, places in (("day", before), ("month", months), ("day", after)):
        yield measure, places.start, places.stop


def _summed(
    steps: Mapping[tuple[str, str], Sequence[tuple[int, int, int, int]]], place: int
) -> dict[str, Booked]:
    """The sums of all steps up to one, by group."""
    found: dict[str, Booked] = {}
    for (member, currency), each in steps.items():
        own = [sums for step, *sums in each if step <= place]
        n, amount, squares = (sum(column) for column in zip(*own, strict=True)) if own else (0,) * 3
        if n:
            so_far = found.get(member, Booked())
            found[member] = Booked(
                so_far.total + amount, so_far.squares + squares, so_far.currencies | {currency}
            )
    return found


@dataclass(frozen=True)
class Values:
    """The totals of all customers before a day: a set for each binary digit."""

    digits: Sequence[int]
    currencies: Mapping[str, int]
    """Who has moves in each currency."""

    def booked(self, customers: int) -> Booked:
        """The sums over a set."""
        own = [(level, digit & customers) for level, digit in enumerate(self.digits)]
        own = [(level, digit) for level, digit in own if digit]
        squares = 0
        for place, (level, digit) in enumerate(own):
            squares += digit.bit_count() << 2 * level
            for other_level, other in own[place + 1 :]:
                squares += (digit & other).bit_count() << level + other_level + 1
        total = sum(digit.bit_count() << level for level, digit in own)
        used = (name for name, having in self.currencies.items() if having & customers)
        return Booked(total, squares, frozenset(used))

    def ranked(self, customers: int, ranks: Sequence[int]) -> dict[int, int]:
        """The totals of a set that stand at some ranks, counted from 0 in ascending order."""
        return dict(self._ranked(customers, sorted(set(ranks)), len(self.digits) - 1, 0, 0))

    def _ranked(
        self, customers: int, ranks: Sequence[int], level: int, skipped: int, so_far: int
    ) -> list[tuple[int, int]]:
        """Those with a 0 at a digit stand before those with a 1."""
        if not ranks:
            return []
        if level < 0:
            return [(rank, so_far) for rank in ranks]
        ones = customers & self.digits[level]
        zeros = customers ^ ones
        # Counting takes ten times as long as the rest, and few are alike in most of their digits.
        before = skipped + zeros.bit_count() if ones and zeros else skipped
        low = [rank for rank in ranks if rank < before or not ones]
        high = ranks[len(low) :]
        return self._ranked(zeros, low, level - 1, skipped, so_far) + self._ranked(
            ones, high, level - 1, before, so_far | 1 << level
        )


_MOVED = text("""
SELECT p.number,
    coalesce(p.move_totals[width_bucket(CAST(:last AS bigint) - 1, p.move_days)], 0),
    CASE WHEN p.move_days[1] >= :last THEN CAST('{}' AS text[])
        WHEN p.currency IS NOT NULL THEN ARRAY[p.currency]
        ELSE (SELECT array_agg(DISTINCT m.currency)
            FROM unnest(p.move_days, p.move_currencies) AS m (day, currency)
            WHERE m.day < :last) END
FROM (
    SELECT * FROM customer_purchases
    WHERE workspace_id = :workspace_id AND last_move_day >= :day LIMIT :most
) AS p
""")


async def values(book: Book, last: int) -> Values | None:
    """The totals of all customers before a day; None if too many have moved money since."""
    named = {
        "workspace_id": book.workspace_id,
        "day": date.fromordinal(last),
        "last": last,
        "most": _MOST_MOVED + 1,
    }
    rows = (await book.session.execute(_MOVED, named)).all()
    if len(rows) > _MOST_MOVED:
        return None
    apart = {one.number for one in book.by_hand if one.number is not None}
    own = {
        number: Total(int(amount), frozenset(currencies))
        for number, amount, currencies in rows
        if number not in apart
    }
    others = ~set_of([*own, *apart])
    for place, one in enumerate(book.by_hand):
        moves = [move for move in one.history.moves if move.day < last]
        used = frozenset(move.currency for move in moves)
        own[book.base + place] = Total(sum(move.amount for move in moves), used)
    names = [[Name("net", level=level)] for level in range(_DIGITS)]
    highest = max((each.amount for each in own.values()), default=0).bit_length()
    digits = [
        digit & others
        | (
            set_of([n for n, each in own.items() if each.amount >> level & 1])
            if level < highest
            else 0
        )
        for level, digit in enumerate(await unions(book.session, book.workspace_id, names))
    ]
    stored = await by_member(book.session, book.workspace_id, "currency")
    currencies = {
        name: stored.get(name, 0) & others
        | set_of([n for n, each in own.items() if name in each.currencies])
        for name in {*stored, *(name for each in own.values() for name in each.currencies)}
    }
    while digits and not digits[-1]:
        digits.pop()
    return Values(digits, currencies)
