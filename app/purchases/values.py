"""What customers brought in before a day: sums over all of them, by group, in ten-thousandths."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from app.purchases.book import Book, Filters
from app.purchases.local_days import split_months
from app.purchases.one_trait import one_trait


class Booked(NamedTuple):
    """What a group of customers brought in before a day, in sums over all of them."""

    total: int = 0
    squares: int = 0
    """Of the customers' totals."""
    currencies: frozenset[str] = frozenset()


_CELLS = """
SELECT asked.step, {member} AS member, c.currency, sum(c.n), sum(c.amount), sum(c.squares)
FROM unnest(CAST(:steps AS bigint[]), CAST(:measures AS text[]), CAST(:firsts AS bigint[]),
    CAST(:lasts AS bigint[])) AS asked (step, measure, first, last)
JOIN LATERAL (
    SELECT * FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = asked.measure
        AND c.dimension = :dimension AND c.place >= asked.first AND c.place < asked.last
        AND c.currency <> '' AND {condition}
    OFFSET 0
) AS c ON true
GROUP BY 1, 2, 3
"""
#: The second of all days: nothing is bought before it.
_EARLIEST = 2


async def booked(
    book: Book, lasts: Sequence[int], by: str | None, filters: Filters
) -> dict[int, dict[str, Booked]] | None:
    """Sums over the customers of each group before each of the days.

    None where several traits are asked about at once: sums are kept by one.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    days = sorted(set(lasts))
    pieces = [
        (step, *piece)
        for step, between in enumerate(pairwise([_EARLIEST, *days]))
        for piece in _pieces(*between)
    ]
    names = ("steps", "measures", "firsts", "lasts")
    named: dict[str, object] = {
        name: [each[at] for each in pieces] for at, name in enumerate(names)
    }
    named |= {"workspace_id": book.workspace_id, **asked.parameters}
    steps: dict[tuple[str, str], list[tuple[int, int, int, int]]] = {}
    for step, member, currency, *sums in await book.session.execute(asked.on_cells(_CELLS), named):
        n, amount, squares = (int(each) for each in sums)
        steps.setdefault((member, currency), []).append((step, n, amount, squares))
    for member, cell, each in asked.corrections(book, "day"):
        if cell.currency and cell.place < days[-1]:
            step = bisect_right(days, cell.place)
            own = steps.setdefault((member, cell.currency), [])
            own.append((step, each.n, each.amount, each.squares))
    return {day: _summed(steps, place) for place, day in enumerate(days)}


def _pieces(first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Measures and ranges of places that are together the days [first, last)."""
    before, months, after = split_months(first, last)
    for measure, places in (("day", before), ("month", months), ("day", after)):
        yield measure, places.start, places.stop


def _summed(
    steps: Mapping[tuple[str, str], Sequence[tuple[int, int, int, int]]], place: int
) -> dict[str, Booked]:
    """The sums of all steps up to one, by group."""
    found: dict[str, Booked] = {}
    for (member, currency), each in steps.items():
        own = [sums for step, *sums in each if step <= place]
        n, amount, squares = (sum(column) for column in zip(*own, strict=True)) if own else (0,) * 3
        if n:
            so_far = found.get(member, Booked())
            found[member] = Booked(
                so_far.total + amount, so_far.squares + squares, so_far.currencies | {currency}
            )
    return found
