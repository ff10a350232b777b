"""Payback: how many months it takes until new customers have earned what winning them cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import accumulate

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis.acquisition_cost import Cost, measure_costs
from app.kpis.declaration import Measurement, Option, Reason, Scope
from app.kpis.periods import Period, local_date
from app.kpis.purchases import (
    CUSTOMERS,
    Figures,
    chosen,
    marks,
    open_periods,
    read,
    timelines,
)
from app.problems import Text
from app.purchases.contributions import AVERAGE_MONTH, months_since
from app.purchases.histories import PARTS, parts
from app.purchases.newcomers import Window
from app.purchases.since_first import Brought, Channels, brought_since_first

FORM = Option(
    "form",
    Text(
        "curve: the first month by whose end the margin earned reaches the cost. formula: cost "
        "over the margin of an average month.",
        "curve：累计毛利达到获客成本的首个月。formula：获客成本 / 平均每月毛利。",
    ),
    values=("curve", "formula"),
    default="curve",
)
MARGIN = Option(
    "margin",
    Text(
        "Share of net revenue that is margin, in percent. Without it there is no value: revenue "
        "is never set against cost.",
        "净收入中毛利所占的百分比。未给出时没有数值：收入不与成本直接相比。",
    ),
    low=1,
    high=100,
)
SHOWN_MONTHS = 36
"""The curve is shown for so many months."""

# The first purchase of each new customer, as the period judges it at its end; then everything
# that they brought in, by days since. What was ordered before it was paid back: it is no purchase.
_REVENUE = """
gained AS (
    SELECT customer_id, member, point
    FROM customers_known CROSS JOIN LATERAL unnest(gained) AS first_purchase
    CROSS JOIN LATERAL generate_series(lower(first_purchase), upper(first_purchase) - 1) AS point
    WHERE point = ANY(CAST(:starts AS int[]))
),
acquired AS MATERIALIZED (
    SELECT g.point, g.member, g.customer_id,
        CAST(min(o.ordered_at) AT TIME ZONE :time_zone AS date) AS first_day
    FROM gained g
    JOIN orders o ON o.workspace_id = :workspace_id AND o.customer_id = g.customer_id
        AND o.ordered_at >= (CAST(:points AS timestamptz[]))[g.point]
        AND o.ordered_at < (CAST(:points AS timestamptz[]))[g.point + 1]
        AND (
            o.refunded < o.amount OR o.amount = 0
            OR (CAST(:points AS timestamptz[]))[g.point + 1] <= (
                SELECT max(greatest(r.refunded_at, o.ordered_at)) FROM refunds r
                WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
            )
        )
    GROUP BY 1, 2, 3
),
bought AS MATERIALIZED (
    SELECT a.point, a.member, a.first_day, o.external_id, o.ordered_at, o.amount, o.refunded,
        o.currency
    FROM acquired a
    JOIN orders o ON o.workspace_id = :workspace_id AND o.customer_id = a.customer_id
)
SELECT 'moved' AS kind, point, member, currency, day - first_day AS days,
    sum(amount) AS amount, count(*) AS n
FROM (
    SELECT point, member, first_day, currency, amount,
        CAST(ordered_at AT TIME ZONE :time_zone AS date) AS day
    FROM bought
    UNION ALL
    SELECT b.point, b.member, b.first_day, b.currency, -r.amount,
        CAST(greatest(r.refunded_at, b.ordered_at) AT TIME ZONE :time_zone AS date)
    FROM bought b
    JOIN refunds r ON r.workspace_id = :workspace_id AND r.order_external_id = b.external_id
    WHERE b.refunded > 0
) AS moved
WHERE day <= CAST(:today AS date)
GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT 'won', point, member, NULL, CAST(:today AS date) - first_day, 0, count(*)
FROM acquired GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True)
class Earnings:
    """What new customers have brought in from their first purchases up to and on a day."""

    channels: Sequence[Brought]
    """Of each channel by which they came."""
    today: int

    @property
    def customers(self) -> int:
        """How many they are."""
        return sum(each.first_days.total() for each in self.channels)

    @property
    def currencies(self) -> set[str]:
        """The currencies in which anything was brought in or paid back."""
        return {currency for each in self.channels for currency in each.currencies}

    def curve(self) -> list[Fraction]:
        """Net revenue per customer by the end of each month that all of them have completed."""
        everybody = self.customers * PARTS
        if not everybody:
            return []
        last = max(day for each in self.channels for day, n in each.first_days.items() if n)
        totals = accumulate(
            sum(each.amounts[month] for each in self.channels)
            for month in range(months_since(0, max(0, self.today - last)))
        )
        return [Fraction(total, everybody) for total in totals]

    def monthly(self) -> Fraction | None:
        """Net revenue per customer and month observed; None where no time has passed."""
        days = sum(
            n * max(0, self.today - day)
            for each in self.channels
            for day, n in each.first_days.items()
        )
        total = sum(each.amounts.total() for each in self.channels)
        return Fraction(total, PARTS) / (days / AVERAGE_MONTH) if days else None


async def measure_payback(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Months until new customers have paid back; see `Kpi.formula` of the catalogue."""
    today = local_date(now(), periods[0].zone)
    book = await open_periods(session, scope, periods, opening=True)
    costs = await measure_costs(session, scope, periods, by, book)
    if book is not None:
        windows = [Window.of(each.start, each.end) for each in periods]
        brought = await brought_since_first(book, windows, today.toordinal())
    else:
        brought = await _from_rows(session, scope, periods, today)
    return [
        {
            member: _measurement(
                scope,
                cost,
                Earnings(
                    [each for name, each in channels.items() if name in cost.channels],
                    today.toordinal(),
                ),
            )
            for member, cost in groups.items()
        }
        for groups, channels in zip(costs, brought, strict=True)
    ]


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], today: date
) -> list[Channels]:
    """What the new customers of each channel brought in, from all orders."""
    found: list[Channels] = [{} for _ in periods]
    for timeline in timelines(periods):
        rows = await read(
            session,
            f"{marks(scope, 'channel')},{CUSTOMERS},{_REVENUE}",
            scope,
            timeline,
            starts=list(timeline.periods),
            today=today,
        )
        for row in rows:
            brought = found[timeline.periods[row["point"]]].setdefault(row["member"], Brought())
            if row["kind"] == "won":
                brought.first_days[today.toordinal() - row["days"]] += row["n"]
            else:
                months = months_since(0, row["days"])
                brought.earn(row["currency"], months, row["n"], parts(row["amount"]))
    return found


def first_month(curve: Sequence[Fraction], share: Fraction, cost: Fraction) -> int | None:
    """The first month (from 1) by whose end the margin reaches the cost; None if none does."""
    return next((k for k, each in enumerate(curve, 1) if each * share >= cost), None)


def _measurement(scope: Scope, cost: Cost, earned: Earnings) -> Measurement:
    margin = chosen(scope, MARGIN)
    spend = cost.spend
    share = Fraction(int(margin), 100) if margin else None
    curve = earned.curve()
    by_curve = chosen(scope, FORM) == "curve"
    value, reason = _months(cost, earned, curve if by_curve else None, share)
    monthly = earned.monthly()
    numerator = {} if cost.each is None else {"acquisition_cost": float(cost.each)}
    denominator = {"new_customers": float(cost.new)}
    if share is not None and monthly is not None:
        denominator["monthly_margin_per_customer"] = float(monthly * share)
    shown = [each * share for each in curve[:SHOWN_MONTHS]] if share is not None else []
    return Measurement(
        value=value,
        n=cost.new,
        numerator=numerator,
        denominator=denominator,
        excluded={"fully_refunded_orders": cost.refunded},
        reason=reason,
        warnings=spend.warnings,
        currency=spend.currency,
        components={
            f"month_{month}": Measurement(
                value=float(each),
                n=earned.customers,
                unit="money",
                direction="higher",
                currency=spend.currency,
            )
            for month, each in enumerate(shown, 1)
        },
        sources=spend.sources,
    )


def _months(
    cost: Cost, earned: Earnings, curve: Sequence[Fraction] | None, share: Fraction | None
) -> tuple[float | None, Reason | None]:
    """The months by the curve, or by the formula where there is none; or why there are none."""
    if cost.each is None:
        return None, cost.spend.reason or "empty_denominator"
    if share is None:
        return None, "margin_not_given"
    if earned.currencies - {cost.spend.currency}:
        return None, "mixed_currencies"
    if curve is not None:
        month = first_month(curve, share, cost.each)
        return (None, "not_reached") if month is None else (float(month), None)
    monthly = earned.monthly()
    if monthly is None or monthly <= 0:
        return None, "not_defined"
    return float(cost.each / (monthly * share)), None
