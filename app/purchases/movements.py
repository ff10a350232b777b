"""What was ordered and paid back in some days, in sums by group and currency."""

from collections.abc import Sequence

from app.purchases.book import Book, Filters, group_of, kinds, passes
from app.purchases.one_trait import OneTrait, one_trait

_MOVED_IN = """
SELECT asked.number, {member} AS member, c.currency, sum(c.n), sum(c.amount)
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
JOIN purchase_cells c ON c.workspace_id = :workspace_id AND c.measure = 'day'
    AND c.dimension = :dimension AND c.place >= asked.first AND c.place < asked.last
WHERE {condition}
GROUP BY 1, 2, 3
"""
_STILL_STOOD = """
SELECT asked.number, {member} AS member, count(*)
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
JOIN undone_purchases c ON c.workspace_id = :workspace_id
    AND c.placed_day >= asked.first AND c.placed_day < asked.last AND c.undone_day >= asked.last
WHERE c.number <> ALL(CAST(:changed AS bigint[])) AND {condition}
GROUP BY 1, 2
"""


Group = tuple[str, str]
"""The member of a trait, and a currency."""


class Moved:
    """For a window of days: by group, how many movements there were, and what they come to."""

    def __init__(self) -> None:
        self.groups: dict[Group, tuple[int, int]] = {}

    def add(self, group: Group, n: int, amount: int = 0) -> None:
        """Add to a group."""
        before = self.groups.get(group, (0, 0))
        self.groups[group] = (before[0] + n, before[1] + amount)


async def moved(
    book: Book, windows: Sequence[tuple[int, int]], by: str | None, filters: Filters
) -> list[Moved] | None:
    """The movements of each window of days, by group and currency.

    Without a currency: how many orders placed in the window stand at its end. None where several
    traits are asked about at once.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    found = [Moved() for _ in windows]
    await _add_kept(book, windows, found, asked)
    for member, cell, sums in asked.corrections(book, "day"):
        for each, (start, end) in zip(found, windows, strict=True):
            if start <= cell.place < end:
                each.add((member, cell.currency), sums.n, sums.amount)
    for one in book.fresh:
        if passes(one.history.traits, filters):
            group = group_of([getattr(one.history.traits, kind) for kind in kinds(by)])
            for each, (start, end) in zip(found, windows, strict=True):
                undone = one.history.undone
                each.add((group, ""), sum(start <= day < end <= gone for day, gone in undone))
    return found


async def _add_kept(
    book: Book, windows: Sequence[tuple[int, int]], found: Sequence[Moved], asked: OneTrait
) -> None:
    """Add what is kept, and the orders that stood at the end of a window and not for ever."""
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "starts": [start for start, _ in windows],
        "ends": [end for _, end in windows],
    }
    rows = await book.session.execute(asked.on_cells(_MOVED_IN), named | asked.parameters)
    for number, member, currency, n, amount in rows:
        found[number - 1].add((member, currency), int(n), int(amount))
    named |= {"changed": sorted(book.changed), **asked.of_members}
    rows = await book.session.execute(asked.on_customers(_STILL_STOOD), named)
    for number, member, n in rows:
        found[number - 1].add((member, ""), n)
