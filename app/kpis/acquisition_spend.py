"""What acquisition cost in a period, from statements that may be of other periods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Reason, Scope, Source
from app.kpis.periods import Period
from app.kpis.purchases import Figures
from app.kpis.statistics import Difference
from app.market.coverage import cover
from app.market.models import AcquisitionSpend
from app.market.service import spend_within
from app.market.statements import dated

SPEND_DIMENSIONS = ("channel", "kind")
PRORATED = "prorated"
"""A statement of other days than those asked for counts by its share of local days."""
UNSTATED = "days_without_statement"
"""For some days nothing is stated: what they cost is unknown, not nothing."""


@dataclass(frozen=True)
class Spend:
    """What was spent in a period, as far as it is stated."""

    amount: Fraction = Fraction(0)
    currencies: frozenset[str] = frozenset()
    stated: bool = False
    missing_days: int = 0
    prorated: bool = False
    sources: tuple[Source, ...] = ()

    @property
    def currency(self) -> str | None:
        """The one currency; None if there is none, or several."""
        return next(iter(self.currencies)) if len(self.currencies) == 1 else None

    @property
    def reason(self) -> Reason | None:
        """Why the amount is no figure."""
        if not self.stated:
            return "no_spend"
        return "mixed_currencies" if len(self.currencies) > 1 else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the reader must know of it."""
        unstated = (UNSTATED,) if self.stated and self.missing_days else ()
        return (*((PRORATED,) if self.prorated else ()), *unstated)


async def load_spend(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], lag: int = 0
) -> list[AcquisitionSpend]:
    """All statements that touch the periods, each moved `lag` days back, and pass the filters."""
    start = min(each.start for each in periods) - timedelta(days=lag)
    end = max(each.end for each in periods) - timedelta(days=lag)
    stated = await spend_within(session, scope.workspace_id, start, end)
    return [
        each
        for each in stated
        if all(
            getattr(each, name) in scope.filters.get(name, (getattr(each, name),))
            for name in SPEND_DIMENSIONS
        )
    ]


def spent(stated: Sequence[AcquisitionSpend], start: date, end: date) -> Spend:
    """What was spent in [start, end): each statement by the share of its days."""
    coverage = cover(dated(stated), start, end)
    parts = coverage.portions
    # Most statements count whole, and decimals add up faster than fractions.
    amount = Fraction(sum(part.of.amount for part in parts if part.whole))
    for part in parts:
        if not part.whole:
            amount += Fraction(part.of.amount) * part.share
    return Spend(
        amount=amount,
        currencies=frozenset(part.of.currency for part in parts),
        stated=bool(parts),
        missing_days=coverage.missing_days,
        prorated=coverage.prorated,
        sources=_sources([part.of for part in parts]),
    )


def _sources(stated: Sequence[AcquisitionSpend]) -> tuple[Source, ...]:
    """Each source once, with all the days that it speaks of."""
    spans: dict[str, tuple[date, date]] = {}
    for each in stated:
        start, end = spans.get(each.source, (each.period_start, each.period_end))
        spans[each.source] = (min(start, each.period_start), max(end, each.period_end))
    return tuple(Source(name, start, end) for name, (start, end) in sorted(spans.items()))


async def measure_acquisition_spend(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """What each period cost; see `Kpi.formula` of the catalogue."""
    stated = await load_spend(session, scope, periods)
    return [_figures(stated, period, by) for period in periods]


def _figures(
    stated: Sequence[AcquisitionSpend], period: Period, by: str | None
) -> Mapping[str, Measurement]:
    groups: dict[str, list[AcquisitionSpend]] = {} if by else {"": []}
    for each in stated:
        groups.setdefault(getattr(each, by) if by else "", []).append(each)
    found = {name: spent(own, period.start, period.end) for name, own in groups.items()}
    return {
        name: _measurement(spend, period)
        for name, spend in found.items()
        if spend.stated or by is None
    }


def _measurement(spend: Spend, period: Period) -> Measurement:
    amount = None if spend.reason else float(spend.amount)
    return Measurement(
        value=amount,
        n=period.days - spend.missing_days,
        numerator={} if amount is None else {"spend": amount},
        denominator={"days": period.days},
        excluded={UNSTATED: spend.missing_days},
        reason=spend.reason,
        warnings=spend.warnings,
        currency=spend.currency,
        sources=spend.sources,
    )


def compare_nothing(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """A figure that is stated, not estimated, is what it is."""
    del now, before, level
    return None


def exact(amount: Fraction) -> int:
    """An amount in ten-thousandths, the smallest part that is stored, rounded to whole ones."""
    return round(amount * 10_000)
