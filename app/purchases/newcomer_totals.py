"""What each newcomer of a window of days brought in before it ended, by group."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text

from app.purchases.book import Book, Filters, group_of, kinds, passes, trait
from app.purchases.newcomers import Newcomers, Window, histories_of
from app.purchases.spans import members_of


@dataclass
class Totals:
    """Of the customers of a group."""

    amounts: list[int] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)


# What nobody moved since the end is read from the index; for the others, the place of the last
# move before the end is found by halving, not by reading all moves.
_TOTALS = """
WITH newcomers AS MATERIALIZED (
    SELECT p.number, ARRAY[{columns}]::text[] AS members, p.net, p.currency,
        p.last_move_day < CAST(:end AS date) AND p.currency IS NOT NULL AS settled
    FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.first_day >= CAST(:start AS date)
        AND p.first_day < CAST(:end AS date)
        AND p.number <> ALL(CAST(:others AS bigint[])) {conditions}
),
totals AS (
    SELECT members, CAST(net * 10000 AS bigint) AS total, ARRAY[currency] AS currencies
    FROM newcomers WHERE settled
    UNION ALL
    SELECT n.members,
        coalesce(p.move_totals[width_bucket(CAST(:last AS bigint) - 1, p.move_days)], 0),
        CASE WHEN p.currency IS NULL THEN (
            SELECT array_agg(DISTINCT m.currency)
            FROM unnest(p.move_days, p.move_currencies) AS m (day, currency) WHERE m.day < :last
        ) ELSE ARRAY[p.currency] END
    FROM newcomers n
    JOIN LATERAL (
        SELECT * FROM customer_purchases p
        WHERE p.workspace_id = :workspace_id AND p.number = n.number OFFSET 0
    ) AS p ON true
    WHERE NOT n.settled
)
SELECT members, array_agg(total), min(currencies[1]), max(currencies[cardinality(currencies)])
FROM totals GROUP BY members
"""


async def newcomer_totals(
    book: Book, window: Window, new: Newcomers, by: str | None, filters: Filters
) -> dict[str, Totals]:
    """By group, what those who are new when the window ends brought in; for some thousands."""
    differing = await histories_of(book, new.differing)
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "start": date.fromordinal(window.first),
        "end": date.fromordinal(window.last),
        "last": window.last,
        "others": [*differing, *_numbers(book)],
    }
    conditions = ""
    for place, (kind, members) in enumerate(filters.items()):
        conditions += f" AND p.{trait(kind)} = ANY(CAST(:members{place} AS text[]))"
        named[f"members{place}"] = list(members)
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    statement = text(_TOTALS.format(columns=columns, conditions=conditions))
    found: dict[str, Totals] = {}
    for members, amounts, low, high in await book.session.execute(statement, named):
        found[group_of(members)] = Totals(amounts, {low, high})
    hands = {book.base + place: one.history for place, one in enumerate(book.by_hand)}
    judged = set(members_of(new.judged & (new.differing | -1 << book.base)))
    for place, history in (differing | hands).items():
        if place in judged and passes(history.traits, filters):
            group = group_of([getattr(history.traits, kind) for kind in kinds(by)])
            own = found.setdefault(group, Totals())
            own.amounts.append(history.net(window.last))
            own.currencies |= {move.currency for move in history.moves if move.day < window.last}
    return found


def _numbers(book: Book) -> Sequence[int]:
    """The numbers of those who are counted by hand."""
    return [one.number for one in book.by_hand if one.number is not None]
