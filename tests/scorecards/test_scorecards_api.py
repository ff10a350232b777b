"""Scorecards through the API: figures from both sources, scores, coverage, verdicts, texts."""

from typing import Any

import pytest

from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, ask, sent, submit
from tests.responses.builders import publish
from tests.scorecards.test_metrics_api import define, state, stated

Json = dict[str, Any]
NPS: Json = {"source": "kpi", "key": "nps", "kpi": "nps", "target": {"value": 0.5}}
DELIVERY: Json = {
    "source": "metric",
    "key": "delivery",
    "metric": "delivery",
    "target": {"value": 98, "floor": 90, "stretch": 99},
}


def card(**perspectives: list[Json]) -> Json:
    """A scorecard of perspectives that weigh the same."""
    return {
        "title": {"zh-CN": "计分卡", "en": "Scorecard"},
        "perspectives": [
            {"perspective": name, "indicators": indicators}
            for name, indicators in perspectives.items()
        ],
    }


async def put(tenant: Tenant, body: Json, status: int = 201) -> Json:
    """Put the scorecard `all`; the answer."""
    answer = await tenant.client.put("/v1/scorecards/all", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def result(tenant: Tenant, **query: str) -> Json:
    """The result for October."""
    answer = await tenant.client.get("/v1/scorecards/all/result", params=OCTOBER | query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def feedback(tenant: Tenant) -> None:
    """Sixty promoters and twenty detractors in October: NPS 0.5."""
    survey = await publish(tenant)
    scores = [10] * 60 + [0] * 20
    await submit(tenant, survey, [sent({"nps": score}) for score in scores])


async def test_figures_of_both_sources_are_weighed(tenant: Tenant) -> None:
    """By hand: NPS attains 1 of .5, delivery (96 - 90) / 8 = .75; three parts to one: .9375."""
    await feedback(tenant)
    await define(tenant, "delivery")
    await state(tenant, "delivery", stated("2026-10-01", "2026-11-01", 96, n=400))
    body = card(customer=[NPS], internal_process=[DELIVERY])
    body["perspectives"][0]["weight"] = 3
    await put(tenant, body)
    found = await result(tenant)
    customer, process = found["perspectives"]
    nps, delivery = customer["indicators"][0], process["indicators"][0]
    answer = await ask(tenant, "nps")
    assert nps["interval"] == answer["interval"]
    assert (nps["value"], nps["n"], nps["share"]) == (answer["value"], 80, 0.75)
    assert (delivery["value"], delivery["attainment"], delivery["kind"]) == (96, 0.75, "external")
    assert (delivery["verdict"], delivery["stretched"]) == ("missed", False)
    assert found["score"] == pytest.approx(0.75 * 1 + 0.25 * 0.75)
    assert found["coverage"] == 1
    assert found["verdict"] == "inconclusive"
    low = nps["attainment_range"]["low"]
    assert low == pytest.approx(answer["interval"]["low"] / 0.5)
    assert found["range"]["low"] == pytest.approx(0.75 * low + 0.25 * 0.75)
    assert (process["score"], process["verdict"]) == (0.75, "missed")


async def test_what_is_missing_lowers_coverage_and_not_the_score(tenant: Tenant) -> None:
    """With no answers and one stated value the score is that of the value, of half the weights."""
    await define(tenant, "delivery")
    await state(tenant, "delivery", stated("2026-10-01", "2026-10-16", 98))
    await put(tenant, card(customer=[NPS], internal_process=[DELIVERY]))
    found = await result(tenant)
    assert (found["score"], found["coverage"], found["verdict"]) == (1.0, 0.5, "met")
    customer, process = found["perspectives"]
    assert (customer["score"], customer["coverage"], customer["verdict"]) == (None, 0.0, "no_data")
    nps = customer["indicators"][0]
    assert (nps["value"], nps["attainment"], nps["verdict"]) == (None, None, "no_data")
    assert nps["reason"] is not None
    assert process["indicators"][0]["warnings"] == ["partly_observed"]
    assert "50%" in found["text"]["en"]
    assert "50%" in found["text"]["zh-CN"]


async def test_a_share_of_revenue_is_judged_whatever_it_was_earned_in(tenant: Tenant) -> None:
    """Of 100 CNY of September 80 came again in October: a share, for which no currency is put."""
    await tenant.client.put("/v1/customers/c-1", json={})
    for day, amount in (("2026-09-10", "100.00"), ("2026-10-10", "80.00")):
        order = {"customer": "c-1", "ordered_on": day, "amount": amount, "currency": "CNY"}
        answer = await tenant.client.put(f"/v1/orders/o-{day}", json=order)
        assert answer.status_code == 201, answer.text
    kept = {"source": "kpi", "key": "kept", "kpi": "revenue-retention", "target": {"value": 1}}
    await put(tenant, card(financial=[kept]))
    (financial,) = (await result(tenant))["perspectives"]
    (found,) = financial["indicators"]
    assert (found["value"], found["attainment"], found["reason"]) == (0.8, 0.8, None)


async def test_nothing_known_is_no_score(tenant: Tenant) -> None:
    """A scorecard without any figure has no score, coverage 0, and says so in both languages."""
    await put(tenant, card(customer=[NPS]))
    found = await result(tenant)
    assert (found["score"], found["range"], found["coverage"]) == (None, None, 0.0)
    assert found["verdict"] == "no_data"
    assert found["text"] == {"zh-CN": "暂无数据。", "en": "There is no figure."}


async def test_a_metric_that_is_gone_is_missing(tenant: Tenant) -> None:
    """The indicator stays and says that its figure is not defined any more."""
    await define(tenant, "delivery")
    await put(tenant, card(internal_process=[DELIVERY]))
    assert (await tenant.client.delete("/v1/metrics/delivery")).status_code == 204
    (perspective,) = (await result(tenant))["perspectives"]
    assert perspective["indicators"][0]["reason"] == "not_defined"


async def test_putting_twice_is_putting_once(tenant: Tenant) -> None:
    """The same content keeps its revision; 412 for an ETag that is old; lists by name."""
    body = card(customer=[NPS])
    first = await tenant.client.put("/v1/scorecards/all", json=body)
    again = await tenant.client.put("/v1/scorecards/all", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    other = card(financial=[NPS])
    await put(tenant, other, 200)
    late = await tenant.client.delete(
        "/v1/scorecards/all", headers={"If-Match": first.headers["etag"]}
    )
    assert late.status_code == 412
    (listed,) = (await tenant.client.get("/v1/scorecards")).json()["data"]
    assert listed == (await tenant.client.get("/v1/scorecards/all")).json()
    assert [each["perspective"] for each in listed["perspectives"]] == ["financial"]
    assert (await tenant.client.delete("/v1/scorecards/all")).status_code == 204


@pytest.mark.parametrize(
    ("indicators", "pointer", "code"),
    [
        ([NPS, NPS], "/1/key", "duplicate-item"),
        ([NPS | {"kpi": "mood"}], "/0/kpi", "unknown-value"),
        ([DELIVERY], "/0/metric", "unknown-reference"),
        ([NPS | {"target": {"value": 0.3, "direction": "lower"}}], "/0/target/floor",
         "missing-field"),
        ([NPS | {"target": {"value": 0}}], "/0/target/floor", "missing-field"),
        ([NPS | {"target": {"value": 0.3, "floor": 0.4}}], "/0/target/floor",
         "number-out-of-range"),
        ([NPS | {"scope": {"filters": {"customer": ["x"]}}}], "/0/scope/filters",
         "unknown-value"),
        ([NPS | {"source": "guess"}], "/0/source", "unknown-value"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(
    tenant: Tenant, indicators: list[Json], pointer: str, code: str
) -> None:
    """422 with the place of what is wrong."""
    refused = await put(tenant, card(customer=indicators), 422)
    found = [(each["pointer"], each["code"]) for each in refused["errors"]]
    assert found == [(f"/perspectives/0/indicators{pointer}", code)]


async def test_a_perspective_stands_once(tenant: Tenant) -> None:
    """The customer's perspective twice is refused, with its place."""
    body = card(customer=[NPS])
    body["perspectives"].append({"perspective": "customer", "indicators": [NPS | {"key": "b"}]})
    refused = await put(tenant, body, 422)
    assert refused["errors"][0]["pointer"] == "/perspectives/1/perspective"
