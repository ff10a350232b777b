"""One figure as it is answered, for the OpenAPI document."""

from typing import Any


def _period(start: str, end: str) -> dict[str, Any]:
    return {
        "from": start,
        "to": end,
        "tz": "Asia/Shanghai",
        "complete": True,
        "restated_at": "2026-11-03T08:12:45Z" if start == "2026-10-01" else None,
    }


def _interval(low: float, high: float) -> dict[str, Any]:
    return {"level": 0.95, "low": low, "high": high, "method": "adjusted_wald"}


#: 74 promoters and 42 detractors of 139, after 73 and 46 of 151 in the month before.
NPS: dict[str, Any] = {
    "kpi": "nps",
    "definition": {
        "version": 1,
        "name": "Net promoter score",
        "formula": "(promoters - detractors) / answered",
    },
    "scope": {
        "survey": None,
        "surveys": [],
        "question": None,
        "filters": {"channel": ["web"]},
        "quality": "all",
        "dedupe": "none",
        "clustered": False,
        "weighting": None,
        "options": {},
    },
    "unit": "ratio",
    "direction": "higher",
    "kind": "exact",
    "model_run": None,
    "as_of": "2026-11-22T02:20:00Z",
    "value": 0.2302,
    "n": 139,
    "n_effective": 139.0,
    "weights": None,
    "numerator": {"promoters": 74, "detractors": 42},
    "denominator": {"answered": 139},
    "excluded": {"dismissed": 12, "invalid": 1, "duplicate": 2, "flagged_quality": 0},
    "interval": _interval(0.0804, 0.3703),
    "currency": None,
    "components": {},
    "suppressed": False,
    "reason": None,
    "warnings": [],
    "sources": [],
    "period": _period("2026-10-01", "2026-11-01"),
    "previous": {
        "period": _period("2026-09-01", "2026-10-01"),
        "value": 0.1788,
        "n": 151,
        "n_effective": 151.0,
        "difference": 0.0514,
        "interval": _interval(-0.1494, 0.2494),
        "p": 0.6229,
        "test": "nps_two_sample_adjusted_wald",
        "verdict": "no_evidence_of_change",
    },
    "target": {
        "target": "nps-2026",
        "value": 0.3,
        "direction": "higher",
        "floor": 0.0,
        "stretch": 0.4,
        "attainment": 0.767,
        "verdict": "inconclusive",
        "at_risk": True,
    },
}
