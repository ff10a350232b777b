"""Reading how many customers turned when, as it is kept.

Whole months are read as they stand together, the days around them from customers, by an index.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy import TextClause

from app.purchases.book import Book
from app.purchases.local_days import first_day_of, month_of, split_months
from app.purchases.one_trait import OneTrait
from app.purchases.turns import FOREVER, Turn

#: By group and by days.
Counted = dict[str, Counter[int]]


class Asked(NamedTuple):
    """Who is counted: those who turned on the days [start, end)."""

    counted: Literal["gap", "first_day"]
    """By the days since the first purchase, or by the day of that."""
    start: int = 0
    """0: whenever they turned; of gaps alone, and up to the end of time."""
    end: int = FOREVER
    """Up to there those are counted, too, who have not turned; of them there is no gap."""
    since: int = 0
    """The earliest day of a first purchase; of gaps alone."""


class _Months(NamedTuple):
    number: int
    measure: str
    first: int
    last: int
    """The month after the last one."""
    since: int


class _Days(NamedTuple):
    number: int
    gaps: bool
    first: date
    last: date
    """The day after the last one."""
    least: date
    most: date
    """The other day of the customer is not before the one and before the other."""


_MONTHS = """
SELECT asked.number, {member} AS member, c.days, c.customers
FROM unnest(CAST(:number AS bigint[]), CAST(:measure AS text[]), CAST(:first AS bigint[]),
    CAST(:last AS bigint[]), CAST(:since AS bigint[]))
    AS asked (number, measure, first, last, since)
JOIN LATERAL (
    SELECT * FROM purchase_turns c
    WHERE c.workspace_id = :workspace_id AND c.turn = :turn AND c.measure = asked.measure
        AND c.dimension = :dimension AND c.month >= asked.first AND c.month < asked.last
        AND c.first_month >= asked.since AND {condition}
    OFFSET 0
) AS c ON true
"""
# Which index is read is not left to the planner: `OFFSET 0` hides the other condition from it.
_DAYS = """
SELECT number, member, array_agg(day), array_agg(n) FROM (
    SELECT asked.number, {{member}} AS member, CASE WHEN asked.gaps THEN c.{turn} - c.first_day
        ELSE c.first_day - DATE '0001-01-01' + 1 END AS day, count(*) AS n
    FROM unnest(CAST(:number AS bigint[]), CAST(:gaps AS boolean[]), CAST(:first AS date[]),
        CAST(:last AS date[]), CAST(:least AS date[]), CAST(:most AS date[]))
        AS asked (number, gaps, first, last, least, most)
    JOIN LATERAL (
        SELECT * FROM customer_purchases c
        WHERE c.workspace_id = :workspace_id AND c.{by} >= asked.first AND c.{by} < asked.last
            AND {{condition}}
        OFFSET 0
    ) AS c ON c.{other} >= asked.least AND c.{other} < asked.most
    GROUP BY 1, 2, 3
) AS each
GROUP BY 1, 2
"""


async def turned(
    book: Book, turn: Turn, of: OneTrait, questions: Iterable[Asked]
) -> dict[Asked, Counted]:
    """Who turned when, by question.

    By the purchases that are never fully refunded, and with those who are counted by hand as they
    are kept (`Book.replaced`).
    """
    found: dict[Asked, Counted] = {asked: {} for asked in questions}
    numbered = list(enumerate(found))
    months = [piece for number, asked in numbered for piece in _months(number, asked)]
    named = {"turn": turn, **of.parameters}
    await _add(book, found, of.on_cells(_MONTHS), named, months)
    day = f"{turn}_day"
    for by, other, pieces_of in ((day, "first_day", _by_turn), ("first_day", day, _by_first)):
        days = [piece for number, asked in numbered for piece in pieces_of(number, asked)]
        statement = of.on_customers(_DAYS.format(turn=day, by=by, other=other))
        await _add(book, found, statement, of.of_members, days)
    return found


async def _add(
    book: Book,
    found: Mapping[Asked, Counted],
    statement: TextClause,
    named: Mapping[str, object],
    pieces: Sequence[_Months] | Sequence[_Days],
) -> None:
    if not pieces:
        return
    columns = dict(zip(pieces[0]._fields, map(list, zip(*pieces, strict=True)), strict=True))
    parameters = {"workspace_id": book.workspace_id, **named, **columns}
    counted = list(found.values())
    for number, member, days, customers in await book.session.execute(statement, parameters):
        counts = counted[number].setdefault(member, Counter())
        counts.update(dict(zip(days, customers, strict=True)))


def _months(number: int, asked: Asked) -> Iterator[_Months]:
    if not asked.start:
        yield _Months(number, "gap", 0, 1, 0)
        return
    _, months, _ = split_months(asked.start, asked.end)
    if months:
        measure = "gap_by_month" if asked.counted == "gap" else "first_day"
        yield _Months(number, measure, months.start, months.stop, _whole_since(asked))


def _whole_since(asked: Asked) -> int:
    """The first month of which all first purchases are asked for."""
    return month_of(asked.since - 1) + 1 if asked.since else 0


def _by_turn(number: int, asked: Asked) -> Iterator[_Days]:
    """The days that are no whole months."""
    if not asked.start:
        return
    before, _, after = split_months(asked.start, asked.end)
    for days in (before, after):
        if days:
            first, last, since = map(date.fromordinal, (days.start, days.stop, max(asked.since, 1)))
            yield _Days(number, asked.counted == "gap", first, last, since, date.max)


def _by_first(number: int, asked: Asked) -> Iterator[_Days]:
    """Of the whole months, those who first bought before `_whole_since`."""
    if not asked.since:
        return
    _, months, _ = split_months(asked.start, asked.end)
    began = range(asked.since, first_day_of(_whole_since(asked)))
    if months and began:
        days = (began.start, began.stop, first_day_of(months.start), first_day_of(months.stop))
        yield _Days(number, asked.counted == "gap", *map(date.fromordinal, days))
