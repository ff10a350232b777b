"""How long customers were watched until their second purchase, or until they fell silent.

Time is counted in local days from the first purchase. From what is kept of purchases where that
can tell it, else from all orders.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.purchases import DAY, STANDS, Timeline, marks, read
from app.kpis.survival import Watched
from app.kpis.survival_cells import from_counts
from app.kpis.survival_lives import Groups, Wanted, add, add_by_hand, kept
from app.purchases.book import Book, group_of, kinds, open_book, trait
from app.purchases.histories import SILENCE_DAYS

# `docs` are customers with their group and the days of their purchases that stand, ascending.
_KEPT = """
docs AS (
    SELECT ARRAY[{columns}]::text[] AS members, p.days FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id
        AND p.first_day >= CAST(:earliest AS date) AND p.first_day < CAST(:latest AS date)
        {conditions}
)"""
_COUNTED = """,
docs AS (
    SELECT ARRAY[member]::text[] AS members, array_agg(DISTINCT day - DATE '0001-01-01' + 1
        ORDER BY day - DATE '0001-01-01' + 1) AS days
    FROM marks
    GROUP BY customer_id, member
)"""
_SECOND = """,
lives AS (
    SELECT members, days[1] AS first,
        CASE WHEN days[2] < :end THEN days[2] - days[1] ELSE :end - 1 - days[1] END AS time,
        coalesce(days[2] < :end, false) AS event
    FROM docs
)"""
_CHURN = """,
lives AS (
    SELECT members, days[1] AS first,
        CASE WHEN silent.day + :window < :end THEN silent.day - days[1] + :window
            ELSE :end - 1 - days[1] END AS time,
        silent.day + :window < :end AS event
    FROM docs CROSS JOIN LATERAL (
        SELECT min(each.day) AS day FROM unnest(days) WITH ORDINALITY AS each (day, place)
        WHERE each.day < :end
            AND (coalesce(days[each.place + 1], :end) >= :end
                OR days[each.place + 1] - each.day > :window)
    ) AS silent
)"""
_TOLD = """
SELECT members, greatest(:watched_from - 1 - first, -1) AS entry, time, event, count(*) AS n
FROM lives
WHERE first >= :since AND first < :end AND time > greatest(:watched_from - 1 - first, -1)
GROUP BY 1, 2, 3, 4
"""


async def watch(session: AsyncSession, wanted: Wanted, by: str | None) -> Groups:
    """Who was watched how long, by group; groups of nobody are absent."""
    (found,) = await watch_each(session, wanted.scope, [wanted], by)
    return found


async def watch_each(
    session: AsyncSession, scope: Scope, wanted: Sequence[Wanted], by: str | None
) -> list[Groups]:
    """The same of several watches of one scope and one event."""
    # Another silence than the usual one is found in the days of each customer.
    from_days = any(each.event == "churn" and each.window != SILENCE_DAYS for each in wanted)
    ends = [each.end for each in wanted] if from_days else []
    book = await open_book(session, scope.workspace_id, scope.time_zone, ends)
    if book is None:
        found = [await _from_rows(session, each, by) for each in wanted]
    elif from_days:
        found = [await _from_histories(book, each, by) for each in wanted]
    else:
        found = await from_counts(book, wanted, by)
    return [{group: lives for group, lives in groups.items() if lives.subjects} for groups in found]


async def _from_histories(book: Book, wanted: Wanted, by: str | None) -> Groups:
    """When customers fell silent by another window, from the days that are kept of each."""
    named, conditions = kept(book, wanted)
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    docs = _KEPT.format(columns=columns, conditions=conditions)
    statement = text(f"WITH {docs}{_CHURN}{_TOLD}")
    asked = {
        name: value for name, value in _named(wanted).items() if name in statement.compile().params
    }
    rows = await book.session.execute(statement, named | asked)
    found = _told(rows.mappings().all())
    add_by_hand(found, book, wanted, by)
    return found


async def _from_rows(session: AsyncSession, wanted: Wanted, by: str | None) -> Groups:
    timeline = Timeline((wanted.period.end,), wanted.period.zone, {})
    orders = marks(wanted.scope, by, columns=DAY, refunded=STANDS)
    lives = _SECOND if wanted.event == "second_purchase" else _CHURN
    statement = f"{orders}{_COUNTED}{lives}{_TOLD}"
    return _told(await read(session, statement, wanted.scope, timeline, **_named(wanted)))


def _named(wanted: Wanted) -> dict[str, int | date]:
    return {
        "end": wanted.end,
        "since": wanted.since,
        "window": wanted.window,
        "watched_from": wanted.watched_from,
        "earliest": date.fromordinal(max(wanted.since, 1)),
        "latest": wanted.period.end,
    }


def _told(rows: Sequence[RowMapping]) -> Groups:
    found: Groups = {}
    for row in rows:
        life = Watched(row["entry"], row["time"], row["event"], row["n"])
        add(found, group_of(row["members"]), life)
    return found
