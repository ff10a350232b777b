"""Historic lifetime value: what customers have brought in up to the end of a period."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition_cost import Cost, measure_costs
from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.lifetime_rows import Worth, sums_from_rows
from app.kpis.lifetime_sets import TENTHS, Sums, acquired, everybody
from app.kpis.means import Moments, moments_from_sums, t_interval, welch
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen, gathered, open_periods
from app.kpis.refund_basis import with_orders
from app.kpis.statistics import Difference
from app.kpis.value_less_cost import less_cost, with_cost
from app.problems import Text
from app.purchases.book import Book
from app.purchases.undone import undone_orders
from app.responses.cells import JOINED

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
DISCOUNT = Option(
    "discount_annual",
    Text(
        "Percent a year. Predictive: the run must have been made with it.",
        "年折现率（百分比）。预测模式下须与模型运行所用的一致。",
    ),
    default="10",
    low=1,
    high=100,
)
DISCOUNTED = Option(
    "discounted",
    Text(
        "Historic: yes discounts every order and refund back to the customer's first order.",
        "历史模式：yes 表示把每笔订单和退款按年折现率折现至该客户的首笔订单。",
    ),
    values=("no", "yes"),
    default="no",
)
SERVICE_COST = Option(
    "service_cost",
    Text(
        "Historic: what serving one order costs, refunded or not, in the currency of the orders; "
        "taken off the margin.",
        "历史模式：服务一笔订单的成本（无论是否退款），以订单币种计，从毛利中扣除。",
    ),
    amount=True,
)
MOST_SPREADS = 2
"""Median and deciles are given for the first of at most so many periods, so not in a trend."""


async def measure_lifetime_value(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
) -> Figures:
    """Mean net revenue per customer, by period and group; see `Kpi.formula` of the catalogue."""
    book = await open_periods(session, scope, periods, opening=True)
    found = await value_customers(session, scope, periods, by, book)
    if not with_cost(scope):
        return found
    costs = await _costs(session, scope, periods, by, book)
    return [
        {member: less_cost(each, own.get(member), scope.level) for member, each in groups.items()}
        for groups, own in zip(found, costs, strict=True)
    ]


async def _costs(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    book: Book | None,
) -> list[dict[str, Cost]]:
    """What winning the customers cost, where it is stated: of new ones, and by channel alone."""
    asked = {*scope.filters, *(by.split(JOINED) if by else ())}
    if chosen(scope, COHORT) == "all" or not asked <= {"channel"}:
        return [{} for _ in periods]
    return await measure_costs(session, scope, periods, by, book)


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
    share = Decimal(chosen(scope, MARGIN)) / 100
    worth = _worth(scope, share)
    if worth is not None:
        share = Decimal(1)
        found, refunded = await sums_from_rows(
            session, scope, periods, by, cohort=chosen(scope, COHORT), worth=worth, spread=spread
        )
    else:
        found, refunded = await _sums(session, scope, book, periods, by, spread=spread)
    return gathered(
        found, refunded, by, Sums(), lambda sums, left: _measurement(scope, sums, left, share)
    )


def _worth(scope: Scope, share: Decimal) -> Worth | None:
    """What each order is worth, where the sums that are kept do not tell it."""
    cost = Decimal(chosen(scope, SERVICE_COST) or 0)
    discounted = chosen(scope, DISCOUNTED) == "yes"
    if not cost and not discounted and not with_orders(scope):
        return None
    return Worth(share, cost, 1 + int(chosen(scope, DISCOUNT)) / 100 if discounted else 1.0)


async def _sums(
    session: AsyncSession,
    scope: Scope,
    book: Book | None,
    periods: Sequence[Period],
    by: str | None,
    *,
    spread: bool,
) -> tuple[list[dict[str, Sums]], list[dict[str, int]]]:
    """Sums of net revenue by period and group, and the orders left out: kept, or from the rows."""
    cohort = chosen(scope, COHORT)
    found = None
    if book is not None:
        told = everybody if cohort == "all" else acquired
        found = await told(book, scope, periods, by, spread=spread)
    if book is None or found is None:
        return await sums_from_rows(
            session, scope, periods, by, cohort=cohort, worth=Worth(), spread=spread
        )
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    return found, await undone_orders(book, windows, by, scope.filters)


def _measurement(scope: Scope, sums: Sums, refunded: int, margin: Decimal) -> Measurement:
    excluded = {"fully_refunded_orders": refunded}
    denominator = {"customers": sums.n}
    if len(sums.currencies) > 1:
        return Measurement(
            None, sums.n, denominator=denominator, excluded=excluded, reason="mixed_currencies"
        )
    share = Fraction(margin)
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
