"""Asking KPIs: one figure, a trend, a comparison of groups, the counts behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis import envelopes
from app.kpis.asking import Ask, Asked, understand
from app.kpis.declaration import Kpi, Measurement
from app.kpis.schemas import (
    GroupVerdict,
    KpiComparison,
    KpiDistribution,
    KpiEnvelope,
    KpiGroup,
    KpiPair,
    KpiPoint,
    KpiTrend,
)
from app.kpis.statistics import DEFAULT_MIN_N, Difference, holm

#: Every pair of so many groups is tested; of more, only the largest.
MAX_TESTED_GROUPS = 20
#: Most groups of a comparison; of more, only the largest.
MAX_GROUPS = 500
PAIRS_LIMITED = "pairs_limited"
GROUPS_LIMITED = "groups_limited"


@dataclass(frozen=True)
class Wanted:
    """A KPI asked by a workspace, to be answered in a language and within a time."""

    kpi: Kpi
    workspace_id: UUID
    asked: Asked
    language: str
    timeout_ms: int


async def _understand(session: AsyncSession, wanted: Wanted) -> Ask:
    return await understand(
        session,
        wanted.kpi,
        wanted.workspace_id,
        wanted.asked,
        now=now(),
        timeout_ms=wanted.timeout_ms,
    )


async def fetch_kpi(session: AsyncSession, wanted: Wanted) -> KpiEnvelope:
    """The KPI for one period, with the earlier one that it is compared with."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    earlier = ask.earlier()
    periods = [ask.period] if earlier is None else [ask.period, earlier]
    found = await kpi.measure(session, ask.scope, periods, None)
    figures = [envelopes.member_of(each) for each in found]
    previous = None
    if earlier is not None:
        previous = envelopes.previous(kpi, ask, figures[0], figures[1], earlier)
    return KpiEnvelope(
        **envelopes.header(kpi, ask, wanted.language),
        **envelopes.figure(kpi, figures[0]),
        period=envelopes.period(ask.period, ask.now),
        previous=previous,
        target=None,
    )


async def fetch_trend(session: AsyncSession, wanted: Wanted) -> KpiTrend:
    """The KPI for each unit of the calendar in the period, also where nothing happened."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    buckets = ask.buckets()
    found = await kpi.measure(session, ask.scope, [each.period for each in buckets], None)
    points = [
        KpiPoint(
            **envelopes.figure(kpi, envelopes.member_of(each)),
            period=envelopes.period(bucket, ask.now),
        )
        for bucket, each in zip(buckets, found, strict=True)
    ]
    return KpiTrend(
        **envelopes.header(kpi, ask, wanted.language),
        period=envelopes.period(ask.period, ask.now),
        grain=wanted.asked.grain,
        points=points,
    )


async def fetch_comparison(session: AsyncSession, wanted: Wanted) -> KpiComparison:
    """The KPI for each member of a dimension, with a test of every pair of the largest."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    dimension = ask.dimension(kpi)
    (found,) = await kpi.measure(session, ask.scope, [ask.period], dimension)
    ranked = sorted(found.items(), key=lambda item: (-item[1].n, item[0]))
    warnings = []
    if len(ranked) > MAX_GROUPS:
        warnings.append(GROUPS_LIMITED)
    if len(ranked) > MAX_TESTED_GROUPS:
        warnings.append(PAIRS_LIMITED)
    return KpiComparison(
        **envelopes.header(kpi, ask, wanted.language),
        period=envelopes.period(ask.period, ask.now),
        group_by=dimension,
        groups=[
            KpiGroup(**envelopes.figure(kpi, measured), member=member)
            for member, measured in ranked[:MAX_GROUPS]
        ],
        pairwise=_pairs(kpi, ranked[:MAX_TESTED_GROUPS], ask.scope.level),
        warnings=warnings,
    )


def _pairs(kpi: Kpi, groups: Sequence[tuple[str, Measurement]], level: float) -> list[KpiPair]:
    """Every pair that can be tested; p-values adjusted for the number of tests (Holm)."""
    tested: list[tuple[str, str, int, Difference]] = []
    for (first, one), (second, other) in combinations(groups, 2):
        difference = kpi.compare(one, other, level)
        if difference is not None:
            tested.append((first, second, min(one.n, other.n), difference))
    adjusted = holm([difference.p for *_, difference in tested])
    return [
        KpiPair(
            first=first,
            second=second,
            difference=difference.difference,
            interval=envelopes.interval_of(difference),
            p=difference.p,
            p_adjusted=p,
            test=difference.test,
            verdict=_verdict(difference, p, smallest),
        )
        for (first, second, smallest, difference), p in zip(tested, adjusted, strict=True)
    ]


def _verdict(difference: Difference, p: float, smallest: int) -> GroupVerdict:
    """A difference is claimed when the adjusted p and the pair's own interval both allow it."""
    if smallest < DEFAULT_MIN_N:
        return "too_few"
    if p >= 1 - difference.level or difference.low <= 0 <= difference.high:
        return "no_evidence_of_difference"
    return "higher" if difference.low > 0 else "lower"


async def fetch_distribution(session: AsyncSession, wanted: Wanted) -> KpiDistribution:
    """How often each code was given, and how much was left out and why."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    (found,) = await kpi.measure(session, ask.scope, [ask.period], None)
    measured = envelopes.member_of(found)
    return KpiDistribution(
        **envelopes.header(kpi, ask, wanted.language),
        period=envelopes.period(ask.period, ask.now),
        n=measured.n,
        counts=envelopes.counts(measured),
        reason=measured.reason,
        warnings=list(measured.warnings),
    )
