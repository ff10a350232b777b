"""Historic lifetime value: what customers have brought in up to the end of a period."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.lifetime_sets import TENTHS, Sums, acquired, everybody
from app.kpis.means import Moments, moments_from_sums, t_interval, welch
from app.kpis.periods import Period
from app.kpis.purchases import (
    CUSTOMERS,
    Figures,
    Timeline,
    chosen,
    filtered,
    fully_refunded,
    gathered,
    join_customers,
    marks,
    member_of,
    open_periods,
    present,
    read,
    timelines,
)
from app.kpis.statistics import Difference
from app.problems import Text
from app.purchases.book import Book
from app.purchases.undone import undone_orders

COHORT = Option(
    "cohort",
    Text(
        "all: everybody acquired before the end of the period. acquired: those acquired in it.",
        "all：期末之前获得的全部客户。acquired：仅该期间内新获得的客户。",
    ),
    values=("all", "acquired"),
    default="all",
)
MARGIN = Option(
    "margin",
    Text(
        "Share of net revenue that is margin, in percent.",
        "净收入中毛利所占的百分比。",
    ),
    default="100",
    low=1,
    high=100,
)
MOST_SPREADS = 2
"""Median and deciles are given for the first of at most so many periods, so not in a trend."""

# `steps`: what each customer brought in between one point and the next, refunds on their own
# date (never before their order); `running`: the same with the total so far, which holds until
# `next_step`.
_MOVEMENTS = """
movements AS (
    SELECT o.customer_id, {member} AS member, o.currency, o.amount,
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS step
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at < CAST(:last AS timestamptz)
        {conditions}
    UNION ALL
    SELECT o.customer_id, {member}, o.currency, -r.amount,
        width_bucket(greatest(r.refunded_at, o.ordered_at), CAST(:points AS timestamptz[]))
    FROM refunds r
    JOIN orders o ON o.workspace_id = r.workspace_id AND o.external_id = r.order_external_id
    {customers}
    WHERE r.workspace_id = :workspace_id
        AND greatest(r.refunded_at, o.ordered_at) < CAST(:last AS timestamptz)
        {conditions}
)"""
_STEPS = """,
steps AS (
    SELECT customer_id, member, step, sum(amount) AS delta,
        min(currency) AS first_currency, max(currency) AS last_currency
    FROM movements GROUP BY customer_id, member, step
),
running AS (
    SELECT *, sum(delta) OVER so_far AS total, lead(step) OVER so_far AS next_step,
        min(first_currency) OVER so_far AS low_currency,
        max(last_currency) OVER so_far AS high_currency
    FROM steps WINDOW so_far AS (PARTITION BY customer_id ORDER BY step)
)"""

# The square of a total changes by total^2 - (total - delta)^2: added up over the steps so far it
# is the sum of squares of all customers, at every point, from one pass over the steps.
_ALL = """
spells AS (
    SELECT member, lower(spell) AS begins, upper(spell) AS ends
    FROM customers_known CROSS JOIN LATERAL unnest(known) AS spell
)
SELECT 'money' AS kind, member, step AS point, count(*) AS n, sum(delta) AS total,
    sum(total * total - (total - delta) * (total - delta)) AS squares,
    min(first_currency) AS low_currency, max(last_currency) AS high_currency,
    CAST(NULL AS float8[]) AS deciles
FROM running GROUP BY 2, 3
UNION ALL
SELECT 'begins', member, begins, count(*), 0, 0, NULL, NULL, NULL FROM spells GROUP BY 2, 3
UNION ALL
SELECT 'ends', member, ends, count(*), 0, 0, NULL, NULL, NULL FROM spells GROUP BY 2, 3
"""

_ACQUIRED = """
SELECT 'money' AS kind, member, step AS point, count(*) AS n, sum(total) AS total,
    sum(total * total) AS squares, min(low_currency) AS low_currency,
    max(high_currency) AS high_currency, CAST(NULL AS float8[]) AS deciles
FROM running JOIN customers_known USING (customer_id, member)
WHERE gained @> step
GROUP BY 2, 3
"""

_SPREAD = """
UNION ALL
SELECT 'spread', member, point, count(*), 0, 0, NULL, NULL,
    percentile_cont(CAST(:tenths AS float8[])) WITHIN GROUP (ORDER BY CAST(total AS float8))
FROM running JOIN customers_known USING (customer_id, member)
JOIN unnest(CAST(:starts AS int[])) AS asked (point)
    ON step <= asked.point AND asked.point < coalesce(next_step, :size) AND {counted}
GROUP BY 2, 3
"""
_COUNTED = {"all": "known @> asked.point + 1", "acquired": "gained @> asked.point"}


async def measure_lifetime_value(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
) -> Figures:
    """Mean net revenue per customer, by period and group; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods, opening=True)
    return await value_customers(session, scope, periods, by, book)


async def value_customers(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    book: Book | None,
    *,
    spread: bool = True,
) -> Figures:
    """The same where a book is open for the periods, or cannot tell.

    Without `spread`, without the median and the deciles: they take longer than the rest.
    """
    spread = spread and len(periods) <= MOST_SPREADS
    found = None
    if book is not None:
        told = everybody if chosen(scope, COHORT) == "all" else acquired
        found = await told(book, scope, periods, by, spread=spread)
    if book is not None and found is not None:
        windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
        refunded = await undone_orders(book, windows, by, scope.filters)
    else:
        found, refunded = await _from_rows(session, scope, periods, by, spread=spread)
    return gathered(found, refunded, by, Sums(), lambda sums, left: _measurement(scope, sums, left))


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None, *, spread: bool
) -> tuple[list[dict[str, Sums]], list[dict[str, int]]]:
    """Sums by period and group, and the orders left out, from all orders and refunds."""
    found: list[dict[str, Sums]] = [{} for _ in periods]
    for timeline in timelines(periods):
        statement = _statement(scope, by, spread=spread)
        starts = [number for number, place in timeline.periods.items() if place == 0]
        rows = await read(session, statement, scope, timeline, starts=starts, tenths=TENTHS)
        groups = _everybody if chosen(scope, COHORT) == "all" else _acquired
        for member in {row["member"] for row in rows}:
            own = [row for row in rows if row["member"] == member]
            for number, sums in groups(own, timeline).items():
                found[timeline.periods[number]][member] = sums
    spans = [(each.starts_at, each.ends_at) for each in periods]
    return found, await fully_refunded(session, scope, by, spans)


def movements(scope: Scope, by: str | None) -> str:
    """The part of a statement that lists what was ordered and paid back, between two points."""
    return _MOVEMENTS.format(
        member=member_of(by), customers=join_customers(scope, by), conditions=filtered(scope)
    )


def _statement(scope: Scope, by: str | None, *, spread: bool) -> str:
    cohort = chosen(scope, COHORT)
    sums = f",{_ALL}" if cohort == "all" else _ACQUIRED
    deciles = _SPREAD.format(counted=_COUNTED[cohort]) if spread else ""
    return f"{marks(scope, by)},{CUSTOMERS},{movements(scope, by)}{_STEPS}{sums}{deciles}"


def _everybody(rows: Sequence[RowMapping], timeline: Timeline) -> dict[int, Sums]:
    """Sums over all customers of a group who are known at the end, by number of the period."""
    size = len(timeline.days)
    by_kind: dict[str, dict[int, RowMapping]] = {}
    for row in rows:
        by_kind.setdefault(row["kind"], {})[row["point"]] = row
    begins, ends = (
        {point: row["n"] for point, row in by_kind.get(kind, {}).items()}
        for kind in ("begins", "ends")
    )
    known = present(begins, ends, size)
    booked = _booked(by_kind.get("money", {}), size)
    spread = by_kind.get("spread", {})
    return {
        number: booked[number]._replace(
            n=known[number + 1],
            deciles=spread[number]["deciles"] if number in spread else (),
        )
        for number in timeline.periods
        if known[number + 1]
    }


def _booked(rows: Mapping[int, RowMapping], size: int) -> list[Sums]:
    """Sums after each step, 0 to `size`."""
    booked: list[Sums] = []
    sums = Sums()
    for step in range(size + 1):
        if (row := rows.get(step)) is not None:
            sums = Sums(
                total=sums.total + Fraction(row["total"]),
                squares=sums.squares + Fraction(row["squares"]),
                currencies=sums.currencies | {row["low_currency"], row["high_currency"]},
            )
        booked.append(sums)
    return booked


def _acquired(rows: Sequence[RowMapping], timeline: Timeline) -> dict[int, Sums]:
    """Sums over the customers of a group who were gained in it, by number of the period."""
    spread = {row["point"]: row["deciles"] for row in rows if row["kind"] == "spread"}
    return {
        row["point"]: Sums(
            row["n"],
            Fraction(row["total"]),
            Fraction(row["squares"]),
            frozenset({row["low_currency"], row["high_currency"]}),
            spread.get(row["point"], ()),
        )
        for row in rows
        if row["kind"] == "money" and row["point"] in timeline.periods
    }


def _measurement(scope: Scope, sums: Sums, refunded: int) -> Measurement:
    excluded = {"fully_refunded_orders": refunded}
    denominator = {"customers": sums.n}
    if len(sums.currencies) > 1:
        return Measurement(
            None, sums.n, denominator=denominator, excluded=excluded, reason="mixed_currencies"
        )
    share = Fraction(int(chosen(scope, MARGIN)), 100)
    scores = _scaled(moments_from_sums(sums.n, sums.total, sums.squares), share)
    currency = next(iter(sums.currencies), None)
    total = float(sums.total * share)

    def part(value: float) -> Measurement:
        return Measurement(value, sums.n, unit="money", currency=currency)

    parts = {"sum": part(total)} if scores else {}
    if len(sums.deciles) == len(TENTHS):
        scaled = [float(share) * decile for decile in sums.deciles]
        parts["median"] = part(scaled[4])
        parts |= {f"decile_{number}": part(each) for number, each in enumerate(scaled, 1)}
    return Measurement(
        value=scores.value if scores else None,
        n=sums.n,
        numerator={"value": total},
        denominator=denominator,
        excluded=excluded,
        interval=t_interval(scores, scope.level),
        reason=None if scores else "empty_denominator",
        currency=currency,
        components=parts,
        evidence=(currency, scores),
    )


def _scaled(scores: Moments | None, share: Fraction) -> Moments | None:
    """The moments after multiplying every score."""
    if scores is None:
        return None
    variance = None if scores.variance is None else scores.variance * share * share
    return Moments(scores.n, scores.mean * share, variance)


def compare_means(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """Welch's test; None across currencies."""
    if not isinstance(now.evidence, tuple) or not isinstance(before.evidence, tuple):
        return None
    (currency, scores), (other, former) = now.evidence, before.evidence
    return welch(scores, former, level) if currency == other else None
