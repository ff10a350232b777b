"""Market share: what we sold, or the customers we had, of a total that somebody else states."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition_spend import PRORATED
from app.kpis.declaration import Measurement, Reason, Scope, Source
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen
from app.kpis.sales import BASIS, Sales, count_sales
from app.market.coverage import Coverage, cover
from app.market.models import MarketTotal
from app.market.service import totals_within
from app.market.statements import dated

NO_QUANTITY = "orders_without_quantity"
"""Some orders do not say how many units they are of: our share is at least this."""


@dataclass(frozen=True)
class Market:
    """What is stated of the whole market in a period."""

    total: Fraction
    currency: str | None
    error: Fraction | None
    """How far the total may be off, either way."""
    largest: Fraction | None
    """The largest competitor's own total; None if not every statement names some."""
    prorated: bool
    sources: tuple[Source, ...]


async def measure_market_share(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The share of the market in each period; see `Kpi.formula` of the catalogue."""
    basis = chosen(scope, BASIS)
    start, end = min(each.start for each in periods), max(each.end for each in periods)
    stated = [
        each
        for each in await totals_within(session, scope.workspace_id, start, end)
        if each.basis == basis
    ]
    sold = await count_sales(session, scope, periods, by)
    return [
        {
            member: _measurement(market_of(stated, period, basis), sales, basis)
            for member, sales in groups.items()
        }
        for period, groups in zip(periods, sold, strict=True)
    ]


def market_of(stated: Sequence[MarketTotal], period: Period, basis: str) -> Market | Reason:
    """What is stated of the market in a period, or why nothing can be said of it.

    Sales of a part of a statement's days are taken by the share of days; the customers of a part
    are not a part of the customers, so their period must be the one asked for.
    """
    coverage = cover(dated(stated), period.start, period.end)
    if not coverage.portions or coverage.missing_days:
        return "no_market_total"
    if basis == "customers" and (coverage.prorated or len(coverage.portions) > 1):
        return "no_market_total"
    parts = coverage.portions
    currencies = {part.of.currency for part in parts}
    if len(currencies) > 1:
        return "mixed_currencies"
    margins = [part.of.error_margin for part in parts]
    errors = [
        Fraction(part.of.amount) * part.share * Fraction(margin)
        for part, margin in zip(parts, margins, strict=True)
        if margin is not None
    ]
    return Market(
        total=sum((Fraction(part.of.amount) * part.share for part in parts), Fraction(0)),
        currency=currencies.pop(),
        error=sum(errors, Fraction(0)) if len(errors) == len(parts) else None,
        largest=_largest(coverage),
        prorated=coverage.prorated,
        sources=tuple(_source(part.of) for part in parts),
    )


def _largest(coverage: Coverage[MarketTotal]) -> Fraction | None:
    """The largest competitor of those whom every statement names."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    named: dict[str, int] = defaultdict(int)
    for part in coverage.portions:
        for name, amount in part.of.competitors.items():
            sums[name] += Fraction(amount) * part.share
            named[name] += 1
    everywhere = [sums[name] for name, n in named.items() if n == len(coverage.portions)]
    return max(everywhere, default=None)


def _source(total: MarketTotal) -> Source:
    margin = None if total.error_margin is None else float(total.error_margin)
    return Source(total.source, total.period_start, total.period_end, total.stated_on, margin)


def _measurement(market: Market | Reason, sales: Sales, basis: str) -> Measurement:
    own = {"own": float(sales.amount)}
    currencies = sales.currencies | ({market.currency} if isinstance(market, Market) else set())
    mixed = basis == "value" and len(currencies - {None}) > 1
    if not isinstance(market, Market) or mixed:
        # Amounts of several currencies are not added up, not even on the way to no value.
        several = len(sales.currencies) > 1
        return Measurement(
            None,
            sales.buyers,
            numerator={} if several else own,
            reason=market if isinstance(market, str) else "mixed_currencies",
            currency=None if several else next(iter(sales.currencies), None),
        )
    lacking = sales.lacking if basis == "units" else 0
    return Measurement(
        value=float(sales.amount / market.total),
        n=sales.buyers,
        numerator=own,
        denominator={"market_total": float(market.total)},
        excluded={NO_QUANTITY: lacking},
        warnings=(
            *((PRORATED,) if market.prorated else ()),
            *((NO_QUANTITY,) if lacking else ()),
        ),
        currency=market.currency,
        components=_components(market, sales),
        sources=market.sources,
    )


def _components(market: Market, sales: Sales) -> Mapping[str, Measurement]:
    """Relative share, and what the share would be at both ends of the stated error."""
    parts = {}
    if market.largest:
        parts["relative_share"] = Measurement(
            value=float(sales.amount / market.largest),
            n=sales.buyers,
            numerator={"own": float(sales.amount)},
            denominator={"largest_competitor": float(market.largest)},
            unit="ratio",
        )
    if market.error is not None:
        for name, total in (
            ("lowest", market.total + market.error),
            ("highest", market.total - market.error),
        ):
            value = float(sales.amount / total)
            parts[name] = Measurement(value, sales.buyers, unit="ratio")
    return parts
