"""Asking KPIs: one figure, a trend, a comparison of groups, the counts behind it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis import envelopes, group_answers
from app.kpis.asking import Ask, Asked, understand
from app.kpis.declaration import Kpi, Measurement
from app.kpis.disclosing import SUPPRESSED, measure_disclosed, measure_line, tells_less
from app.kpis.restating import periods_of
from app.kpis.schemas import (
    KpiComparison,
    KpiDistribution,
    KpiEnvelope,
    KpiGroup,
    KpiPoint,
    KpiTrend,
)
from app.kpis.targeting import judge
from app.kpis.trend_answers import direction, draw, refuse_wrong_chart, smoothed, warnings

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
    found = await measure_disclosed(session, kpi, ask.scope, periods)
    figures = [envelopes.member_of(each) for each in found]
    covered = await periods_of(session, kpi, ask, periods)
    previous = None
    if earlier is not None:
        previous = envelopes.previous(kpi, ask, figures[0], figures[1], covered[1])
    return KpiEnvelope(
        **envelopes.header(kpi, ask, wanted.language, figures[:1]),
        **envelopes.figure(kpi, figures[0]),
        period=covered[0],
        previous=previous,
        target=await judge(session, kpi, ask, figures[0]),
    )


async def measure_period(session: AsyncSession, wanted: Wanted) -> Measurement:
    """The KPI for one period as it was measured, for those who show more than one."""
    ask = await _understand(session, wanted)
    (found,) = await measure_disclosed(session, wanted.kpi, ask.scope, [ask.period])
    return envelopes.member_of(found)


async def fetch_trend(session: AsyncSession, wanted: Wanted) -> KpiTrend:
    """The KPI for each unit of the calendar in the period, also where nothing happened."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    asked = wanted.asked
    refuse_wrong_chart(kpi, asked.control)
    buckets = ask.buckets()
    found = await measure_line(session, kpi, ask.scope, [each.period for each in buckets])
    measured = [envelopes.member_of(each) for each in found]
    whole, *covered = await periods_of(session, kpi, ask, [ask.period, *buckets])
    points = [
        KpiPoint(
            **envelopes.figure(kpi, each),
            period=period,
            model_run=each.model_run,
            smoothed=None,
            control=None,
        )
        for period, each in zip(covered, measured, strict=True)
    ]
    going = direction(points, measured, ask.scope.level)
    drawn = draw(points, asked.control)
    means = smoothed(kpi, points, asked.smoothing)
    return KpiTrend(
        **envelopes.header(kpi, ask, wanted.language, measured),
        period=whole,
        grain=asked.grain,
        points=[
            point.model_copy(update={"smoothed": mean, "control": on_chart})
            for point, mean, on_chart in zip(points, means, drawn.points, strict=True)
        ],
        trend=going,
        control=drawn.chart,
        smoothing=asked.smoothing,
        warnings=warnings(going, asked.control, drawn.chart),
    )


async def fetch_comparison(session: AsyncSession, wanted: Wanted) -> KpiComparison:
    """The KPI for each member of a dimension, with tests of the largest: all, and every pair."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    dimension = ask.dimension(kpi)
    (found,) = await measure_disclosed(session, kpi, ask.scope, [ask.period], dimension)
    # Withheld groups have no n: they come last, so that their order tells nothing.
    ranked = sorted(found.items(), key=lambda item: (-item[1].n, item[0]))
    limited = [SUPPRESSED] if tells_less(found, ask.scope, dimension) else []
    if len(ranked) > MAX_GROUPS:
        limited.append(GROUPS_LIMITED)
    if len(ranked) > MAX_TESTED_GROUPS:
        limited.append(PAIRS_LIMITED)
    tested = [item for item in ranked[:MAX_TESTED_GROUPS] if not item[1].suppressed]
    (covered,) = await periods_of(session, kpi, ask, [ask.period])
    return KpiComparison(
        **envelopes.header(kpi, ask, wanted.language, found.values()),
        period=covered,
        group_by=dimension,
        groups=[
            KpiGroup(**envelopes.figure(kpi, measured), member=member)
            for member, measured in ranked[:MAX_GROUPS]
        ],
        overall=group_answers.overall(tested),
        correction=wanted.asked.correction,
        pairwise=group_answers.pairs(kpi, tested, ask.scope.level, wanted.asked.correction),
        warnings=limited,
    )


async def fetch_distribution(session: AsyncSession, wanted: Wanted) -> KpiDistribution:
    """How often each code was given, and how much was left out and why."""
    kpi, ask = wanted.kpi, await _understand(session, wanted)
    (found,) = await measure_disclosed(session, kpi, ask.scope, [ask.period])
    measured = envelopes.member_of(found)
    (covered,) = await periods_of(session, kpi, ask, [ask.period])
    return KpiDistribution(
        **envelopes.header(kpi, ask, wanted.language),
        period=covered,
        n=envelopes.number(measured),
        counts=envelopes.counts(measured),
        reason=measured.reason,
        warnings=list(measured.warnings),
    )
