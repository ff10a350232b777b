"""Lifetime value from the rows: for what is not kept, and for costs and discounting by order."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Scope
from app.kpis.lifetime_sets import TENTHS, Sums
from app.kpis.periods import Period
from app.kpis.purchases import (
    CUSTOMERS,
    Timeline,
    filtered,
    fully_refunded,
    join_customers,
    marks,
    member_of,
    present,
    read,
    timelines,
)
from app.kpis.refund_basis import NET, with_orders

_YEAR_SECONDS = 365.25 * 86_400


class Worth(NamedTuple):
    """What an order or a refund is worth: share x amount - cost of an order, discounted."""

    share: Decimal = Decimal(1)
    cost: Decimal = Decimal(0)
    """Of serving one order, refunded or not."""
    growth: float = 1.0
    """1 + the annual rate by which it is discounted, back to the customer's first order."""


# `steps`: what each customer brought in between one point and the next, refunds on their own
# date (never before their order); `running`: the same with the total so far, which holds until
# `next_step`.
_MOVEMENTS = """
movements AS (
    SELECT o.customer_id, {member} AS member, o.currency, {amount} AS amount,
        o.ordered_at AS at, 1 AS orders,
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS step
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at < CAST(:last AS timestamptz)
        {conditions}
    {refunds}
)"""
_REFUNDS = """
    UNION ALL
    SELECT o.customer_id, {member}, o.currency, -r.amount, greatest(r.refunded_at, o.ordered_at), 0,
        width_bucket(greatest(r.refunded_at, o.ordered_at), CAST(:points AS timestamptz[]))
    FROM refunds r
    JOIN orders o ON o.workspace_id = r.workspace_id AND o.external_id = r.order_external_id
    {customers}
    WHERE r.workspace_id = :workspace_id
        AND greatest(r.refunded_at, o.ordered_at) < CAST(:last AS timestamptz)
        {conditions}
"""
_STEPS = """,
worth AS (
    SELECT *, (CAST(:share AS numeric) * amount - CAST(:cost AS numeric) * orders)
        * CAST(power(CAST(:growth AS float8), -CAST(extract(epoch FROM
            at - min(at) OVER (PARTITION BY customer_id)) AS float8) / CAST(:year AS float8))
            AS numeric) AS value
    FROM movements
),
steps AS (
    SELECT customer_id, member, step, sum(value) AS delta,
        min(currency) AS first_currency, max(currency) AS last_currency
    FROM worth GROUP BY customer_id, member, step
),
running AS (
    SELECT *, sum(delta) OVER so_far AS total, lead(step) OVER so_far AS next_step,
        min(first_currency) OVER so_far AS low_currency,
        max(last_currency) OVER so_far AS high_currency
    FROM steps WINDOW so_far AS (PARTITION BY customer_id ORDER BY step)
)"""

# The square of a total changes by total^2 - (total - delta)^2: added up over the steps so far it
# is the sum of squares of all customers, at every point, from one pass over the steps.
_EVERYBODY = """,
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

# The total of each customer who counts, at the end of each of some periods.
_COUNTED_CUSTOMERS = """
FROM running JOIN customers_known USING (customer_id, member)
JOIN unnest(CAST(:{periods} AS int[])) AS asked (point)
    ON step <= asked.point AND asked.point < coalesce(next_step, :size) AND {counted}
GROUP BY 2, 3
"""

# An order that was paid back adds nothing in the end, except where orders cost something or are
# discounted: then its buyer must be left out, who is no customer.
_EACH = f"""
SELECT 'money' AS kind, member, point, count(*) AS n, sum(total) AS total,
    sum(total * total) AS squares, min(low_currency) AS low_currency,
    max(high_currency) AS high_currency, CAST(NULL AS float8[]) AS deciles
{_COUNTED_CUSTOMERS}
"""

_SPREAD = f"""
UNION ALL
SELECT 'spread', member, point, count(*), 0, 0, NULL, NULL,
    percentile_cont(CAST(:tenths AS float8[])) WITHIN GROUP (ORDER BY CAST(total AS float8))
{_COUNTED_CUSTOMERS}
"""
_COUNTED = {"all": "known @> asked.point + 1", "acquired": "gained @> asked.point"}


async def sums_from_rows(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    *,
    cohort: str,
    worth: Worth,
    spread: bool,
) -> tuple[list[dict[str, Sums]], list[dict[str, int]]]:
    """Sums by period and group, and the orders left out, from all orders and refunds."""
    found: list[dict[str, Sums]] = [{} for _ in periods]
    for timeline in timelines(periods):
        added = _sums(cohort, worth)
        deciles = _SPREAD.format(counted=_COUNTED[cohort], periods="spread") if spread else ""
        statement = f"{marks(scope, by)},{CUSTOMERS},{movements(scope, by)}{_STEPS}{added}{deciles}"
        places = {
            "starts": list(timeline.periods),
            "spread": [number for number, place in timeline.periods.items() if place == 0],
        }
        of_worth = {**worth._asdict(), "year": _YEAR_SECONDS}
        rows = await read(session, statement, scope, timeline, tenths=TENTHS, **places, **of_worth)
        groups = _everybody if added is _EVERYBODY else _counted
        for member in {row["member"] for row in rows}:
            own = [row for row in rows if row["member"] == member]
            for number, sums in groups(own, timeline).items():
                found[timeline.periods[number]][member] = sums
    spans = [(each.starts_at, each.ends_at) for each in periods]
    return found, await fully_refunded(session, scope, by, spans)


def movements(scope: Scope, by: str | None) -> str:
    """The part of a statement that lists what was ordered and paid back, between two points."""
    parts = {
        "member": member_of(by),
        "customers": join_customers(scope, by),
        "conditions": filtered(scope),
    }
    if with_orders(scope):
        return _MOVEMENTS.format(amount=NET, refunds="", **parts)
    return _MOVEMENTS.format(amount="o.amount", refunds=_REFUNDS.format(**parts), **parts)


def _sums(cohort: str, worth: Worth) -> str:
    """The part of the statement that adds up, in the way that takes the fewest rows."""
    if worth != Worth():
        return _EACH.format(counted=_COUNTED[cohort], periods="starts")
    return _EVERYBODY if cohort == "all" else _ACQUIRED


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


def _counted(rows: Sequence[RowMapping], timeline: Timeline) -> dict[int, Sums]:
    """Sums over the customers of a group who count in it, by number of the period."""
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
