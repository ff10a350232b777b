"""The result of a scorecard: every figure asked anew, judged, and weighed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Problem
from app.kpis import envelopes
from app.kpis.periods import Period
from app.kpis.selections import stored
from app.kpis.service import Wanted, measure_period
from app.kpis.statistics import Interval, TargetVerdict, target_verdict
from app.scorecards import scoring
from app.scorecards.aggregation import Observed, aggregate
from app.scorecards.metrics import metrics_by_name, observed_within
from app.scorecards.models import Metric, Scorecard
from app.scorecards.schemas import (
    AttainmentRange,
    GoalRead,
    IndicatorResult,
    PerspectiveResult,
    ScorecardResult,
)
from app.scorecards.scoring import Attained, Score
from app.scorecards.texts import PERSPECTIVES, bilingual, indicator_text, score_text
from app.targets.attainment import on_the_wrong_side

Json = dict[str, Any]
#: The observations of a metric leave dates of the period out.
PARTLY_OBSERVED = "partly_observed"


@dataclass(frozen=True)
class Reading:
    """An indicator's figure, wherever it comes from."""

    value: float | None = None
    n: int | None = None
    interval: Interval | None = None
    estimated: bool = False
    """Whether a missing interval means that nothing is known about the precision."""
    currency: str | None = None
    kind: Literal["exact", "estimated", "external"] = "external"
    model_run: str | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    name: Json | None = None
    unit: str = ""

    def verdict(self, goal: GoalRead) -> TargetVerdict:
        """By the whole interval; a plain count is its own."""
        interval = self.interval
        if interval is None and not self.estimated and self.value is not None:
            interval = Interval(0.0, self.value, self.value, "none")
        return target_verdict(self.value, interval, target=goal.value, direction=goal.direction)


@dataclass(frozen=True)
class Asking:
    """For whom, for which dates and how long a result is computed."""

    workspace_id: UUID
    period: Period
    at: datetime
    timeout_ms: int


async def fetch_result(
    session: AsyncSession, scorecard: Scorecard, asking: Asking
) -> ScorecardResult:
    """Every figure for the period, its verdict, and the scores with their coverage."""
    perspectives: list[Json] = scorecard.document["perspectives"]
    parts = scoring.shares(
        [[each["weight"] for each in one["indicators"]] for one in perspectives],
        [one["weight"] for one in perspectives],
    )
    metrics = await _metrics(session, asking, perspectives)
    results: list[PerspectiveResult] = []
    whole: list[tuple[float, Attained | None]] = []
    for perspective, inner in zip(perspectives, parts, strict=True):
        weighed: list[tuple[float, Attained | None]] = []
        indicators: list[IndicatorResult] = []
        for document, share in zip(perspective["indicators"], inner, strict=True):
            if document["source"] == "kpi":
                reading = await _read_kpi(session, asking, document)
            else:
                reading = metrics[document["metric"]]
            attained = _attained(reading, document)
            weighed.append((share, attained))
            indicators.append(_indicator(document, reading, attained, share))
        whole += weighed
        name = perspective["perspective"]
        results.append(
            PerspectiveResult(
                **_score(scoring.score(weighed)),
                perspective=name,
                name=bilingual(PERSPECTIVES[name]),
                weight=perspective["weight"],
                indicators=indicators,
            )
        )
    return ScorecardResult(
        **_score(scoring.score(whole)),
        scorecard=scorecard.name,
        title=scorecard.document["title"],
        period=envelopes.dates(asking.period, asking.at),
        perspectives=results,
        as_of=asking.at,
    )


async def _read_kpi(session: AsyncSession, asking: Asking, document: Json) -> Reading:
    """The KPI's own answer; one that can no longer be asked for is missing, with the reason."""
    selection = stored(document["kpi"], document["scope"])
    if selection is None:
        return Reading(reason="not_defined", kind="exact", unit="")
    kpi = selection.kpi
    blank = Reading(
        kind="exact",
        estimated=kpi.interval != "none",
        unit=kpi.unit,
        name={"zh-CN": kpi.name.zh, "en": kpi.name.en},
    )
    asked = selection.asked(asking.period.start, asking.period.end, zone=asking.period.zone.key)
    wanted = Wanted(kpi, asking.workspace_id, asked, "en", asking.timeout_ms)
    try:
        measured = await measure_period(session, wanted)
    except Problem as problem:
        return replace(blank, reason=problem.code)
    # Only amounts are measured in a currency; a share of revenue is the same in all of them.
    n = envelopes.number(measured)
    if kpi.unit == "money" and measured.currency not in {None, document["currency"]}:
        return replace(blank, reason="currency-mismatch", n=n)
    return replace(
        blank,
        value=measured.value,
        n=n,
        interval=measured.interval,
        currency=measured.currency,
        kind="estimated" if measured.estimated else "exact",
        model_run=measured.model_run,
        reason=measured.reason,
        warnings=tuple(envelopes.warnings(kpi, measured)),
    )


async def _metrics(
    session: AsyncSession, asking: Asking, perspectives: list[Json]
) -> dict[str, Reading]:
    """The figures of all metrics that are asked for, by name."""
    indicators = [each for one in perspectives for each in one["indicators"]]
    names = {each["metric"] for each in indicators if each["source"] == "metric"}
    if not names:
        return {}
    period = asking.period
    known = await metrics_by_name(session, asking.workspace_id, names)
    observed = await observed_within(session, asking.workspace_id, names, period.start, period.end)
    return {
        name: _of_metric(known.get(name), observed.get(name, []), period.days) for name in names
    }


def _of_metric(metric: Metric | None, found: list[Observed], days: int) -> Reading:
    if metric is None:
        return Reading(reason="not_defined")
    blank = Reading(name=metric.label, unit=metric.unit)
    total = aggregate(found, metric.aggregation)
    if total is None:
        return replace(blank, reason="no_data")
    return replace(
        blank,
        value=total.value,
        n=total.n,
        interval=total.interval,
        warnings=() if total.days == days else (PARTLY_OBSERVED,),
    )


def _attained(reading: Reading, document: Json) -> Attained | None:
    goal = document["target"]
    return scoring.attained(
        reading.value,
        reading.interval,
        estimated=reading.estimated,
        target=goal["value"],
        direction=goal["direction"],
        floor=goal["floor"],
    )


def _indicator(
    document: Json, reading: Reading, attained: Attained | None, share: float
) -> IndicatorResult:
    goal = GoalRead.model_validate(document["target"])
    verdict = reading.verdict(goal)
    short = reading.value is not None and on_the_wrong_side(
        reading.value, target=goal.value, direction=goal.direction
    )
    at_risk = verdict == "inconclusive" and short
    return IndicatorResult(
        key=document["key"],
        source=document["source"],
        kpi=document["kpi"],
        metric=document["metric"],
        name=document["name"] or reading.name or {"en": document["key"]},
        unit=reading.unit,
        weight=document["weight"],
        share=share,
        value=reading.value,
        n=reading.n,
        interval=envelopes.interval(reading.interval),
        currency=reading.currency,
        kind=reading.kind,
        model_run=reading.model_run,
        reason=reading.reason,
        warnings=list(reading.warnings),
        target=goal,
        attainment=attained.value if attained else None,
        attainment_range=_range(attained),
        verdict=verdict,
        at_risk=at_risk,
        stretched=_stretched(reading.value, goal),
        text=indicator_text(
            reading.value,
            unit=reading.unit,
            target=goal.value,
            attainment=attained.value if attained else None,
            verdict=verdict,
            at_risk=at_risk,
        ),
    )


def _stretched(value: float | None, goal: GoalRead) -> bool:
    if value is None or goal.stretch is None:
        return False
    return not on_the_wrong_side(value, target=goal.stretch, direction=goal.direction)


def _range(part: Attained | Score | None) -> AttainmentRange | None:
    if part is None or part.low is None or part.high is None:
        return None
    return AttainmentRange(low=part.low, high=part.high)


def _score(score: Score) -> Json:
    return {
        "score": score.value,
        "range": _range(score),
        "coverage": score.coverage,
        "verdict": score.verdict,
        "text": score_text(score),
    }
