"""Lives from what is kept: counts of gaps, of silences and of those who bought on one day alone.

Counts are of purchases that stand now. Customers whose second purchase, or whose silence, lies
beyond the watch are found by an index on its day, and told as of the end.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import text

from app.kpis.survival import Lives
from app.kpis.survival_lives import Groups, Wanted, add_by_hand, group_named, kept, lives_of
from app.kpis.survival_standing import add_standing
from app.purchases.book import Book, group_of, kinds, passes, trait
from app.purchases.histories import History
from app.purchases.one_trait import OneTrait, one_trait

_CELLS = """
SELECT measure, member, array_agg(place), array_agg(n) FROM (
    SELECT c.measure, {member} AS member, c.place, CAST(sum(c.n) AS bigint) AS n
    FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = ANY(CAST(:measures AS text[]))
        AND c.dimension = :dimension AND {condition}
    GROUP BY 1, 2, 3
) AS each
GROUP BY 1, 2
"""
# `turn` is the day that decides. A curve needs sums along either axis only: when they began, and
# how long it took (or, where that is not due, when they began).
_CUSTOMERS = """
SELECT {members} AS members, {first} AS first, due, place, count(*) AS n FROM (
    SELECT {columns} first, due, CASE WHEN due THEN gap ELSE first END AS place FROM (
        SELECT {columns} coalesce(p.{turn} < :due, false) AS due, p.{turn} - p.first_day AS gap,
            p.first_day - DATE '0001-01-01' + 1 AS first
        FROM customer_purchases p
        WHERE p.workspace_id = :workspace_id AND {found} {condition}
    ) AS p
) AS p
GROUP BY GROUPING SETS ({sets})
"""
_FROM_TURN = "p.{turn} >= :day"
_FROM_TURN_KNOWN = "p.{turn} >= :day AND p.first_day < :latest"
_FROM_FIRST = "p.first_day >= :earliest AND p.first_day < :latest"
_STILL_WATCHED = " AND (p.{turn} IS NULL OR p.{turn} >= :day)"


async def from_counts(book: Book, wanted: Wanted, by: str | None) -> Groups:
    """All lives until the second purchase, or until a silence of the usual window."""
    found: Groups = {}
    late = bool(wanted.watched_from)
    asked = one_trait(by, wanted.scope.filters)
    if wanted.acquired or asked is None:
        condition = _FROM_FIRST + (_STILL_WATCHED if late else "")
        await _add_customers(book, wanted, by, found, condition)
    else:
        await _add_sums(book, wanted, by, asked, found)
        if late:
            await _add_customers(book, wanted, by, found, _FROM_TURN_KNOWN)
        else:
            await _turn_back(book, wanted, by, found)
    add_by_hand(found, book, wanted, by)
    if wanted.event == "second_purchase":
        await add_standing(found, book, wanted, by)
    return found


def _measures(wanted: Wanted) -> Sequence[str]:
    """Which sums tell of it. Of late comers no gap does: it may have ended before they came."""
    if wanted.event == "churn":
        return () if wanted.watched_from else ("silence",)
    return ("once",) if wanted.watched_from else ("gap", "once")


async def _add_sums(
    book: Book, wanted: Wanted, by: str | None, asked: OneTrait, found: Groups
) -> None:
    """Count what the sums say of all but those who are counted by hand."""
    measures = _measures(wanted)
    for measure, member, places, counts in await _sums(book, asked, measures):
        counted = zip(places, counts, strict=True)
        _count(lives_of(found, member), wanted, measure, counted)
    for one in book.by_hand:
        if passes(one.history.traits, wanted.scope.filters):
            lives = lives_of(found, group_named(one.history, by))
            for measure in measures:
                if (place := _place(measure, one.history)) is not None:
                    _count(lives, wanted, measure, [(place, -1)])


def _count(lives: Lives, wanted: Wanted, measure: str, counted: Iterable[tuple[int, int]]) -> None:
    """Add the counts of a measure's cells, by place."""
    for place, n in counted:
        if measure != "once":
            lives.entered[-1] += n
            lives.events[place + wanted.lag] += n
        elif place < wanted.end:
            lives.entered[wanted.entry(place)] += n
            lives.censored[wanted.end - 1 - place] += n


def _place(measure: str, history: History) -> int | None:
    """The cell of a customer, if there is one."""
    days = history.days
    if measure == "silence":
        return history.silent_day - days[0] if history.silent_day is not None else None
    if measure == "gap":
        return days[1] - days[0] if len(days) > 1 else None
    return days[0] if len(days) == 1 else None


async def _sums(
    book: Book, asked: OneTrait, measures: Sequence[str]
) -> list[tuple[str, str, Sequence[int], Sequence[int]]]:
    """The sums by measure and group: places, and the counts there."""
    if not measures:
        return []
    named = {
        "workspace_id": book.workspace_id,
        "measures": list(measures),
        **asked.parameters,
    }
    rows = await book.session.execute(asked.on_cells(_CELLS), named)
    return [(measure, member, places, counts) for measure, member, places, counts in rows] + [
        (cell.measure, member, (cell.place,), (sums.n,))
        for member, cell, sums in asked.corrections(book, *measures)
    ]


async def _add_customers(
    book: Book, wanted: Wanted, by: str | None, found: Groups, condition: str
) -> None:
    """Count customers one by one, as of the end."""
    end, lag, late = wanted.end, wanted.lag, bool(wanted.watched_from)
    rows = await _customers(book, wanted, by, condition, due=end - lag, by_first=late)
    for members, first, due, place, n in rows:
        lives = lives_of(found, group_of(members))
        if first is not None:
            lives.entered[wanted.entry(first)] += n
            continue
        if not late:
            lives.entered[-1] += n
        if due:
            lives.events[place + lag] += n
        else:
            lives.censored[end - 1 - place] += n


async def _turn_back(book: Book, wanted: Wanted, by: str | None, found: Groups) -> None:
    """What was not due at the end had not happened then: those customers were only watched."""
    rows = await _customers(book, wanted, by, _FROM_TURN, due=date.max.toordinal(), by_first=True)
    for members, first, _, gap, n in rows:
        lives = lives_of(found, group_of(members))
        if first is None:
            lives.entered[-1] -= n
            lives.events[gap + wanted.lag] -= n
        elif first < wanted.end:
            lives.entered[-1] += n
            lives.censored[wanted.end - 1 - first] += n


async def _customers(
    book: Book, wanted: Wanted, by: str | None, condition: str, *, due: int, by_first: bool
) -> Sequence[tuple[Sequence[str], int | None, bool, int, int]]:
    """How many there are of each kind: by group, and when it is due or when they began."""
    named, filtered = kept(book, wanted)
    turn = "silent_day" if wanted.event == "churn" else "second_day"
    columns = [f"p.{trait(kind)}" for kind in kinds(by)]
    statement = text(
        _CUSTOMERS.format(
            members=f"ARRAY[{', '.join(columns)}]::text[]",
            columns="".join(f"{column}, " for column in columns),
            first="first" if by_first else "CAST(NULL AS int)",
            found=condition.format(turn=turn),
            turn=turn,
            condition=filtered,
            sets=", ".join(
                f"({', '.join([*columns, *keys])})"
                for keys in (("due", "place"), *([("first",)] if by_first else ()))
            ),
        )
    )
    day = max((wanted.watched_from or wanted.end) - wanted.lag, 1)
    asked = {
        "due": date.fromordinal(max(due, 1)),
        "day": date.fromordinal(day),
        "earliest": date.fromordinal(max(wanted.since, 1)),
        "latest": wanted.period.end,
    }
    used = {name: value for name, value in asked.items() if name in statement.compile().params}
    rows = (await book.session.execute(statement, named | used)).all()
    return [(members, first, due, place, n) for members, first, due, place, n in rows]
