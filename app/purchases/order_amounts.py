"""How the amounts of orders lie, by month: how many are in each bucket, their sum, and which."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from app.db import once
from app.purchases.book import Book, Filters
from app.purchases.buckets import bucket_of
from app.purchases.contributions import ORDERED
from app.purchases.local_days import month_of
from app.purchases.one_trait import one_trait
from app.purchases.spans import LEVELS
from app.purchases.stored_amounts import Listing, ordered_amounts, placed_amounts

_CELLS = """
SELECT {member} AS member, c.other, CAST(sum(c.n) AS bigint), CAST(sum(c.amount) AS numeric(38, 0))
FROM purchase_cells c
WHERE c.workspace_id = :workspace_id AND c.measure = :measure AND c.dimension = :dimension
    AND c.place >= :first AND c.place < :last AND {condition}
GROUP BY 1, 2
"""


@dataclass
class Amounts:
    """Amounts in ten-thousandths, by bucket."""

    counts: Counter[int] = field(default_factory=Counter)
    sums: Counter[int] = field(default_factory=Counter)

    def add(self, bucket: int, n: int, amount: int) -> None:
        """Add so many amounts that come to a sum."""
        self.counts[bucket] += n
        self.sums[bucket] += amount

    def up_to(self, rank: int) -> tuple[int, int, int]:
        """Where the amount of a rank lies, in ascending order from 1.

        Its bucket; its rank in that; and what all of the buckets below come to.
        """
        below = 0
        for bucket, n in sorted(self.counts.items()):
            if rank <= n:
                return bucket, rank, below
            rank -= n
            below += self.sums[bucket]
        raise ValueError("there are not so many amounts")


#: Amounts by bucket, each with the place of its customer in sets.
Listings = dict[int, Listing]


async def amounts_of_months(
    book: Book, months: range, by: str | None, filters: Filters
) -> dict[str, Amounts] | None:
    """The amounts of orders that are not fully refunded and were placed in the months, by group.

    None where several traits are asked about at once: they are kept by one.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    named = {
        "workspace_id": book.workspace_id,
        "measure": ORDERED,
        "first": months.start,
        "last": months.stop,
        **asked.parameters,
    }
    found: dict[str, Amounts] = {}
    for member, bucket, n, amount in await book.session.execute(asked.on_cells(_CELLS), named):
        found.setdefault(member, Amounts()).add(bucket, n, int(amount))
    for member, cell, sums in asked.corrections(book, ORDERED):
        if cell.place in months:
            found.setdefault(member, Amounts()).add(cell.other, sums.n, sums.amount)
    return found


async def listed_amounts(book: Book, months: range, buckets: Collection[int]) -> Listings:
    """The same orders themselves, of some buckets."""
    apart = {one.number for one in book.by_hand}
    stored = await ordered_amounts(book.session, book.workspace_id, months, buckets)
    found = {
        bucket: [each for each in own if each[0] not in apart] if apart else own
        for bucket, own in stored.items()
    }
    for place, one in enumerate(book.by_hand, book.base):
        for day, amount in one.history.ordered():
            bucket = bucket_of(amount)
            if bucket in buckets and month_of(day) in months:
                found.setdefault(bucket, []).append((place, amount))
    return found


async def placed_on(book: Book, days: frozenset[int]) -> Listing:
    """The orders that are not fully refunded and were placed on some days."""
    # Places are those of this book; it lives as long as what is known of its snapshot.
    asked = (placed_on, id(book), days)
    return await once(book.session, asked, lambda: _placed_on(book, days))


async def _placed_on(book: Book, days: Collection[int]) -> Listing:
    apart = {one.number for one in book.by_hand}
    stored = await placed_amounts(book.session, book.workspace_id, days) if days else []
    found = [each for each in stored if each[0] not in apart] if apart else stored
    for place, one in enumerate(book.by_hand, book.base):
        found += [(place, amount) for day, amount in one.history.ordered() if day in days]
    return found


# As in `standing`: an order that stood less than 2^stretch days ended soon after the last day.
_STOOD = text("""
SELECT u.number, u.amount FROM generate_series(1, CAST(:levels AS int)) AS power (of_two)
JOIN LATERAL (
    SELECT * FROM undone_purchases u
    WHERE u.workspace_id = :workspace_id AND u.stretch = power.of_two
        AND u.undone_day >= :last AND u.undone_day < :last + (1::bigint << power.of_two)
        AND u.placed_day >= :first AND u.placed_day < :last
        AND u.number <> ALL(CAST(:apart AS bigint[]))
    OFFSET 0
) AS u ON true
""")


async def stood_later(book: Book, first: int, last: int) -> Listing:
    """The orders of the days [first, last) that stood at their end and were fully refunded then."""
    named: Mapping[str, object] = {
        "workspace_id": book.workspace_id,
        "levels": LEVELS,
        "first": first,
        "last": last,
        "apart": [one.number for one in book.by_hand if one.number is not None],
    }
    rows = await book.session.execute(_STOOD, named)
    orders: Listing = [(number, amount) for number, amount in rows]
    for place, one in enumerate(book.by_hand, book.base):
        history = one.history
        for (placed, undone), amount in zip(history.undone, history.undone_amounts, strict=True):
            if first <= placed < last <= undone:
                orders.append((place, amount))
    return orders
