"""Trends and comparisons over HTTP: direction, control charts, rolling means, corrections."""

from datetime import date, timedelta
from typing import Any

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from app.kpis.control_charts import MIN_BASELINE
from tests.conftest import Tenant
from tests.kpis.feedback import ask, load
from tests.responses.builders import NPS, publish

CSAT = {"type": "csat", "key": "csat", "construct": "satisfaction"}


def _week(number: int, score: int, csat: int | None = None) -> dict[str, Any]:
    """A submission in the given week of 2026 (Mondays from 5 January)."""
    day = date(2026, 1, 5) + timedelta(weeks=number)
    answers = {"nps": score} | ({} if csat is None else {"csat": csat})
    return {"answers": answers, "occurred_at": f"{day}T12:00:00+08:00"}


JANUARY = {"from_": "2026-01-05", "to": "2026-02-02", "grain": "week"}


async def test_a_rising_score_has_a_slope(tenant: Tenant) -> None:
    """Four weeks of rising NPS: the slope, Kendall's exact p of 2/24 and Sen's slope are there."""
    survey = await publish(tenant, NPS)
    await load(tenant, survey, [
        _week(week, 10 if number < 3 + 2 * week else 5)
        for week in range(4) for number in range(10)
    ])  # fmt: skip
    found = await ask(tenant, "nps/trend", **JANUARY)
    values = [point["value"] for point in found["points"]]
    assert values == pytest.approx([-0.4, 0.0, 0.4, 0.8])
    trend = found["trend"]
    assert trend["points"] == 4
    assert trend["line"]["method"] == "wls"
    assert trend["line"]["slope"]["value"] == pytest.approx(0.4)
    assert trend["mann_kendall"]["p"] == pytest.approx(2 / 24)
    assert trend["theil_sen"]["slope"]["value"] == pytest.approx(0.4)
    assert found["control"] is None
    assert found["warnings"] == []


async def test_incomplete_and_empty_points_are_in_no_trend(tenant: Tenant) -> None:
    """A week cut short and weeks without answers are points, and no part of the direction."""
    survey = await publish(tenant, NPS)
    await load(tenant, survey, [_week(week, 10) for week in (0, 1, 3)])
    found = await ask(tenant, "nps/trend", from_="2026-01-07", to="2026-02-02", grain="week")
    assert [point["period"]["complete"] for point in found["points"]] == [False, True, True, True]
    assert found["trend"] == {
        "points": 2, "line": None, "mann_kendall": None, "theil_sen": None,
    }  # fmt: skip
    assert found["warnings"] == ["too_few_points"]


async def test_a_p_chart_flags_the_week_that_left_its_limits(tenant: Tenant) -> None:
    """Nine weeks of 60 % and one of 10 %: only that one is out of control, by its own limits."""
    survey = await publish(tenant, NPS, CSAT)
    good = [6] * 4 + [1] + [6] * 5
    await load(tenant, survey, [
        _week(week, 9, 5 if number < best else 1)
        for week, best in enumerate(good) for number in range(10)
    ])  # fmt: skip
    found = await ask(
        tenant, "csat/trend", from_="2026-01-05", to="2026-03-16", grain="week",
        control="p_chart", smoothing="2",
    )  # fmt: skip
    share = sum(good) / 100
    assert found["control"]["centre"] == pytest.approx(share)
    reach = 3 * (share * (1 - share) / 10) ** 0.5
    chart = [point["control"] for point in found["points"]]
    assert chart[0]["low"] == pytest.approx(share - reach)
    assert chart[0]["high"] == pytest.approx(min(share + reach, 1))
    flags = [point["out_of_control"] for point in chart]
    assert flags == [best / 10 < share - reach for best in good]
    assert found["control"]["out_of_control"] == sum(flags)
    means = [point["smoothed"] for point in found["points"]]
    assert means[:5] == [None, *[pytest.approx(0.6)] * 3, pytest.approx(0.35)]


async def test_an_ewma_needs_a_baseline(tenant: Tenant) -> None:
    """A count may have an EWMA chart; with few points there is none, and the answer says so."""
    survey = await publish(tenant, NPS)
    await load(tenant, survey, [_week(week, 9) for week in range(9) for _ in range(week % 3)])
    period = {"from_": "2026-01-05", "grain": "week"}
    long = await ask(tenant, "responses/trend", to="2026-03-09", control="ewma", **period)
    assert long["control"]["method"] == "ewma"
    assert long["control"]["baseline_points"] == 9 >= MIN_BASELINE
    assert [point["control"]["out_of_control"] for point in long["points"]] == [False] * 9
    short = await ask(tenant, "responses/trend", to="2026-02-02", control="ewma", **period)
    assert short["control"] is None
    assert short["warnings"] == ["too_few_points"]


async def test_what_is_no_share_has_no_p_chart(tenant: Tenant) -> None:
    """422 with a pointer; and control charts belong to trends."""
    for path, parameters, pointer in (
        ("nps/trend", {"control": "p_chart"}, "?control"),
        ("nps", {"control": "ewma"}, "?control"),
        ("nps/trend", {"smoothing": "1"}, "?smoothing"),
        ("nps/compare", {"group_by": "channel", "correction": "none"}, "?correction"),
    ):
        answer = await tenant.client.get(f"/v1/kpis/{path}", params=parameters)
        assert answer.status_code in {400, 422}, path
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_groups_are_tested_together_and_by_pairs(tenant: Tenant) -> None:
    """CSAT of three channels: chi-square over all, pairs adjusted by the method asked for."""
    survey = await publish(tenant, NPS, CSAT)
    groups = {"web": (30, 10), "phone": (12, 28), "email": (20, 20)}
    await load(tenant, survey, [
        _week(0, 9, csat) | {"channel": channel}
        for channel, (good, bad) in groups.items()
        for csat in [5] * good + [1] * bad
    ])  # fmt: skip
    period = {"from_": "2026-01-05", "to": "2026-01-12"}
    table = [list(counts) for counts in groups.values()]
    oracle = stats.chi2_contingency(table, correction=False)
    for correction, method in (("holm", "holm"), ("bh", "fdr_bh")):
        found = await ask(
            tenant, "csat/compare", group_by="channel", correction=correction, **period
        )
        assert found["correction"] == correction
        assert found["overall"]["test"] == "chi_square"
        assert found["overall"]["p"] == pytest.approx(oracle.pvalue)
        adjusted = multipletests([each["p"] for each in found["pairwise"]], method=method)[1]
        assert [each["p_adjusted"] for each in found["pairwise"]] == pytest.approx(list(adjusted))
        assert {each["effect"]["name"] for each in found["pairwise"]} == {"cohens_h"}
