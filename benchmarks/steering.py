"""Asking what a business steers by: predicted values, risks, complaints, goals, alerts, samples."""

from datetime import date
from itertools import pairwise
from typing import Any

import httpx

from app.demo.goals import ALERT_RULES, METRICS
from benchmarks.asking import Question

#: Ten KPIs and two metrics, in all four perspectives.
_INDICATORS: dict[str, list[dict[str, Any]]] = {
    "financial": [
        {"kpi": "revenue-retention", "target": {"value": 0.9, "floor": 0.4}},
        {"kpi": "order-value", "currency": "CNY", "target": {"value": 250, "floor": 100}},
        {"kpi": "cac", "currency": "CNY", "target": {"value": 40, "floor": 90}},
        {"kpi": "market-share", "target": {"value": 0.02, "floor": 0}},
    ],
    "customer": [
        {"kpi": "nps", "target": {"value": 0.35, "floor": 0}},
        {"kpi": "satisfaction", "target": {"value": 70, "floor": 40}},
        {"kpi": "retention", "target": {"value": 0.85, "floor": 0.6}},
        {"kpi": "acquisition", "target": {"value": 0.05, "floor": 0}},
    ],
    "internal_process": [
        {"kpi": "complaint-rate", "target": {"value": 12, "floor": 36}},
        {"kpi": "lead-conversion", "target": {"value": 0.5, "floor": 0.1}},
        {"metric": "first-contact-resolution", "target": {"value": 75, "floor": 50}},
    ],
    "learning_growth": [{"metric": "training-hours", "target": {"value": 4, "floor": 1}}],
}


def questions(month: str, year: str, model_run: str) -> dict[str, str | Question]:
    """Every other endpoint of the table of resources: what is read, and what is put."""
    value, rate = "/v1/kpis/lifetime-value", "/v1/kpis/complaint-rate"
    # A small workspace has too few customers for its run to be sound.
    foretold = "mode=predictive&accept_unreliable=yes"
    read: dict[str, str | Question] = {
        "catalogue": "/v1/kpis",
        "complaint_rate": f"{rate}?{month}",
        "complaint_rate_year": f"{rate}?{year}",
        "complaint_rate_customers": f"{rate}?{month}&basis=customers",
        "complaint_rate_of_segment": f"{rate}?{month}&segment=s1",
        "complaint_rate_trend": f"{rate}/trend?{year}&grain=month",
        "complaint_rate_by_segment": f"{rate}/compare?{month}&group_by=segment",
        "complaint_rate_by_channel": f"{rate}/compare?{month}&group_by=channel",
        "predicted_value": f"{value}?{foretold}",
        "predicted_value_of_segment": f"{value}?{foretold}&segment=s1",
        "predicted_value_by_channel": f"{value}/compare?{foretold}&group_by=channel",
        "customer_value": "/v1/customers/c0/lifetime-value?accept_unreliable=yes",
        "customer_risk": "/v1/customers/c0/churn-risk",
        "risks": "/v1/churn-risks",
        "risks_critical": "/v1/churn-risks?level=critical",
        "risks_none": "/v1/churn-risks?level=none",
        "risks_of_segment": "/v1/churn-risks?segment=s1",
        "risks_summary": "/v1/churn-risks/summary",
        "risks_crossings": "/v1/churn-risks/crossings",
        "model_runs": "/v1/model-runs",
        "model_run": f"/v1/model-runs/{model_run}",
        "scorecards": "/v1/scorecards",
        "scorecard": "/v1/scorecards/balanced",
        "scorecard_result": f"/v1/scorecards/balanced/result?{month}",
        "targets": "/v1/targets",
        "metric_observations": "/v1/metrics/training-hours/observations",
        "metric_trend": f"/v1/metrics/training-hours/trend?{year}&grain=month",
        "alert_rules": "/v1/alert-rules",
        "alerts": "/v1/alerts",
        "market_totals": "/v1/market-totals",
        "spend": "/v1/acquisition-spend",
    }
    return read | _put() | _sampled()


def _put() -> dict[str, Question]:
    """What is put is another content each time, so that it is written."""
    said = {"source": "ledger", "currency": "CNY", "from": "2027-01-01", "to": "2027-02-01"}
    return {
        "put_scorecard": Question("/v1/scorecards/other", "PUT", _scorecard),
        "put_target": Question("/v1/targets/nps", "PUT", _target),
        "put_observations": Question(
            "/v1/metrics/training-hours/observations", "PUT", lambda n: _hours(2026, n)
        ),
        "put_alert_rule": Question("/v1/alert-rules/other", "PUT", _alert_rule),
        "put_market_total": Question(
            "/v1/market-totals", "PUT",
            lambda n: said | {"basis": "value", "amount": str(n + 1), "stated_on": "2026-11-01"},
        ),
        "put_spend": Question(
            "/v1/acquisition-spend", "PUT",
            lambda n: said | {"channel": "ch1", "kind": "paid", "amount": str(n + 1)},
        ),
    }  # fmt: skip


def _sampled() -> dict[str, Question]:
    """Sizes, strata and weights of a large study."""
    strata = [
        {"stratum": f"s{n}", "population": 1_000 + 97 * n, "sd": 1 + n / 50, "cost": 1 + n % 7}
        for n in range(200)
    ]
    ages, cells = [f"a{n}" for n in range(10)], []
    for region in range(40):
        cells += [{"categories": [f"r{region}", age], "n": 5 + region % 9} for age in ages]
    margins = [
        {"variable": "region", "targets": {f"r{n}": (1 + n % 5) / 120 for n in range(40)}},
        {"variable": "age", "targets": {age: (2 + n % 3) / 29 for n, age in enumerate(ages)}},
    ]
    size = {"margin": 0.01, "population": 200_000, "response_rate": 0.1, "achieved": 2_000}
    return {
        "sample_size": Question("/v1/sampling/size", "POST", lambda _: size),
        "sample_allocation": Question(
            "/v1/sampling/allocation", "POST",
            lambda n: {"n": 5_000 + n, "method": "neyman", "strata": strata},
        ),
        "rake": Question(
            "/v1/weights/rake", "POST", lambda _: {"margins": margins, "cells": cells}
        ),
    }  # fmt: skip


def _scorecard(number: int) -> dict[str, Any]:
    perspectives = [
        {
            "perspective": name,
            "weight": 1 + number % 2,
            "indicators": [
                {"source": "kpi" if "kpi" in each else "metric",
                 "key": each.get("kpi") or each["metric"]} | each
                for each in indicators
            ],
        }
        for name, indicators in _INDICATORS.items()
    ]  # fmt: skip
    return {"title": {"en": "Balanced scorecard"}, "perspectives": perspectives}


def _target(number: int) -> dict[str, Any]:
    return {"kpi": "nps", "value": 0.3 + number % 10 / 100, "floor": 0.0}


def _alert_rule(number: int) -> dict[str, Any]:
    rule = ALERT_RULES["too-many-complaints"].model_dump(mode="json")
    return rule | {"condition": {"kind": "target", "value": 12 + number % 3}}


def _hours(year: int, number: int = 0) -> dict[str, Any]:
    """Every month of a year."""
    firsts = [date(year + month // 12, month % 12 + 1, 1) for month in range(13)]
    return {
        "observations": [
            {"from": str(start), "to": str(end), "value": 2.5 + number % 10 / 10, "source": "HR"}
            for start, end in pairwise(firsts)
        ]
    }


def set_up(client: httpx.Client) -> None:
    """Put the goals, the metrics and the rules that all sizes share."""
    for name, metric in METRICS.items():
        client.put(f"/v1/metrics/{name}", json=metric.model_dump(mode="json")).raise_for_status()
        for year in (2024, 2025, 2026):
            answer = client.put(f"/v1/metrics/{name}/observations", json=_hours(year))
            answer.raise_for_status()
    client.put("/v1/scorecards/balanced", json=_scorecard(0)).raise_for_status()
    for name, rule in ALERT_RULES.items():
        answer = client.put(f"/v1/alert-rules/{name}", json=rule.model_dump(mode="json"))
        answer.raise_for_status()
