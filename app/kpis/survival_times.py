"""How long customers were watched until their second purchase, or until they fell silent.

Time is counted in local days from the first purchase. From what is kept of purchases where that
can tell it, else from all orders.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import DAY, STANDS, Timeline, marks, read
from app.kpis.survival import Watched
from app.purchases.book import Book, group_of, kinds, open_book, passes, trait
from app.purchases.histories import History

Event = Literal["second_purchase", "churn"]
#: Those who are watched, by group, each kind once with its number.
Groups = Mapping[str, list[Watched]]


@dataclass(frozen=True)
class Wanted:
    """Whose time to what.

    All customers who bought before the period ends and were under observation in it; those who
    began before it enter late. With `acquired`, only those whose first purchase lies in it.
    """

    scope: Scope
    period: Period
    event: Event = "second_purchase"
    window: int = 90
    """Customers fall silent when this many days pass without a purchase."""
    acquired: bool = False
    watched_from: int = 0
    """The day from which on customers were under observation; 0: always."""

    @property
    def end(self) -> int:
        """The day after the last one that was watched."""
        return self.period.end.toordinal()

    @property
    def since(self) -> int:
        """The earliest day of a first purchase."""
        return self.period.start.toordinal() if self.acquired else 0


# `docs` are customers with their group and the days of their purchases that stand, ascending.
_KEPT = """
docs AS (
    SELECT ARRAY[{columns}]::text[] AS members, p.days FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id
        AND p.first_day >= CAST(:earliest AS date) AND p.first_day < CAST(:latest AS date)
        AND p.number <> ALL(CAST(:by_hand AS bigint[])) {conditions}
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
    scope = wanted.scope
    book = await open_book(session, scope.workspace_id, scope.time_zone, [wanted.end])
    if book is None:
        return await _from_rows(session, wanted, by)
    found = await _from_cells(book, wanted, by)
    if found is None:
        found = await _from_histories(book, wanted, by)
    return _listed(found)


_Lives = dict[str, Counter[tuple[int, int, bool]]]
_Life = tuple[int, int, bool] | None


def _listed(found: _Lives) -> Groups:
    listed = {
        group: [Watched(*life, n) for life, n in sorted(lives.items()) if n and life[1] > life[0]]
        for group, lives in found.items()
    }
    return {group: lives for group, lives in listed.items() if lives}


def _add(found: _Lives, group: str, life: _Life, n: int) -> None:
    if life is not None:
        found.setdefault(group, Counter())[life] += n


def _group(history: History, by: str | None) -> str:
    return group_of([getattr(history.traits, kind) for kind in kinds(by)])


def _life(wanted: Wanted, history: History) -> _Life:
    """What a statement says of a customer, said of a history."""
    days = sorted(history.bought(0, wanted.end, wanted.end))
    if not days or days[0] < wanted.since:
        return None
    entry = max(wanted.watched_from - 1 - days[0], -1)
    found: int | None = days[1] if len(days) > 1 else None
    if wanted.event == "churn":
        after = [*days[1:], None]
        silent = next(
            day
            for day, following in zip(days, after, strict=True)
            if following is None or following - day > wanted.window
        )
        found = silent + wanted.window
    happened = found is not None and found < wanted.end
    time = (found if happened and found is not None else wanted.end - 1) - days[0]
    return (entry, time, happened) if time > entry else None


async def _from_histories(book: Book, wanted: Wanted, by: str | None) -> _Lives:
    """All that is asked for, from the days that are kept of each customer."""
    named, conditions = _kept(book, wanted)
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    docs = _KEPT.format(columns=columns, conditions=conditions)
    lives = _SECOND if wanted.event == "second_purchase" else _CHURN
    statement = text(f"WITH {docs}{lives}{_TOLD}")
    asked = {
        name: value for name, value in _named(wanted).items() if name in statement.compile().params
    }
    rows = await book.session.execute(statement, named | asked)
    found = _told(rows.mappings().all())
    for one in book.by_hand:
        if passes(one.history.traits, wanted.scope.filters):
            _add(found, _group(one.history, by), _life(wanted, one.history), 1)
    return found


async def _from_rows(session: AsyncSession, wanted: Wanted, by: str | None) -> Groups:
    timeline = Timeline((wanted.period.end,), wanted.period.zone, {})
    orders = marks(wanted.scope, by, columns=DAY, refunded=STANDS)
    lives = _SECOND if wanted.event == "second_purchase" else _CHURN
    statement = f"{orders}{_COUNTED}{lives}{_TOLD}"
    return _listed(_told(await read(session, statement, wanted.scope, timeline, **_named(wanted))))


def _named(wanted: Wanted) -> dict[str, int | date]:
    return {
        "end": wanted.end,
        "since": wanted.since,
        "window": wanted.window,
        "watched_from": wanted.watched_from,
        "earliest": date.fromordinal(max(wanted.since, 1)),
        "latest": wanted.period.end,
    }


def _told(rows: Sequence[RowMapping]) -> _Lives:
    found: _Lives = {}
    for row in rows:
        _add(found, group_of(row["members"]), (row["entry"], row["time"], row["event"]), row["n"])
    return found


_CELLS = """
SELECT c.measure, {member} AS member, c.place, sum(c.n) AS n FROM purchase_cells c
WHERE c.workspace_id = :workspace_id AND c.measure IN ('gap', 'once')
    AND c.dimension = :dimension {condition}
GROUP BY 1, 2, 3
"""
_LATER = """
SELECT ARRAY[{columns}]::text[] AS members, p.days[1] AS first, p.days[2] AS second,
    count(*) AS n
FROM customer_purchases p
WHERE p.workspace_id = :workspace_id AND (p.first_day >= :day OR p.second_day >= :day)
    AND p.number <> ALL(CAST(:by_hand AS bigint[])) {condition}
GROUP BY 1, 2, 3
"""


async def _from_cells(book: Book, wanted: Wanted, by: str | None) -> _Lives | None:
    """All times to the second purchase, from counts of gaps; None where these do not tell them.

    The counts are of purchases that stand now: those of customers who went on after the end, or
    who are counted by hand, are taken back and told as of the end.
    """
    scope = wanted.scope
    traits = {*scope.filters, *kinds(by)}
    whole = not wanted.acquired and not wanted.watched_from
    if wanted.event != "second_purchase" or not whole or len(traits) > 1:
        return None
    dimension = next(iter(traits), "")
    members = scope.filters.get(dimension)
    found: _Lives = {}
    for measure, member, place, n in await _gaps(book, dimension, members, by):
        _add(found, member, _stood(wanted, measure, place), n)
    for row in await _went_on(book, wanted, by):
        group = group_of(row["members"])
        _add(found, group, _standing(wanted, row["first"], row["second"]), -row["n"])
        if row["first"] < wanted.end:
            _add(found, group, (-1, wanted.end - 1 - row["first"], False), row["n"])
    for one in book.by_hand:
        if passes(one.history.traits, scope.filters):
            group, days = _group(one.history, by), one.history.days
            if days:
                _add(found, group, _standing(wanted, *days[:2]), -1)
            _add(found, group, _life(wanted, one.history), 1)
    return found


def _stood(wanted: Wanted, measure: str, place: int) -> _Life:
    """What a cell says: so many days to the second purchase, or none since a first day."""
    return (-1, place, True) if measure == "gap" else (-1, wanted.end - 1 - place, False)


def _standing(wanted: Wanted, first: int, second: int | None = None) -> _Life:
    """What the cells say of a customer."""
    gap = None if second is None else second - first
    return _stood(wanted, "once", first) if gap is None else _stood(wanted, "gap", gap)


async def _gaps(
    book: Book, dimension: str, members: Sequence[str] | None, by: str | None
) -> list[tuple[str, str, int, int]]:
    condition = "" if members is None else "AND c.member = ANY(CAST(:members AS text[]))"
    statement = _CELLS.format(member="c.member" if by else "''", condition=condition)
    named: dict[str, object] = {"workspace_id": book.workspace_id, "dimension": dimension}
    if members is not None:
        named["members"] = list(members)
    rows = (await book.session.execute(text(statement), named)).all()
    told = [(measure, member, place, int(n)) for measure, member, place, n in rows]
    return told + [
        (cell.measure, cell.member if by else "", cell.place, sums.n)
        for cell, sums in book.corrections.items()
        if cell.measure in {"gap", "once"}
        and cell.dimension == dimension
        and (members is None or cell.member in members)
    ]


async def _went_on(book: Book, wanted: Wanted, by: str | None) -> Sequence[RowMapping]:
    """Customers whose first or second purchase lies after the end, by their days."""
    named, condition = _kept(book, wanted)
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    statement = _LATER.format(columns=columns, condition=condition)
    return (
        (await book.session.execute(text(statement), named | {"day": wanted.period.end}))
        .mappings()
        .all()
    )


def _kept(book: Book, wanted: Wanted) -> tuple[dict[str, object], str]:
    """Parameters and conditions for what is kept of those who are not counted by hand."""
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "by_hand": sorted(one.number for one in book.by_hand if one.number is not None),
    }
    condition = ""
    for number, (kind, members) in enumerate(wanted.scope.filters.items()):
        condition += f" AND p.{trait(kind)} = ANY(CAST(:members{number} AS text[]))"
        named[f"members{number}"] = list(members)
    return named, condition
