"""What a rule finds in its figure: a level, and the evidence for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.buckets import windows
from app.alerts.changes import NO_EVIDENCE, Judged
from app.alerts.hysteresis import State
from app.alerts.models import AlertRule
from app.db import now
from app.kpis import envelopes
from app.kpis.asking import understand
from app.kpis.control_charts import (
    ControlPoint,
    baseline,
    ewma_chart,
    p_chart,
    pooled_share,
)
from app.kpis.declaration import Kpi, Measurement
from app.kpis.disclosing import measure_disclosed, measure_line
from app.kpis.periods import Period, local_date
from app.kpis.selections import stored
from app.kpis.statistics import (
    Direction,
    Interval,
    TargetVerdict,
    change_verdict,
    target_verdict,
)
from app.kpis.targeting import verdict_of
from app.named import find_named
from app.scorecards.aggregation import Observed
from app.scorecards.metrics import latest_observed
from app.scorecards.models import Metric
from app.targets.attainment import on_the_wrong_side

Json = dict[str, Any]
NOTHING = Judged(None)


async def judge(
    session: AsyncSession, rule: AlertRule, end: datetime, zone: ZoneInfo, timeout_ms: int
) -> Judged:
    """Judge a KPI for the bucket that ends at `end`.

    No level where there is no figure, too few points to know what is usual, or too few to tell of.
    """
    document = rule.document
    selection = stored(document["watch"]["kpi"], document["watch"]["scope"])
    if selection is None:
        return NOTHING
    condition = document["condition"]
    periods = windows(end, document["window_days"], _points(condition), zone)
    asked = selection.asked(
        periods[0].start, periods[-1].end, zone=zone.key, level=condition["level"] or 0.95
    )
    ask = await understand(
        session, selection.kpi, rule.workspace_id, asked, now=now(), timeout_ms=timeout_ms
    )
    measure = measure_disclosed if len(periods) == 1 else measure_line
    found = await measure(session, selection.kpi, ask.scope, periods)
    measured = [envelopes.member_of(each) for each in found]
    return _found(selection.kpi, condition, measured, periods[-1], ask.scope.level)


def _points(condition: Json) -> int:
    """How many windows a condition looks at."""
    if condition["kind"] == "ewma":
        return int(condition["baseline"] + condition["points"])
    if condition["kind"] == "p_chart":
        return int(condition["baseline"]) + 1
    return 2 if condition["kind"] == "change" else 1


def _found(
    kpi: Kpi, condition: Json, measured: Sequence[Measurement], period: Period, level: float
) -> Judged:
    """The judgement of the last of the windows."""
    last = measured[-1]
    evidence = NO_EVIDENCE | {"interval": _interval(last.interval)}
    state: State | None = None
    if last.value is None:
        pass
    elif condition["kind"] == "target":
        direction = condition["direction"] or kpi.direction
        target = condition["value"]
        verdict = verdict_of(kpi, last, target=target, direction=direction)
        state = by_target(verdict, last.value, target=target, direction=direction)
        evidence |= {"target": target}
    elif condition["kind"] == "change":
        state = _by_change(kpi, last, measured[0], level, evidence)
    else:
        state = _by_chart(_chart(condition, measured), condition, kpi.direction, evidence)
    return Judged(state, last.value, kpi.unit, last.n, period.start, period.end, evidence)


def by_target(
    verdict: TargetVerdict, value: float | None, *, target: float, direction: Direction
) -> State | None:
    """Breached when the interval is on the wrong side, at risk when only the figure is."""
    if verdict == "no_data" or value is None:
        return None
    if verdict == "missed":
        return "breached"
    wrong = verdict == "inconclusive" and on_the_wrong_side(
        value, target=target, direction=direction
    )
    return "at_risk" if wrong else "ok"


def _by_change(
    kpi: Kpi, last: Measurement, before: Measurement, level: float, evidence: Json
) -> State | None:
    change = kpi.compare(last, before, level)
    verdict = change_verdict(
        change, direction=kpi.direction, n_now=last.judged_as, n_before=before.judged_as
    )
    if change is None or verdict == "too_few":
        return None
    evidence |= {
        "previous": before.value,
        "difference": change.difference,
        "p": change.p,
        "test": change.test,
    }
    return "breached" if verdict == "worsened" else "ok"


def _chart(condition: Json, measured: Sequence[Measurement]) -> ControlPoint | None:
    """The last point on its chart; None where what is usual is not known."""
    values = [each.value for each in measured]
    if condition["kind"] == "ewma":
        return last_on_ewma(condition, values)
    shares = [(each.value, each.tells_as_much_as) for each in measured]
    usual = pooled_share(shares[:-1])
    if usual is None:
        return None
    return p_chart(shares[-1:], usual, width=condition["width"])[0]


def last_on_ewma(condition: Json, values: Sequence[float | None]) -> ControlPoint | None:
    """The average at the last value: what is usual stands before the points that it runs over."""
    running = condition["points"]
    usual = baseline(values[:-running])
    if usual is None:
        return None
    chart = ewma_chart(
        values[-running:], usual, weight=condition["weight"], width=condition["width"]
    )
    return chart[-1]


def _by_chart(
    point: ControlPoint | None, condition: Json, direction: Direction, evidence: Json
) -> State | None:
    if point is None:
        return None
    evidence |= {
        "statistic": point.statistic,
        "centre": point.centre,
        "low": point.low,
        "high": point.high,
    }
    worse = "below" if direction == "higher" else "above"
    if point.outside is None or (condition["side"] == "worse" and point.outside != worse):
        return "ok"
    return "breached"


async def judge_metric(
    session: AsyncSession, rule: AlertRule, end: datetime, zone: ZoneInfo
) -> Judged:
    """Judge the last observation of a metric that was over at `end`."""
    condition, name = rule.document["condition"], rule.document["watch"]["metric"]
    metric = await find_named(session, Metric, rule.workspace_id, name)
    if metric is None:
        return NOTHING
    count = _points(condition)
    found = await latest_observed(session, rule.workspace_id, name, local_date(end, zone), count)
    if not found:
        return NOTHING
    last, evidence = found[-1], dict(NO_EVIDENCE)
    evidence |= {"interval": _interval(last.interval)}
    state: State | None = None
    if condition["kind"] == "target":
        direction = condition["direction"] or metric.direction
        target = condition["value"]
        limits = last.interval or Interval(0.0, last.value, last.value, "none")
        verdict = target_verdict(last.value, limits, target=target, direction=direction)
        state = by_target(verdict, last.value, target=target, direction=direction)
        evidence |= {"target": target}
    elif len(found) == count:
        point = last_on_ewma(condition, [each.value for each in found])
        state = _by_chart(point, condition, metric.direction, evidence)
    return _observed(state, last, metric, evidence)


def _observed(state: State | None, last: Observed, metric: Metric, evidence: Json) -> Judged:
    return Judged(state, last.value, metric.unit, last.n, last.start, last.end, evidence, last.end)


def _interval(limits: Interval | None) -> Json | None:
    if limits is None:
        return None
    return {
        "level": limits.level,
        "low": limits.low,
        "high": limits.high,
        "method": limits.method,
    }
