"""Orders that stood at the beginning of a day and were fully refunded later."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.purchases.histories import Traits
from app.purchases.spans import LEVELS, set_of

#: More orders than this that stood are too many to look at one by one.
MOST_STANDING = 50_000


class Stood(NamedTuple):
    """A customer's order as `UndonePurchase` keeps it."""

    number: int
    position: int
    placed_day: int
    undone_day: int
    opening: bool
    quantity: int | None
    traits: Traits


# An order that stood less than 2^stretch days and stood at a day ended soon after it.
_STANDING = text("""
SELECT DISTINCT u.number, u.position, u.placed_day, u.undone_day, u.opening, u.quantity,
    u.segment, u.channel, u.key_account_type
FROM unnest(CAST(:days AS bigint[])) AS asked (day)
CROSS JOIN generate_series(1, CAST(:levels AS int)) AS power (of_two)
JOIN LATERAL (
    SELECT * FROM undone_purchases u
    WHERE u.workspace_id = :workspace_id AND u.stretch = power.of_two
        AND u.undone_day >= asked.day AND u.undone_day < asked.day + (1::bigint << power.of_two)
        AND u.placed_day < asked.day
    OFFSET 0
) AS u ON true
LIMIT :most
""")


class Standing:
    """The orders that stood when any of some days began."""

    def __init__(self, orders: Sequence[Stood] = ()) -> None:
        self.orders = orders
        self.at = cache(self._stood_at)

    def _stood_at(self, day: int) -> list[Stood]:
        """Those that stood when a day began."""
        return [each for each in self.orders if each.placed_day < day <= each.undone_day]

    def bought(self, first: int, last: int, as_of: int) -> int:
        """The set of those with such an order on [first, last) that stands when `as_of` begins."""
        own = self.at(as_of)
        return set_of([each.number for each in own if first <= each.placed_day < last])

    def opened(self, first: int, last: int) -> int:
        """Those with such an order on [first, last) that stands when `last` begins, and came first.

        Before it they have no purchase that is kept.
        """
        own = self.at(last)
        return set_of([each.number for each in own if each.opening and first <= each.placed_day])

    def by_day(self, first: int, last: int, as_of: int) -> dict[int, int]:
        """The same by the day of the order."""
        found: dict[int, list[int]] = {}
        for each in self.at(as_of):
            if first <= each.placed_day < last:
                found.setdefault(each.placed_day, []).append(each.number)
        return {day: set_of(numbers) for day, numbers in found.items()}


async def stood_at(session: AsyncSession, workspace_id: UUID, days: Sequence[int]) -> list[Stood]:
    """What stood when any of the days began, up to one more than `MOST_STANDING`."""
    if not days:
        return []
    named = {"workspace_id": workspace_id, "days": sorted(set(days)), "levels": LEVELS}
    rows = await session.execute(_STANDING, named | {"most": MOST_STANDING + 1})
    return [Stood._make((*row[:6], Traits(*row[6:]))) for row in rows]
