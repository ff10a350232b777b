"""What each customer brought in before a day.

The net value of a customer is kept in bits, one set of customers for each binary digit. Then the
sum over a set is a sum of counts, and the k-th value is found digit by digit. What was brought in
from the day on is taken off. Money is in ten-thousandths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import zip_longest

from sqlalchemy import text

from app.purchases.book import Book
from app.purchases.day_moves import brought_in_days
from app.purchases.digits import Amounts, Digits, digits_of
from app.purchases.local_days import first_day_of, month_of
from app.purchases.months import brought_in
from app.purchases.newcomers import Window
from app.purchases.spans import members_of
from app.purchases.stored_sets import Name, by_member, unions

#: The binary digits of a net value that are kept: 10^15 units of a currency.
_DIGITS = 64


@dataclass(frozen=True)
class Values:
    """The totals of all customers before a day: a set for each binary digit."""

    digits: Digits

    def sums(self, customers: int) -> tuple[int, int]:
        """The sum over a set, and that of the squares."""
        own = [(level, digit & customers) for level, digit in enumerate(self.digits)]
        own = [(level, digit) for level, digit in own if digit]
        squares = 0
        for place, (level, digit) in enumerate(own):
            squares += digit.bit_count() << 2 * level
            for other_level, other in own[place + 1 :]:
                squares += (digit & other).bit_count() << level + other_level + 1
        return sum(digit.bit_count() << level for level, digit in own), squares

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


async def values(book: Book, last: int) -> Values:
    """The totals of all customers before a day; they are not below zero."""
    since = await _since(book, last)
    net = Amounts(await _net(book))
    return Values(net.plus(since.negative).above if since.any else net.above)


async def _net(book: Book) -> Digits:
    names = [[Name("net", level=level)] for level in range(_DIGITS)]
    stored = await unions(book.session, book.workspace_id, names)
    by_hand = [one.history.net() for one in book.by_hand]
    hands = digits_of(range(book.base, book.base + len(by_hand)), by_hand)
    digits = [book.kept(kept) | own for kept, own in zip_longest(stored, hands, fillvalue=0)]
    while digits and not digits[-1]:
        digits.pop()
    return digits


_LATEST = text("""
SELECT max(place) FROM customer_amounts WHERE workspace_id = :workspace_id AND kind = 'moved'
""")


async def _since(book: Book, day: int) -> Amounts:
    """What was brought in on a day and later: by month, and by day up to the nearer of its ends."""
    kept = (await book.session.execute(_LATEST, {"workspace_id": book.workspace_id})).scalar()
    moves = (move.day for one in book.by_hand for move in one.history.moves)
    end = max((kept or 0, *moves)) + 1
    if end <= day:
        return Amounts()
    month = month_of(day)
    begins, ends = first_day_of(month), min(first_day_of(month + 1), end)
    forward = ends - day < day - begins
    days = Window(day, ends) if forward else Window(begins, day)
    (together,) = await brought_in_days(book, [days])
    span = range(month + forward, month_of(end - 1) + 1)
    (months,) = await brought_in(book, [span])
    own = reduce(Amounts.plus, months.values(), Amounts())
    return own.plus(together if forward else together.negative)


_BEFORE = text("""
SELECT DISTINCT m.currency FROM unnest(CAST(:numbers AS bigint[])) AS wanted (number)
JOIN LATERAL (
    SELECT * FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.number = wanted.number OFFSET 0
) AS p ON true
CROSS JOIN LATERAL unnest(p.move_days, p.move_currencies) AS m (day, currency)
WHERE m.day < :last
""")


async def currencies_before(book: Book, customers: int, last: int) -> frozenset[str]:
    """The currencies that moved before a day, of customers of whom something did."""
    stored = await by_member(book.session, book.workspace_id, "currency")
    having = {name: book.kept(bits) & customers for name, bits in stored.items()}
    seen = several = 0
    for bits in having.values():
        several |= seen & bits
        seen |= bits
    used = {name for name, bits in having.items() if bits ^ (bits & several)}
    for place, one in enumerate(book.by_hand, book.base):
        if customers >> place & 1:
            used |= {move.currency for move in one.history.moves if move.day < last}
    if several:
        numbers = list(members_of(several))
        named = {"workspace_id": book.workspace_id, "numbers": numbers, "last": last}
        used |= set((await book.session.execute(_BEFORE, named)).scalars())
    return frozenset(used)
