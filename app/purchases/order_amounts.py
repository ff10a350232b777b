"""How the amounts of orders lie, by month: how many are in each bucket, and their sum."""

from collections import Counter
from dataclasses import dataclass, field

from app.purchases.book import Book, Filters
from app.purchases.buckets import bucket_of
from app.purchases.contributions import ORDERED
from app.purchases.one_trait import one_trait

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

    def take(self, amount: int) -> None:
        """Add an amount."""
        self.add(bucket_of(amount), 1, amount)

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
