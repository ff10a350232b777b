"""What the demo's company steers by: targets, a scorecard, rules that watch, and a report."""

import math
import random
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import mean

from app.alerts.schemas import AlertRulePut
from app.demo.population import CURRENCY
from app.demo.year import Calendar, month_start
from app.reports.schemas import ReportDefinitionPut
from app.scorecards.metric_schemas import MetricPut, ObservationPut, StatedInterval
from app.scorecards.schemas import ScorecardPut
from app.targets.schemas import TargetPut

_CALLS_A_WEEK = 350
_Z = 1.96
"""Of a two-sided interval of 95 %."""

#: Floors and stretches lie around what the generated company reaches in an ordinary month.
TARGETS: Mapping[str, TargetPut] = {
    "nps-year": TargetPut(kpi="nps", value=0.35, floor=0.0, stretch=0.5),
    "satisfaction-year": TargetPut(kpi="satisfaction", value=85, floor=60, stretch=90),
    "retention-year": TargetPut(kpi="retention", value=0.85, floor=0.6, stretch=0.9),
    "complaints-year": TargetPut(kpi="complaint-rate", value=12, floor=36, stretch=6),
    "cac-year": TargetPut(kpi="cac", value=450, floor=900, currency=CURRENCY),
}
METRICS: Mapping[str, MetricPut] = {
    "first-contact-resolution": MetricPut(
        name={"zh-CN": "首次解决率", "en": "First-contact resolution"},
        unit="%",
        direction="higher",
        aggregation="mean",
    ),
    "training-hours": MetricPut(
        name={"zh-CN": "人均月培训时长", "en": "Training per employee and month"},
        unit="h",
        direction="higher",
        aggregation="mean",
    ),
}
SCORECARD = (
    "company",
    ScorecardPut.model_validate(
        {
            "title": {"zh-CN": "公司平衡计分卡", "en": "The company's balanced scorecard"},
            "perspectives": [
                {
                    "perspective": "financial",
                    "indicators": [
                        {"source": "kpi", "key": "revenue-retention", "kpi": "revenue-retention",
                         "target": {"value": 0.9, "floor": 0.4}},
                        {"source": "kpi", "key": "cac", "kpi": "cac", "currency": CURRENCY,
                         "target": {"value": 450, "floor": 900}},
                    ],
                },
                {
                    "perspective": "customer",
                    "weight": 2,
                    "indicators": [
                        {"source": "kpi", "key": "nps", "kpi": "nps",
                         "target": {"value": 0.35, "floor": 0}},
                        {"source": "kpi", "key": "satisfaction", "kpi": "satisfaction",
                         "target": {"value": 85, "floor": 60}},
                        {"source": "kpi", "key": "retention", "kpi": "retention",
                         "target": {"value": 0.85, "floor": 0.6}},
                    ],
                },
                {
                    "perspective": "internal_process",
                    "indicators": [
                        {"source": "kpi", "key": "complaints", "kpi": "complaint-rate",
                         "target": {"value": 12, "floor": 36}},
                        {"source": "metric", "key": "first-contact-resolution",
                         "metric": "first-contact-resolution",
                         "target": {"value": 75, "floor": 50}},
                    ],
                },
                {
                    "perspective": "learning_growth",
                    "indicators": [
                        {"source": "metric", "key": "training-hours", "metric": "training-hours",
                         "target": {"value": 4, "floor": 1}},
                    ],
                },
            ],
        }
    ),
)  # fmt: skip
#: None has a channel: the demo tells nobody outside.
ALERT_RULES: Mapping[str, AlertRulePut] = {
    "too-many-complaints": AlertRulePut.model_validate(
        {
            "title": {"zh-CN": "投诉率超过目标", "en": "Complaint rate above its target"},
            "watch": {"source": "kpi", "kpi": "complaint-rate"},
            "condition": {"kind": "target", "value": 12},
            "every": "day",
            "window_days": 30,
            "open_after": 2,
            "close_after": 3,
        }
    ),
    "unusual-satisfaction": AlertRulePut.model_validate(
        {
            "title": {"zh-CN": "满意度异常偏低", "en": "Satisfaction lower than usual"},
            "watch": {"source": "kpi", "kpi": "satisfaction"},
            "condition": {"kind": "ewma"},
            "every": "day",
        }
    ),
    "low-first-contact-resolution": AlertRulePut.model_validate(
        {
            "title": {"zh-CN": "首次解决率过低", "en": "Low first-contact resolution"},
            "watch": {"source": "metric", "metric": "first-contact-resolution"},
            "condition": {"kind": "target", "value": 70},
            "every": "day",
        }
    ),
}
REPORT = (
    "monthly-management",
    ReportDefinitionPut.model_validate(
        {
            "title": {"zh-CN": "管理层月报", "en": "Management report, monthly"},
            "period": "month",
            "scorecard": SCORECARD[0],
            "sections": [
                {"kpi": "satisfaction", "compare_by": ["channel"]},
                {"kpi": "nps", "distribution": True},
                {"kpi": "complaint-rate", "compare_by": ["category"]},
                {"kpi": "retention", "compare_by": ["segment"]},
                {"kpi": "cac", "compare_by": ["channel"]},
            ],
            "schedule": {"hour": 8, "days_after": 1},
        }
    ),
)


def observations(
    stream: random.Random, calendar: Calendar, scale: float
) -> dict[str, list[ObservationPut]]:
    """What other systems know: by the week the one, by the month the other; only what is over.

    Fewer matters are solved at once while much is broken.
    """
    resolved, trained = [], []
    monday = calendar.start + timedelta(days=-calendar.start.weekday() % 7)
    for week in range((calendar.today - monday).days // 7):
        first = monday + timedelta(weeks=week)
        trouble = mean(calendar.trouble(first + timedelta(days=day)) for day in range(7))
        calls = max(10, round(_CALLS_A_WEEK * scale * stream.uniform(0.9, 1.1) * (1 + trouble)))
        rate = 0.78 - 0.16 * trouble + stream.gauss(0, 0.01)
        resolved.append(_share(first, round(rate * calls), calls))
    months = calendar.months(to=month_start(calendar.today, 0))
    for number, month in enumerate(months):
        hours = round(2.5 + 2 * number / len(months) + stream.gauss(0, 0.3), 1)
        trained.append(
            ObservationPut(start=month, end=month_start(month, 1), value=hours, source="HR system")
        )
    return {"first-contact-resolution": resolved, "training-hours": trained}


def _share(monday: date, resolved: int, calls: int) -> ObservationPut:
    """A share in percent of a week, with the interval that the call system would state."""
    share = resolved / calls
    around = _Z * math.sqrt(share * (1 - share) / calls)
    return ObservationPut(
        start=monday,
        end=monday + timedelta(weeks=1),
        value=round(100 * share, 2),
        n=calls,
        interval=StatedInterval(
            low=round(100 * max(0.0, share - around), 2),
            high=round(100 * min(1.0, share + around), 2),
        ),
        source="Call system",
    )
