"""Purchases as the customer KPIs count them, and where they lie among the periods asked for.

An order stands at an instant when it was placed before it and was not fully refunded before it.
So a figure of a period that is over does not change when money is paid back later, and an order
that was fully refunded inside the period is no purchase (nor is its buyer, for that, a customer).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from string import Template
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.periods import Period, day_starts_at
from app.purchases.book import Book, Days, open_book
from app.responses.cells import JOINED

#: Where a customer keeps the value of a dimension. `channel` is that of the acquisition: an
#: order's own channel would put one customer into several groups.
CUSTOMER_DIMENSIONS: Mapping[str, str] = {
    "segment": "coalesce(c.segment, '')",
    "channel": "coalesce(c.acquisition_channel, '')",
    "key_account_type": "coalesce(c.key_account_type, '')",
}

T = TypeVar("T")

#: One mapping of group to measurement for each period asked for.
Figures = list[Mapping[str, Measurement]]


@dataclass(frozen=True)
class Timeline:
    """Periods that do not overlap, laid on one ascending row of local days.

    Days are numbered from 1. `periods` leads from the number of a period's first day to the
    period's place in the question; the period ends where the day after that number begins.
    """

    days: tuple[date, ...]
    zone: ZoneInfo
    periods: Mapping[int, int]

    @property
    def points(self) -> list[datetime]:
        """The instants at which the days begin."""
        return [day_starts_at(day, self.zone) for day in self.days]

    def points_before(self, days: int) -> list[datetime]:
        """The instants at which the days begin that lie so many local days earlier."""
        return [day_starts_at(day - timedelta(days=days), self.zone) for day in self.days]


def timelines(periods: Sequence[Period]) -> list[Timeline]:
    """The fewest timelines that hold all periods; one, unless some of them overlap."""
    chains: list[list[int]] = []
    for place in sorted(range(len(periods)), key=lambda each: periods[each].start):
        start = periods[place].start
        free = next((chain for chain in chains if periods[chain[-1]].end <= start), None)
        if free is None:
            chains.append([place])
        else:
            free.append(place)
    return [_timeline(chain, periods) for chain in chains]


def _timeline(chain: Iterable[int], periods: Sequence[Period]) -> Timeline:
    places = {periods[place].start: place for place in chain}
    days = sorted({*places, *(periods[place].end for place in places.values())})
    numbers = {day: number for number, day in enumerate(days, 1)}
    zone = periods[next(iter(places.values()))].zone
    return Timeline(tuple(days), zone, {numbers[day]: place for day, place in places.items()})


#: More instants than this are counted from the rows, in one pass over all orders.
MOST_INSTANTS = 150


async def open_periods(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], *, opening: bool = False
) -> Book | None:
    """What is kept of purchases, for sets and sums at the ends of the periods, if it can tell.

    With `opening`, for who is known and who is new alone; see `open_book`.
    """
    instants = sorted({day.toordinal() for each in periods for day in (each.start, each.end)})
    if len(instants) > MOST_INSTANTS:
        return None
    workspace_id, zone = scope.workspace_id, scope.time_zone
    return await open_book(session, workspace_id, zone, instants, by_hand=False, opening=opening)


def days_of(period: Period) -> Days:
    """The days of a period, for purchases that stand when it ends."""
    return Days(period.start.toordinal(), period.end.toordinal(), period.end.toordinal())


def known_before(day: date, as_of: date) -> Days:
    """All days before a day, for purchases that stand when another begins."""
    return Days(0, day.toordinal(), as_of.toordinal())


def gaining(period: Period) -> tuple[Days, Days]:
    """Whose first purchase lies in a period: those of the first question, not of the second."""
    return days_of(period), known_before(period.start, period.end)


async def sets_bought(book: Book, asked: Iterable[Days]) -> dict[Days, int]:
    """The set of buyers for each question, each asked once."""
    questions = list(dict.fromkeys(asked))
    return dict(zip(questions, await book.bought(questions), strict=True))


def chosen(scope: Scope, option: Option) -> str:
    """The value of a KPI's own parameter, or its default."""
    return scope.options.get(option.name, option.default)


# The orders that were fully refunded, and when: never before the order. `refunded` is the sum of
# an order's refunds, which are above zero, so the last one of these completes it.
_UNDONE = """
undone AS MATERIALIZED (
    SELECT o.customer_id, o.ordered_at, max(greatest(r.refunded_at, o.ordered_at)) AS undone_at
    FROM orders o
    JOIN refunds r ON r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
    WHERE o.workspace_id = :workspace_id AND o.refunded = o.amount
    GROUP BY o.external_id, o.customer_id, o.ordered_at
)"""

# Every order by numbers of points: `made` is how many points lie at or before it, `undone` how
# many lie at or before its full refund (null if there is none), `fades` how many windows had
# begun. It stands at point i where made < i and i <= undone.
_MARKS = Template("""
marks AS NOT MATERIALIZED (
    SELECT o.customer_id, $member AS member, $columns
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS made,
        CAST(NULL AS int) AS undone
    FROM orders o $customers
    WHERE o.workspace_id = :workspace_id AND (o.refunded < o.amount OR o.amount = 0)
        AND o.ordered_at < CAST(:last AS timestamptz) $conditions
    UNION ALL
    SELECT o.customer_id, $member, $columns
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])),
        width_bucket(o.undone_at, CAST(:points AS timestamptz[]))
    FROM undone o $customers
    WHERE o.ordered_at < CAST(:last AS timestamptz) $conditions $refunded
)""")

#: Conditions and columns for `marks`; STANDS is one for orders that were fully refunded.
STANDS = "AND o.undone_at >= CAST(:last AS timestamptz)"
SINCE_FIRST = "AND o.ordered_at >= CAST(:first AS timestamptz)"
FADES = "width_bucket(o.ordered_at, CAST(:windows AS timestamptz[])) AS fades,"
DAY = "CAST(o.ordered_at AT TIME ZONE :time_zone AS date) AS day,"

# For each customer of `marks`, as sets of numbers of points: `known`, where a purchase stands;
# `earlier`, the points before which one was made that stands at the point after; `gained`, the
# periods in which the first purchase lies, judged at the end of the period. What was refunded
# needs sets of ranges; of the rest the first order says it all, and that is nearly everybody.
CUSTOMERS = """
firsts AS (
    SELECT customer_id, member, min(made) AS made
    FROM marks WHERE undone IS NULL GROUP BY customer_id, member
),
tangles AS (
    SELECT customer_id, member,
        range_agg(int4range(made + 1, undone + 1)) AS known,
        range_agg(int4range(made + 1, undone)) AS earlier,
        range_agg(int4range(made, made + 1)) FILTER (WHERE made > 0) AS periods
    FROM marks WHERE made < undone GROUP BY customer_id, member
),
reaches AS (
    SELECT customer_id, member,
        coalesce(t.known, CAST('{}' AS int4multirange)) + CASE WHEN f.made IS NULL
            THEN '{}' ELSE int4multirange(int4range(f.made + 1, :size + 1)) END AS known,
        coalesce(t.earlier, CAST('{}' AS int4multirange)) + CASE WHEN f.made IS NULL
            THEN '{}' ELSE int4multirange(int4range(f.made + 1, :size)) END AS earlier,
        coalesce(t.periods, CAST('{}' AS int4multirange)) + CASE WHEN f.made > 0
            THEN int4multirange(int4range(f.made, f.made + 1)) ELSE '{}' END AS periods
    FROM firsts f FULL JOIN tangles t USING (customer_id, member)
),
customers_known AS (
    SELECT customer_id, member, known, earlier, periods - earlier AS gained FROM reaches
)"""

_REFUNDED = Template("""
SELECT asked.number, $member AS member, count(*) AS n
FROM undone o $customers
JOIN unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
    WITH ORDINALITY AS asked (starts_at, ends_at, number)
    ON o.ordered_at >= asked.starts_at AND o.ordered_at < asked.ends_at $by_then
WHERE true $conditions
GROUP BY 1, 2
""")


def marks(
    scope: Scope,
    by: str | None,
    *,
    columns: str = "",
    conditions: str = "",
    refunded: str = "",
) -> str:
    """The beginning of a statement: `WITH` the orders of the scope in numbers of points."""
    listed = _MARKS.substitute(
        member=member_of(by),
        customers=join_customers(scope, by),
        columns=columns,
        conditions=f"{conditions} {filtered(scope)}",
        refunded=refunded,
    )
    return f"WITH {_UNDONE},{listed}"


def member_of(by: str | None, columns_of: Mapping[str, str] = CUSTOMER_DIMENSIONS) -> str:
    """The expression for the group of a customer `c`; of several dimensions joined, an array."""
    if by is None:
        return "''"
    columns = [columns_of[name] for name in by.split(JOINED)]
    return columns[0] if len(columns) == 1 else f"jsonb_build_array({', '.join(columns)})::text"


def join_customers(scope: Scope, by: str | None) -> str:
    """The join of `o` with its customer, where a group or a filter needs it."""
    if by is None and not scope.filters:
        return ""
    return "JOIN customers c ON c.workspace_id = :workspace_id AND c.id = o.customer_id"


def filtered(scope: Scope) -> str:
    """The conditions of the filters on a customer `c`."""
    return " ".join(
        f"AND {CUSTOMER_DIMENSIONS[name]} = ANY(CAST(:values{number} AS text[]))"
        for number, name in enumerate(scope.filters)
    )


def present(begins: Mapping[int, int], ends: Mapping[int, int], size: int) -> list[int]:
    """How many ranges hold each point, 0 to `size`, from how many begin and end at each.

    A range holds the point at which it begins and not the one at which it ends.
    """
    return list(accumulate(begins.get(point, 0) - ends.get(point, 0) for point in range(size + 1)))


def gathered(
    found: Sequence[Mapping[str, T]],
    refunded: Sequence[Mapping[str, int]],
    by: str | None,
    empty: T,
    figure: Callable[[T, int], Measurement],
) -> Figures:
    """A figure for each period and each group that has any order; '' is always there ungrouped."""
    return [
        {
            member: figure(groups.get(member, empty), left_out.get(member, 0))
            for member in {*groups, *left_out, *(() if by else ("",))}
        }
        for groups, left_out in zip(found, refunded, strict=True)
    ]


async def read(
    session: AsyncSession,
    statement: str,
    scope: Scope,
    timeline: Timeline | None = None,
    **more: object,
) -> Sequence[RowMapping]:
    """Run a statement with those of the parameters that it names."""
    parameters: dict[str, object] = {"workspace_id": scope.workspace_id}
    for number, values in enumerate(scope.filters.values()):
        parameters[f"values{number}"] = list(values)
    if timeline is not None:
        points = timeline.points
        parameters |= {
            "points": points,
            "size": len(points),
            "first": points[0],
            "last": points[-1],
            "time_zone": scope.time_zone,
        }
    parameters |= more
    return (await run(session, statement, parameters)).mappings().all()


async def fully_refunded(
    session: AsyncSession,
    scope: Scope,
    by: str | None,
    windows: Sequence[tuple[datetime, datetime]],
    *,
    ever: bool = False,
) -> list[dict[str, int]]:
    """Orders placed in each window that were fully refunded by its end, or with `ever` by now."""
    counted = _REFUNDED.substitute(
        member=member_of(by),
        customers=join_customers(scope, by),
        conditions=filtered(scope),
        by_then="" if ever else "AND o.undone_at < asked.ends_at",
    )
    rows = await read(
        session,
        f"WITH {_UNDONE}{counted}",
        scope,
        starts=[start for start, _ in windows],
        ends=[end for _, end in windows],
    )
    found: list[dict[str, int]] = [{} for _ in windows]
    for row in rows:
        found[row["number"] - 1][row["member"]] = row["n"]
    return found
