"""What customers brought in, and what followed: in sums by group and currency."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.purchases.book import Book, Filters
from app.purchases.contributions import FOLLOWED
from app.purchases.one_trait import one_trait

_CELLS = """
SELECT c.place, {member} AS member, c.currency, c.other, sum(c.n), sum(c.amount)
FROM unnest(CAST(:months AS bigint[])) AS asked (month)
JOIN LATERAL (
    SELECT * FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = :measure AND c.dimension = :dimension
        AND c.place = asked.month AND {condition}
    OFFSET 0
) AS c ON true
GROUP BY 1, 2, 3, 4
"""


@dataclass
class Followed:
    """Of the customers who brought in something; in ten-thousandths of a currency."""

    customers: int = 0
    base: int = 0
    """What they brought in, each of them more than nothing."""
    revenue: int = 0
    """What they brought in later."""
    kept: int = 0
    """The lesser of both, of each customer who brought in something later."""

    def add(self, which: int, n: int, amount: int) -> None:
        """Add to one of the three; see `PurchaseCell`."""
        if which == 0:
            self.customers += n
            self.base += amount
        elif which == 1:
            self.revenue += amount
        else:
            self.kept += amount


#: By group and currency.
Groups = dict[str, dict[str, Followed]]


async def followed_by_months(
    book: Book, months: Sequence[int], by: str | None, filters: Filters
) -> dict[int, Groups] | None:
    """What followed on each of the months in the month after it.

    None where several traits are asked about at once: sums are kept by one.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    found: dict[int, Groups] = {month: {} for month in months}

    def sums_of(month: int, member: str, currency: str) -> Followed:
        return found[month].setdefault(member, {}).setdefault(currency, Followed())

    named = {"workspace_id": book.workspace_id, "measure": FOLLOWED, "months": sorted(set(months))}
    rows = await book.session.execute(asked.on_cells(_CELLS), named | asked.parameters)
    for month, member, currency, which, n, amount in rows:
        sums_of(month, member, currency).add(which, int(n), int(amount))
    for member, cell, sums in asked.corrections(book, FOLLOWED):
        if cell.place in found:
            sums_of(cell.place, member, cell.currency).add(cell.other, sums.n, sums.amount)
    return {month: _of_customers(groups) for month, groups in found.items()}


def _of_customers(groups: Groups) -> Groups:
    """Without what corrections have left of nobody."""
    return {
        member: left
        for member, sums in groups.items()
        if (left := {name: each for name, each in sums.items() if each.customers})
    }
