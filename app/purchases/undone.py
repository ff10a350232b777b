"""Orders that were fully refunded: by the end of a window of days, or only later."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text

from app.db import once
from app.purchases.book import Book, Filters, group_of, kinds, passes, trait
from app.purchases.cells import summed
from app.purchases.newcomers import Window
from app.purchases.spans import LEVELS

#: What orders may state, by the column of `UndonePurchase` and by the measure of `PurchaseCell`:
#: of how many units they are, and whether the brand was asked for.
What = Literal["units", "asked"]
_COLUMNS: Mapping[What, str] = {"units": "quantity", "asked": "asked"}


@dataclass
class Statements:
    """What some orders state."""

    orders: int = 0
    stating: int = 0
    """Orders that state it."""
    total: int = 0
    """What these state, added up."""

    def add(self, orders: int, stating: int, total: int) -> None:
        """Add orders."""
        self.orders += orders
        self.stating += stating
        self.total += total


# As in `standing`: an order that stood less than 2^stretch days ended soon after the window.
_LATER = """
SELECT asked.number, {members} AS members, count(*), count(u.{column}), sum(u.{column})
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
CROSS JOIN generate_series(1, CAST(:levels AS int)) AS power (of_two)
JOIN LATERAL (
    SELECT * FROM undone_purchases u
    WHERE u.workspace_id = :workspace_id AND u.stretch = power.of_two
        AND u.undone_day >= asked.last AND u.undone_day < asked.last + (1::bigint << power.of_two)
        AND u.placed_day >= asked.first AND u.placed_day < asked.last
        AND u.number <> ALL(CAST(:changed AS bigint[])) {conditions}
    OFFSET 0
) AS u ON true
GROUP BY 1, 2
"""


async def undone_later(
    book: Book,
    windows: Sequence[Window],
    by: str | None,
    filters: Filters,
    what: What = "units",
) -> list[dict[str, Statements]]:
    """By group, the orders placed in each window that stood at its end and not for ever."""
    found: list[dict[str, Statements]] = [{} for _ in windows]
    statement, named = _asked(_LATER, book, windows, by, filters, column=_COLUMNS[what])
    rows = await book.session.execute(text(statement), named | {"levels": LEVELS})
    for number, members, orders, stating, total in rows:
        found[number - 1][group_of(members)] = Statements(orders, stating, int(total or 0))
    for one in book.fresh:
        history, traits = one.history, one.history.traits
        if passes(traits, filters):
            group = group_of([getattr(traits, kind) for kind in kinds(by)])
            stated = history.undone_units if what == "units" else history.undone_asked
            for (placed, gone), each in zip(history.undone, stated, strict=True):
                for groups, (first, last) in zip(found, windows, strict=True):
                    if first <= placed < last <= gone:
                        own = groups.setdefault(group, Statements())
                        own.add(1, int(each is not None), each or 0)
    return found


def _asked(
    statement: str,
    book: Book,
    windows: Sequence[Window],
    by: str | None,
    filters: Filters,
    *,
    column: str = "",
) -> tuple[str, dict[str, object]]:
    """A statement about orders `u` with its groups and conditions, and its parameters."""
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
    statement = statement.format(
        members=f"ARRAY[{columns}]::text[]", conditions=conditions, column=column
    )
    return statement, named


async def undone_orders(
    book: Book, windows: Sequence[tuple[int, int]], by: str | None, filters: Filters
) -> list[dict[str, int]]:
    """Orders placed in each window of days that were fully refunded before its end."""
    asked = (undone_orders, book.workspace_id, tuple(windows), by, tuple(filters.items()))
    return await once(book.session, asked, lambda: _undone(book, windows, by, filters))


async def _undone(
    book: Book, windows: Sequence[tuple[int, int]], by: str | None, filters: Filters
) -> list[dict[str, int]]:
    asked = [Window(*each) for each in windows]
    sums = await summed(book, ["undone"], asked, by, filters)
    if sums is None:
        return await _one_by_one(book, asked, by, filters)
    found: list[Counter[str]] = [Counter() for _ in windows]
    for counted, each in zip(found, sums, strict=True):
        for group, n in each.n.items():
            counted[group.member] += n
    for counted, later in zip(found, await undone_later(book, asked, by, filters), strict=True):
        for member, own in later.items():
            counted[member] -= own.orders
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
    statement, named = _asked(_ONE_BY_ONE, book, windows, by, filters)
    found: list[Counter[str]] = [Counter() for _ in windows]
    for number, members, n in await book.session.execute(text(statement), named):
        found[number - 1][group_of(members)] += n
    for one in book.fresh:
        if passes(one.history.traits, filters):
            group = group_of([getattr(one.history.traits, kind) for kind in kinds(by)])
            for counted, window in zip(found, windows, strict=True):
                counted[group] += one.history.undone_in(*window)
    return [dict(+counted) for counted in found]
