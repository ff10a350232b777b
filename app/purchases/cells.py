"""Reading sums over windows of days, by group, exactly at one instant."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.purchases.book import Book, Filters
from app.purchases.newcomers import Window
from app.purchases.one_trait import one_trait


class Group(NamedTuple):
    """What is summed up in a window."""

    measure: str
    member: str
    currency: str


class Summed(NamedTuple):
    """What it comes to."""

    n: Counter[Group]
    amount: Counter[Group]


# One range of the key for each window and measure, summed up where it is read: groups of all of
# them would be sorted first.
_CELLS = """
SELECT asked.number, kept.measure, c.*
FROM unnest(CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
CROSS JOIN unnest(CAST(:measures AS text[])) AS kept (measure)
JOIN LATERAL (
    SELECT {member} AS member, c.currency, sum(c.n), sum(c.amount)
    FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = kept.measure
        AND c.dimension = :dimension AND c.place >= asked.first AND c.place < asked.last
        AND {condition}
    GROUP BY 1, 2
) AS c ON true
"""


async def summed(
    book: Book,
    measures: Sequence[str],
    windows: Sequence[Window],
    by: str | None,
    filters: Filters,
) -> list[Summed] | None:
    """The sums of the days of each window.

    None where several traits are asked about at once: sums are kept by one.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    named = {
        "workspace_id": book.workspace_id,
        "measures": list(measures),
        "starts": [window.first for window in windows],
        "ends": [window.last for window in windows],
        **asked.parameters,
    }
    found = [Summed(Counter(), Counter()) for _ in windows]
    for number, *names, n, amount in await book.session.execute(asked.on_cells(_CELLS), named):
        found[number - 1].n[Group(*names)] += int(n)
        found[number - 1].amount[Group(*names)] += int(amount)
    for member, cell, sums in asked.corrections(book, *measures):
        group = Group(cell.measure, member, cell.currency)
        for place in _holding(windows, cell.place):
            found[place].n[group] += sums.n
            found[place].amount[group] += sums.amount
    return found


def _holding(windows: Sequence[Window], day: int) -> Iterator[int]:
    return (place for place, (first, last) in enumerate(windows) if first <= day < last)
