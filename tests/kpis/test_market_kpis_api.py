"""Acquisition and market KPIs over HTTP: null with what is known, sources, groups, options."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.kpis.rates import Rate, garwood
from tests.conftest import Tenant
from tests.market.making import spend, total

OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
Json = dict[str, Any]


async def _get(tenant: Tenant, path: str, **query: str) -> Json:
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=OCTOBER | query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _put(tenant: Tenant, path: str, body: Json) -> None:
    answer = await tenant.client.put(f"/v1/{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def _won(tenant: Tenant, name: str, channel: str, day: str, amount: str = "500.00") -> None:
    await _put(tenant, f"customers/{name}", {"acquisition_channel": channel})
    order = {"customer": name, "amount": amount, "currency": "CNY", "ordered_on": day}
    await _put(tenant, f"orders/{name}-{day}", {**order, "quantity": 2})


async def _shop(tenant: Tenant) -> None:
    """Three customers by search, one by referral, 1,000 CNY spent on search and 500 on fairs."""
    for name in ("a", "b", "c"):
        await _won(tenant, name, "search", "2026-10-05")
    await _won(tenant, "d", "referral", "2026-10-06")
    await _put(tenant, "acquisition-spend", spend())
    await _put(tenant, "acquisition-spend", spend(channel="fair", kind="organic", amount="500"))


async def test_cost_of_a_customer(tenant: Tenant) -> None:
    """1,500 over four customers, blended; 1,000 over three, paid; per channel; with Garwood."""
    await _shop(tenant)
    found = await _get(tenant, "cac")
    assert (found["value"], found["n"], found["currency"]) == (375.0, 4, "CNY")
    assert found["sources"] == [
        {**OCTOBER, "name": "ledger", "stated_on": None, "error_margin": None}
    ]
    limits = garwood(Rate(4, 1, per=1))
    assert limits is not None
    assert found["interval"] == pytest.approx(
        {"level": 0.95, "low": 1500 / limits.high, "high": 1500 / limits.low, "method": "garwood"}
    )
    paid = await _get(tenant, "cac", basis="paid")
    assert (paid["value"], paid["n"]) == (pytest.approx(1000 / 3), 3)
    compared = await _get(tenant, "cac/compare", group_by="channel")
    groups = {each["member"]: each for each in compared["groups"]}
    assert groups["search"]["value"] == pytest.approx(1000 / 3)
    assert (groups["fair"]["value"], groups["fair"]["numerator"]) == (None, {"spend": 500.0})
    assert groups["fair"]["reason"] == "empty_denominator"
    assert groups["referral"]["reason"] == "no_spend"
    half = await _get(tenant, "cac", to="2026-10-16")
    assert half["value"] == pytest.approx(1500 * 15 / 31 / 4)
    assert half["warnings"] == ["prorated", "few_answers"]
    later = await _get(tenant, "cac", **{"from": "2026-10-31", "to": "2026-12-01"}, lag_days="30")
    assert (later["value"], later["n"]) == (None, 0)
    assert later["numerator"] == {"spend": 1500.0}
    trend = await _get(tenant, "cac/trend", grain="week")
    assert sum(each["numerator"]["spend"] for each in trend["points"]) == pytest.approx(1500)


async def test_spend_by_kind(tenant: Tenant) -> None:
    """Statements add up; a day beyond them is counted as not stated."""
    await _shop(tenant)
    found = await _get(tenant, "acquisition-spend", to="2026-11-02")
    assert (found["value"], found["excluded"]) == (1500.0, {"days_without_statement": 1})
    assert found["warnings"] == ["days_without_statement"]
    compared = await _get(tenant, "acquisition-spend/compare", group_by="kind")
    assert {each["member"]: each["value"] for each in compared["groups"]} == {
        "paid": 1000.0,
        "organic": 500.0,
    }
    nothing = await _get(tenant, "acquisition-spend", **{"from": "2026-01-01", "to": "2026-02-01"})
    assert (nothing["value"], nothing["reason"]) == (None, "no_spend")


async def test_referrals_and_ltv_to_cac(tenant: Tenant) -> None:
    """One of four was referred; each brought 500, half of it margin, for a cost of 375."""
    await _shop(tenant)
    referred = await _get(tenant, "referral-rate")
    assert (referred["value"], referred["n"]) == (0.25, 4)
    ratio = await _get(tenant, "ltv-to-cac", margin="50")
    assert ratio["value"] == pytest.approx(250 / 375)
    assert ratio["interval"]["method"] == "delta_log"
    nobody = await _get(tenant, "ltv-to-cac", margin="50", mode="predictive")
    assert (nobody["value"], nobody["reason"]) == (None, "no_model_run")
    assert nobody["kind"] == "estimated"
    bare = await _get(tenant, "ltv-to-cac")
    assert (bare["value"], bare["reason"]) == (None, "margin_not_given")


async def test_payback_in_the_first_month_or_never(tenant: Tenant) -> None:
    """Margin of 60 % on 500 covers 300 of 375 at once; a second order in month 2 the rest."""
    day = datetime.now(UTC).date() - timedelta(days=120)
    for name in ("a", "b"):
        await _won(tenant, name, "search", day.isoformat())
    window = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}
    await _put(tenant, "acquisition-spend", spend(**window, amount="750"))
    found = await _get(tenant, "payback", **window, margin="60")
    assert (found["value"], found["reason"]) == (None, "not_reached")
    assert found["components"]["month_1"]["value"] == 300.0
    for name in ("a", "b"):
        await _won(tenant, name, "search", (day + timedelta(days=40)).isoformat())
    found = await _get(tenant, "payback", **window, margin="60")
    assert (found["value"], found["unit"], found["n"]) == (2.0, "months", 2)
    plain = await _get(tenant, "payback", **window, margin="60", form="formula")
    monthly = 600 / (120 / (365.25 / 12))
    assert plain["value"] == pytest.approx(375 / monthly, rel=0.02)


async def test_share_of_the_market(tenant: Tenant) -> None:
    """2,000 of 10,000, with the largest competitor, the error and the source; null without."""
    await _shop(tenant)
    nothing = await _get(tenant, "market-share")
    assert (nothing["value"], nothing["reason"]) == (None, "no_market_total")
    assert nothing["numerator"] == {"own": 2000.0}
    rivals = [{"name": "A", "amount": "4000"}]
    await _put(tenant, "market-totals", total(error_margin="0.2", competitors=rivals))
    found = await _get(tenant, "market-share")
    assert (found["value"], found["currency"]) == (0.2, "CNY")
    assert found["components"]["relative_share"]["value"] == 0.5
    ends = [found["components"][name]["value"] for name in ("lowest", "highest")]
    assert ends == pytest.approx([2000 / 12000, 0.25])
    assert found["sources"][0] | OCTOBER == {
        **OCTOBER,
        "name": "association",
        "stated_on": "2026-11-10",
        "error_margin": 0.2,
    }
    await _put(tenant, "market-totals", total(basis="units", amount="80", currency=None))
    units = await _get(tenant, "market-share", basis="units")
    assert units["value"] == 0.1
    by_channel = await _get(tenant, "market-share/compare", group_by="channel")
    assert {each["member"]: each["value"] for each in by_channel["groups"]} == {
        "search": 0.15,
        "referral": 0.05,
    }
    refund = {"external_id": "r", "amount": "500.00", "refunded_on": "2026-10-20"}
    booked = await tenant.client.post("/v1/orders/d-2026-10-06/refunds", json=refund)
    assert booked.status_code == 201
    assert (await _get(tenant, "market-share"))["value"] == 0.15
    assert (await _get(tenant, "market-share", basis="units"))["value"] == 0.075
    order = {"customer": "e", "amount": "1", "currency": "USD", "ordered_on": "2026-10-07"}
    await _put(tenant, "orders/usd", order)
    mixed = await _get(tenant, "market-share")
    assert (mixed["value"], mixed["reason"]) == (None, "mixed_currencies")
    lacking = await _get(tenant, "market-share", basis="units")
    assert lacking["excluded"] == {"orders_without_quantity": 1}


async def test_young_leads_have_time_left(tenant: Tenant) -> None:
    """A lead of today leaves its cohort incomplete; the part that is complete stands beside it."""
    today = datetime.now(UTC).date()
    old = today - timedelta(days=30)
    await _won(tenant, "a", "search", (old + timedelta(days=3)).isoformat())
    for name, day, customer in (("l1", old, "a"), ("l2", old, None), ("l3", today, None)):
        lead = {"channel": "search", "created_on": day.isoformat(), "campaign": name}
        await _put(tenant, f"leads/{name}", lead | ({"customer": customer} if customer else {}))
    window = {"from": (old - timedelta(days=2)).isoformat()}
    window["to"] = (today + timedelta(days=2)).isoformat()
    found = await _get(tenant, "lead-conversion", **window, within_days="10")
    assert (found["value"], found["n"]) == (pytest.approx(1 / 3), 3)
    assert "incomplete_cohort" in found["warnings"]
    assert found["components"]["complete"]["value"] == 0.5
    slow = await _get(tenant, "lead-conversion", **window, within_days="2")
    assert slow["numerator"] == {"new_customers": 0}
    only = await _get(tenant, "lead-conversion", **window, filter="campaign:l1")
    assert (only["value"], only["n"]) == (1.0, 1)


@pytest.mark.parametrize(
    ("path", "query", "pointer"),
    [
        ("cac", {"basis": "some"}, "?basis"),
        ("cac", {"lag_days": "731"}, "?lag_days"),
        ("payback", {"margin": "0"}, "?margin"),
        ("payback", {"form": "guess"}, "?form"),
        ("market-share", {"basis": "price"}, "?basis"),
        ("lead-conversion", {"within_days": "-1"}, "?within_days"),
        ("cac", {"filter": "segment:x"}, "?filter"),
        ("referral-rate/compare", {"group_by": "channel"}, "?group_by"),
    ],
)
async def test_options_are_judged(
    tenant: Tenant, path: str, query: dict[str, str], pointer: str
) -> None:
    """What a KPI cannot honour is refused with its parameter."""
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=OCTOBER | query)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
