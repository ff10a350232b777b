"""Survey KPIs over time: local days, the period before, trends."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, submit
from tests.responses.builders import NPS, publish

CSAT = {"type": "csat", "key": "csat", "construct": "satisfaction"}


def _at(when: str, nps: int = 9, **answers: int) -> dict[str, object]:
    return {"answers": {"nps": nps} | answers, "occurred_at": when}


async def _ask_both_ways(
    tenant: Tenant, database: Database, expected: Sequence[tuple[dict[str, str], int]]
) -> None:
    """NPS has the number of answers expected of each request, unfolded and folded."""
    for _ in range(2):
        for parameters, n in expected:
            assert (await ask(tenant, "nps", **parameters))["n"] == n, parameters
        await fold_all(database, tenant)


async def test_days_are_those_of_the_zone(tenant: Tenant, database: Database) -> None:
    """23:30 on the last of October in Shanghai is October there, and 15:30 of that day in UTC."""
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [
        _at("2026-10-31T23:30:00+08:00"),
        _at("2026-11-01T00:30:00+08:00"),
        _at("2026-10-01T00:00:00+08:00"),
        _at("2026-09-30T23:59:59.999999+08:00"),
    ])  # fmt: skip
    await _ask_both_ways(
        tenant,
        database,
        [
            ({}, 2),
            ({"tz": "UTC"}, 2),
            ({"tz": "America/New_York"}, 2),
            ({"tz": "America/New_York", "to": "2026-10-31"}, 0),
            ({"from_": "2026-10-31", "to": "2026-11-02"}, 2),
            ({"from_": "2026-10-31"}, 1),
            ({"from_": "2026-11-01", "to": "2026-11-02", "tz": "UTC"}, 0),
            ({"from_": "2026-09-30"}, 3),
        ],
    )


async def test_an_hour_that_comes_twice_is_in_its_day(tenant: Tenant, database: Database) -> None:
    """In Havana 00:30 of 1 November comes twice; both belong to that day, in every reading."""
    zone = {"time_zone": "America/Havana"}
    await tenant.client.patch("/v1/workspaces/current", json=zone)
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [
        _at("2025-11-02T03:30:00Z"),  # 23:30 of 1 November
        _at("2025-11-02T04:30:00Z"),  # 00:30, in summer time
        _at("2025-11-02T05:30:00Z"),  # 00:30 again
    ])  # fmt: skip
    dates = {"from_": "2025-11-02", "to": "2025-11-03"}
    before = {"from_": "2025-11-01", "to": "2025-11-02"}
    elsewhere = {"tz": "America/Havana"}
    await _ask_both_ways(
        tenant, database, [(dates, 2), (before, 1), (dates | elsewhere, 2), (before | elsewhere, 1)]
    )
    await tenant.client.patch("/v1/workspaces/current", json={"time_zone": "Asia/Shanghai"})
    await _ask_both_ways(tenant, database, [(dates | elsewhere, 2), (before | elsewhere, 1)])


def _adjusted(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """Rocks' adjusted score and its squared standard error, written out."""
    p, d, m = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3), n + 3
    return p - d, (p + d - (p - d) ** 2) / m


async def test_the_period_before_is_tested(tenant: Tenant, database: Database) -> None:
    """October against September: difference, interval, p and verdict equal a recount."""
    survey = await publish(tenant, NPS, CSAT)
    october = [_at("2026-10-05T10:00:00+08:00", 10, csat=5)] * 40
    october += [_at("2026-10-31T10:00:00+08:00", 3, csat=2)] * 10
    september = [_at("2026-09-01T10:00:00+08:00", 9, csat=4)] * 20
    september += [_at("2026-09-30T10:00:00+08:00", 0, csat=1)] * 20
    august = [_at("2026-08-31T10:00:00+08:00", 0, csat=1)] * 9
    await submit(tenant, survey, october + september + august)
    await fold_all(database, tenant)

    found = (await ask(tenant, "nps"))["previous"]
    assert found["period"].pop("restated_at") is not None
    assert found["period"] == {
        "from": "2026-09-01", "to": "2026-10-01", "tz": "Asia/Shanghai", "complete": True,
    }  # fmt: skip
    assert (found["value"], found["n"]) == (0, 40)
    assert found["difference"] == pytest.approx(0.6)
    now, before = _adjusted(40, 10, 50), _adjusted(20, 20, 40)
    error = math.sqrt(now[1] + before[1])
    assert found["p"] == pytest.approx(2 * stats.norm.sf((now[0] - before[0]) / error))
    assert found["interval"]["low"] == pytest.approx(
        now[0] - before[0] - stats.norm.ppf(0.975) * error
    )
    assert found["test"] == "nps_two_sample_adjusted_wald"
    assert found["verdict"] == "improved"

    found = (await ask(tenant, "csat"))["previous"]
    low, high = confint_proportions_2indep(40, 50, 20, 40, method="newcomb")
    assert found["interval"]["low"] == pytest.approx(low)
    assert found["interval"]["high"] == pytest.approx(high)
    assert (found["test"], found["verdict"]) == ("newcombe", "improved")

    found = (await ask(tenant, "satisfaction"))["previous"]
    welch = stats.ttest_ind([100] * 40 + [25] * 10, [75] * 20 + [0] * 20, equal_var=False)
    assert found["p"] == pytest.approx(welch.pvalue)
    assert found["difference"] == pytest.approx(85 - 37.5)

    assert (await ask(tenant, "nps", compare="none"))["previous"] is None
    found = (await ask(tenant, "nps", compare="last_year"))["previous"]
    assert (found["period"]["from"], found["value"]) == ("2025-10-01", None)
    found = (await ask(tenant, "nps", from_="2026-10-05", to="2026-10-06"))["previous"]
    assert (found["period"]["from"], found["verdict"]) == ("2026-10-04", "too_few")


async def test_a_period_that_is_running_is_not_complete(tenant: Tenant) -> None:
    """By default: the 30 local days up to today, and the 30 days before them."""
    survey = await publish(tenant, NPS)
    sent = await tenant.client.post(f"/v1/surveys/{survey}/responses", json={"answers": {"nps": 8}})
    assert sent.status_code == 201
    found = (await tenant.client.get("/v1/kpis/nps")).json()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert found["period"]["to"] == (today + timedelta(days=1)).isoformat()
    assert found["period"]["from"] == (today - timedelta(days=29)).isoformat()
    assert (found["period"]["complete"], found["n"]) == (False, 1)
    assert found["previous"]["period"]["to"] == found["period"]["from"]
    first = today.replace(day=1).isoformat()
    following = (today.replace(day=28) + timedelta(days=4)).replace(day=1).isoformat()
    month = await ask(tenant, "nps", from_=first, to=following)
    before = month["previous"]["period"]
    elapsed = datetime.fromisoformat(before["to"]) - datetime.fromisoformat(before["from"])
    assert 0 < elapsed.days <= today.day


async def test_a_trend_has_every_unit_of_the_calendar(tenant: Tenant, database: Database) -> None:
    """Empty units are there without a value; parts of units are marked incomplete."""
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [
        _at("2026-08-15T12:00:00+08:00", 10),
        _at("2026-08-31T23:59:00+08:00", 0),
        _at("2026-10-01T00:00:00+08:00", 9),
        _at("2026-10-10T00:00:00+08:00", 1),
    ])  # fmt: skip
    for _ in range(2):
        found = await ask(tenant, "nps/trend", from_="2026-08-15", to="2026-10-10", grain="month")
        points = [
            (each["period"]["from"], each["value"], each["n"], each["period"]["complete"])
            for each in found["points"]
        ]
        assert points == [
            ("2026-08-15", 0, 2, False),
            ("2026-09-01", None, 0, True),
            ("2026-10-01", 1, 1, False),
        ]
        assert found["points"][1]["reason"] == "empty_denominator"
        weeks = await ask(tenant, "nps/trend", from_="2026-10-05", to="2026-10-19", grain="week")
        assert [each["n"] for each in weeks["points"]] == [1, 0]
        assert all(each["period"]["complete"] for each in weeks["points"])
        days = (await ask(tenant, "responses/trend"))["points"]
        assert len(days) == 31
        assert {each["period"]["from"]: each["value"] for each in days if each["value"]} == {
            "2026-10-01": 1, "2026-10-10": 1,
        }  # fmt: skip
        await fold_all(database, tenant)
