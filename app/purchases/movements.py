"""What was ordered and paid back in some days, in sums by group and currency."""

from collections.abc import Sequence

from sqlalchemy import text

from app.purchases.book import Book, Filters, group_of, kinds, passes, trait

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
    traits = {*filters, *kinds(by)}
    if len(traits) > 1:
        return None
    dimension = next(iter(traits), "")
    found = [Moved() for _ in windows]
    await _add_kept(book, windows, found, (dimension, by, filters.get(dimension)))
    for cell, sums in book.corrections.items():
        if cell.measure == "day" and cell.dimension == dimension:
            if cell.member not in filters.get(dimension, (cell.member,)):
                continue
            for each, (start, end) in zip(found, windows, strict=True):
                if start <= cell.place < end:
                    each.add((cell.member if by else "", cell.currency), sums.n, sums.amount)
    for one in book.fresh:
        if passes(one.history.traits, filters):
            group = group_of([getattr(one.history.traits, kind) for kind in kinds(by)])
            for each, (start, end) in zip(found, windows, strict=True):
                undone = one.history.undone
                each.add((group, ""), sum(start <= day < end <= gone for day, gone in undone))
    return found


async def _add_kept(
    book: Book,
    windows: Sequence[tuple[int, int]],
    found: Sequence[Moved],
    asked: tuple[str, str | None, Sequence[str] | None],
) -> None:
    """Add what is kept, and the orders that stood at the end of a window and not for ever."""
    dimension, by, members = asked
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "starts": [start for start, _ in windows],
        "ends": [end for _, end in windows],
    }
    if members is not None:
        named["members"] = list(members)
    among = "true" if members is None else "c.{} = ANY(CAST(:members AS text[]))"
    kept = _MOVED_IN.format(member="c.member" if by else "''", condition=among.format("member"))
    rows = await book.session.execute(text(kept), named | {"dimension": dimension})
    for number, member, currency, n, amount in rows:
        found[number - 1].add((member, currency), int(n), int(amount))
    column = trait(dimension) if dimension else ""
    stood = _STILL_STOOD.format(
        member=f"c.{column}" if by else "''", condition=among.format(column)
    )
    rows = await book.session.execute(text(stood), named | {"changed": sorted(book.changed)})
    for number, member, n in rows:
        found[number - 1].add((member, ""), n)
