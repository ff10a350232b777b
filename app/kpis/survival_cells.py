"""Lives from sums that are kept: gaps, silences, and those who bought on one day alone.

Sums are of purchases that stand now. The customers whose second purchase, or whose silence, was
not yet due at the end are found by an index, and told as of the end.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, text

from app.kpis.survival_lives import Life, Lives, Wanted, add, group_named, kept, life
from app.purchases.book import Book, group_of, kinds, passes, trait
from app.purchases.histories import SILENCE_DAYS, History

_CELLS = """
SELECT c.measure, {member} AS member, c.place, sum(c.n) AS n FROM purchase_cells c
WHERE c.workspace_id = :workspace_id AND c.measure = ANY(CAST(:measures AS text[]))
    AND c.dimension = :dimension {condition}
GROUP BY 1, 2, 3
"""
# Of late comers what happened by the end needs the first day and the gap; of the others what was
# not due then is one thing by the first day, and another by the gap in whose cell they are.
_LATER = """
SELECT members, first, gap, count(*) AS n FROM (
    SELECT ARRAY[{columns}]::text[] AS members, p.first_day - DATE '0001-01-01' + 1 AS first,
        CASE WHEN p.{turn} < :due THEN p.{turn} - p.first_day END AS gap
    FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.{turn} >= :day
        AND p.number <> ALL(CAST(:by_hand AS bigint[])) {condition}
) AS each
GROUP BY {groups}
"""


async def from_cells(book: Book, wanted: Wanted, by: str | None) -> Lives | None:
    """All times, from counts of gaps or of silences; None where these do not tell them."""
    traits = {*wanted.scope.filters, *kinds(by)}
    other_window = wanted.event == "churn" and wanted.window != SILENCE_DAYS
    if wanted.acquired or other_window or len(traits) > 1:
        return None
    measures, late = _measures(wanted), bool(wanted.watched_from)
    found: Lives = {}
    for measure, member, place, n in await _sums(book, wanted, by, measures):
        add(found, member, _of_cell(wanted, measure, place), n)
    for row in await _not_yet(book, wanted, by):
        name, first, gap = group_of(row["members"]), row["first"], row["gap"]
        if first is None:
            add(found, name, _of_cell(wanted, measures[0], gap), -row["n"])
        else:
            due = None if gap is None or not late else first + gap + _lag(wanted)
            add(found, name, _as_of_end(wanted, first, due), row["n"])
    for one in book.by_hand:
        if passes(one.history.traits, wanted.scope.filters):
            name = group_named(one.history, by)
            for measure in measures:
                if (own := _place(measure, one.history)) is not None:
                    add(found, name, _of_cell(wanted, measure, own), -1)
            add(found, name, life(wanted, one.history), 1)
    return found


def _measures(wanted: Wanted) -> Sequence[str]:
    """Which sums tell of it. Of late comers no gap does: it may have ended before they came."""
    if wanted.event == "churn":
        return () if wanted.watched_from else ("silence",)
    return ("once",) if wanted.watched_from else ("gap", "once")


def _lag(wanted: Wanted) -> int:
    """Days from the one that decides until it is known."""
    return SILENCE_DAYS if wanted.event == "churn" else 0


def _of_cell(wanted: Wanted, measure: str, place: int) -> Life:
    """What a cell says: so many days to what happens, or one day alone."""
    return _as_of_end(wanted, place) if measure == "once" else (-1, place + _lag(wanted), True)


def _place(measure: str, history: History) -> int | None:
    """The cell of a customer, if there is one."""
    days = history.days
    if measure == "silence":
        return history.silent_day - days[0] if history.silent_day is not None else None
    if measure == "gap":
        return days[1] - days[0] if len(days) > 1 else None
    return days[0] if len(days) == 1 else None


def _as_of_end(wanted: Wanted, first: int, due: int | None = None) -> Life:
    """One whose event is due on a day, as it stands at the end."""
    if first >= wanted.end:
        return None
    entry = max(wanted.watched_from - 1 - first, -1)
    if due is not None and due < wanted.end:
        return entry, due - first, True
    return entry, wanted.end - 1 - first, False


async def _sums(
    book: Book, wanted: Wanted, by: str | None, measures: Sequence[str]
) -> list[tuple[str, str, int, int]]:
    filters = wanted.scope.filters
    dimension = next(iter({*filters, *kinds(by)}), "")
    members = filters.get(dimension)
    condition = "" if members is None else "AND c.member = ANY(CAST(:members AS text[]))"
    statement = _CELLS.format(member="c.member" if by else "''", condition=condition)
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "measures": list(measures),
        "dimension": dimension,
    }
    if members is not None:
        named["members"] = list(members)
    rows = (await book.session.execute(text(statement), named)).all() if measures else []
    told = [(measure, member, place, int(n)) for measure, member, place, n in rows]
    return told + [
        (cell.measure, cell.member if by else "", cell.place, sums.n)
        for cell, sums in book.corrections.items()
        if cell.measure in measures
        and cell.dimension == dimension
        and (members is None or cell.member in members)
    ]


async def _not_yet(book: Book, wanted: Wanted, by: str | None) -> Sequence[RowMapping]:
    """Customers for whom it was not due when the watch ended (or began, for late comers)."""
    named, condition = kept(book, wanted)
    late = bool(wanted.watched_from)
    day = max((wanted.watched_from or wanted.end) - _lag(wanted), 1)
    # What is due after the end never happened: of late comers only the first day counts then.
    due = max(wanted.end - _lag(wanted), 1) if late else date.max.toordinal()
    statement = _LATER.format(
        columns=", ".join(f"p.{trait(kind)}" for kind in kinds(by)),
        turn="silent_day" if wanted.event == "churn" else "second_day",
        condition=condition,
        groups="members, first, gap"
        if late
        else "GROUPING SETS ((members, first), (members, gap))",
    )
    asked = named | {"day": date.fromordinal(day), "due": date.fromordinal(due)}
    return (await book.session.execute(text(statement), asked)).mappings().all()
