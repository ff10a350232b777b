"""Orders that stood at the beginning of a day and were fully refunded later."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.purchases.spans import LEVELS, set_of

#: More orders than this that stood are too many to look at one by one.
MOST_STANDING = 50_000


class Stood(NamedTuple):
    """Orders that stood when a day began, one beside the other."""

    customers: Sequence[int] = ()
    """By their numbers."""
    placed_days: Sequence[int] = ()
    opening: Sequence[bool] = ()
    """Whether no purchase that is kept was made on an earlier day."""


# An order that stood less than 2^stretch days and stood at a day ended soon after it.
_STANDING = text("""
SELECT day, array_agg(number), array_agg(placed_day), array_agg(opening) FROM (
    SELECT asked.day, u.*
    FROM unnest(CAST(:days AS bigint[])) AS asked (day)
    CROSS JOIN generate_series(1, CAST(:levels AS int)) AS power (of_two)
    JOIN LATERAL (
        SELECT number, placed_day, opening FROM undone_purchases u
        WHERE u.workspace_id = :workspace_id AND u.stretch = power.of_two
            AND u.undone_day >= asked.day AND u.undone_day < asked.day + (1::bigint << power.of_two)
            AND u.placed_day < asked.day AND (u.opening OR NOT CAST(:opening AS boolean))
        OFFSET 0
    ) AS u ON true
    LIMIT :most
) AS stood
GROUP BY day
""")


class Standing:
    """The orders that stood when any of some days began."""

    def __init__(self, orders: Mapping[int, Stood]) -> None:
        self._orders = orders

    @property
    def size(self) -> int:
        """How many there are; one that stood on several of the days is several."""
        return sum(len(each.customers) for each in self._orders.values())

    @property
    def customers(self) -> set[int]:
        """The numbers of those whose orders they are."""
        return {number for each in self._orders.values() for number in each.customers}

    def at(self, day: int) -> Stood:
        """Those that stood when a day began."""
        return self._orders.get(day, Stood())

    def bought(self, first: int, last: int, as_of: int) -> int:
        """The set of those with such an order on [first, last) that stands when `as_of` begins."""
        own = self.at(as_of)
        both = zip(own.customers, own.placed_days, strict=True)
        return set_of([number for number, placed in both if first <= placed < last])

    def opened(self, first: int, last: int) -> int:
        """Those with such an order on [first, last) that stands when `last` begins, and came first.

        Before it they have no purchase that is kept.
        """
        own = zip(*self.at(last), strict=True)
        return set_of([number for number, placed, opening in own if opening and first <= placed])

    def by_day(self, first: int, last: int, as_of: int) -> dict[int, int]:
        """As `bought`, by the day of the order."""
        found: dict[int, list[int]] = {}
        own = self.at(as_of)
        for number, placed in zip(own.customers, own.placed_days, strict=True):
            if first <= placed < last:
                found.setdefault(placed, []).append(number)
        return {day: set_of(numbers) for day, numbers in found.items()}


async def stood_at(
    session: AsyncSession, workspace_id: UUID, days: Sequence[int], *, opening: bool
) -> Standing:
    """What stood when each of the days began, up to one more than `MOST_STANDING`.

    With `opening`, only orders that no purchase that is kept precedes.
    """
    if not days:
        return Standing({})
    named = {
        "workspace_id": workspace_id,
        "days": sorted(set(days)),
        "levels": LEVELS,
        "opening": opening,
        "most": MOST_STANDING + 1,
    }
    rows = await session.execute(_STANDING, named)
    return Standing({day: Stood(*columns) for day, *columns in rows})
