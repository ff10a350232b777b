"""Orders placed, whatever became of them: also those that were fully refunded."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import text

from app.purchases.book import Book, Days, Filters
from app.purchases.cells import summed
from app.purchases.newcomers import Window
from app.purchases.spans import set_of


async def orders_placed(
    book: Book, windows: Sequence[Window], by: str | None, filters: Filters
) -> list[Counter[str]] | None:
    """By group, the orders placed in each window.

    None where several traits are asked about at once: sums are kept by one.
    """
    sums = await summed(book, ["day", "undone"], windows, by, filters)
    if sums is None:
        return None
    found: list[Counter[str]] = [Counter() for _ in windows]
    for placed, each in zip(found, sums, strict=True):
        for group, n in each.n.items():
            if not group.currency:  # with a currency it is money that moved
                placed[group.member] += n
    return found


_UNDONE = text("""
SELECT asked.number, array_agg(u.number)
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
JOIN undone_purchases u ON u.workspace_id = :workspace_id
    AND u.placed_day >= asked.first AND u.placed_day < asked.last
GROUP BY 1
""")


async def customers_placing(book: Book, windows: Sequence[Window]) -> list[int]:
    """The set of those who placed an order in each window."""
    found = await book.bought([Days(first, last, last) for first, last in windows])
    named = {
        "workspace_id": book.workspace_id,
        "starts": [window.first for window in windows],
        "ends": [window.last for window in windows],
    }
    for place, numbers in await book.session.execute(_UNDONE, named):
        found[place - 1] |= book.kept(set_of(numbers))
    return [
        bits | book.hands([_placed(one.history.undone, window) for one in book.by_hand])
        for bits, window in zip(found, windows, strict=True)
    ]


def _placed(undone: Sequence[tuple[int, int]], window: Window) -> bool:
    return any(window.first <= day < window.last for day, _ in undone)
