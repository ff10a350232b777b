"""Orders that were fully refunded: by the end of a window of days, or only later."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import text

from app.purchases.book import Book, Filters, group_of, kinds, passes, trait
from app.purchases.cells import summed
from app.purchases.newcomers import Window


class Undone(NamedTuple):
    """An order that stood at the end of a window and was fully refunded later."""

    group: str
    quantity: int | None


def undone_later(
    book: Book, windows: Sequence[Window], by: str | None, filters: Filters
) -> Iterator[tuple[int, Undone]]:
    """The orders placed in each window, by its place, that stood at its end and not for ever.

    The book was opened for the ends of the windows.
    """
    stood = [
        (each.traits, each.placed_day, each.undone_day, each.quantity)
        for each in book.stood
        if each.number not in book.changed
    ]
    for one in book.fresh:
        history = one.history
        for days, quantity in zip(history.undone, history.undone_units, strict=True):
            stood.append((history.traits, *days, quantity))
    for traits, placed, gone, quantity in stood:
        if passes(traits, filters):
            group = group_of([getattr(traits, kind) for kind in kinds(by)])
            for place, (first, last) in enumerate(windows):
                if first <= placed < last <= gone:
                    yield place, Undone(group, quantity)


async def undone_orders(
    book: Book, windows: Sequence[tuple[int, int]], by: str | None, filters: Filters
) -> list[dict[str, int]]:
    """Orders placed in each window of days that were fully refunded before its end.

    The book was opened for the ends of the windows.
    """
    asked = [Window(*each) for each in windows]
    sums = await summed(book, ["undone"], asked, by, filters)
    if sums is None:
        return await _one_by_one(book, asked, by, filters)
    found: list[Counter[str]] = [Counter() for _ in windows]
    for counted, each in zip(found, sums, strict=True):
        for group, n in each.n.items():
            counted[group.member] += n
    for place, order in undone_later(book, asked, by, filters):
        found[place][order.group] -= 1
    return [dict(+counted) for counted in found]


_ONE_BY_ONE = """
SELECT asked.number, {members} AS members, count(*)
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
JOIN undone_purchases u ON u.workspace_id = :workspace_id
    AND u.placed_day >= asked.first AND u.placed_day < asked.last AND u.undone_day < asked.last
WHERE u.number <> ALL(CAST(:changed AS bigint[])) {conditions}
GROUP BY 1, 2
"""


async def _one_by_one(
    book: Book, windows: Sequence[Window], by: str | None, filters: Filters
) -> list[dict[str, int]]:
    """The same for several traits at once, from the orders themselves."""
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "starts": [window.first for window in windows],
        "ends": [window.last for window in windows],
        "changed": sorted(book.changed),
    }
    conditions = ""
    for number, (kind, members) in enumerate(filters.items()):
        conditions += f" AND u.{trait(kind)} = ANY(CAST(:members{number} AS text[]))"
        named[f"members{number}"] = list(members)
    columns = ", ".join(f"u.{trait(kind)}" for kind in kinds(by))
    statement = _ONE_BY_ONE.format(members=f"ARRAY[{columns}]::text[]", conditions=conditions)
    found: list[Counter[str]] = [Counter() for _ in windows]
    for number, members, n in await book.session.execute(text(statement), named):
        found[number - 1][group_of(members)] += n
    for one in book.fresh:
        if passes(one.history.traits, filters):
            group = group_of([getattr(one.history.traits, kind) for kind in kinds(by)])
            for counted, window in zip(found, windows, strict=True):
                counted[group] += one.history.undone_in(*window)
    return [dict(+counted) for counted in found]
