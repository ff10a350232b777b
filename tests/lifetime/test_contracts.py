"""sBG: the published fits, survival by the beta function, residual renewals by 2F1."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import special

from app.lifetime import contracts
from app.lifetime.contracts import Renewal, ShiftedBetaGeometric
from tests.conftest import Tenant

#: Percent of 1,000 customers left after each year (Fader and Hardie, 2007, table 1).
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


def from_survivors(survivors: Sequence[int]) -> list[Renewal]:
    """The opportunities of one cohort, from how many were left after each (first: at the start)."""
    return [
        Renewal(period, before, after)
        for period, (before, after) in enumerate(pairwise(survivors), 1)
    ]


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"), [(REGULAR, 0.7041, 1.1820), (HIGH_END, 0.6681, 3.8061)]
)
def test_published_fits(survivors: list[int], alpha: float, beta: float) -> None:
    """Years one to seven give the published parameters to the digits printed."""
    found = contracts.fit(from_survivors(survivors))
    assert found.converged
    assert [round(float(each), 4) for each in found.values] == [alpha, beta]


def test_survival_is_the_ratio_of_beta_functions() -> None:
    """S(t) = B(alpha, beta + t) / B(alpha, beta)."""
    model = ShiftedBetaGeometric(0.6681, 3.8061)
    for t in range(12):
        ratio = special.beta(model.alpha, model.beta + t) / special.beta(model.alpha, model.beta)
        assert model.survival(t) == pytest.approx(ratio, rel=1e-12)


@pytest.mark.parametrize("discount", [0.01, 0.1, 1.0])
def test_residual_renewals_are_the_published_form(discount: float) -> None:
    """DERL by 2F1 (Fader and Hardie, 2010)."""
    model = ShiftedBetaGeometric(0.6681, 3.8061)
    for n in (1, 2, 8):
        a, b = model.alpha, model.beta
        form = (b + n - 1) / (a + b + n - 1)
        form *= float(special.hyp2f1(1, b + n, a + b + n, 1 / (1 + discount)))
        assert model.residual_renewals(n, discount) == pytest.approx(form, rel=1e-9)


def test_the_margin_multiple_of_one_chance_is_the_sum_of_its_series() -> None:
    """r / (1 + i - r) is what r^t / (1 + i)^t add up to; it is the model's without any spread."""
    for retention, discount in ((0.8, 0.1), (0.3, 1.0), (0.95, 0.01)):
        series = sum((retention / (1 + discount)) ** t for t in range(1, 2_000))
        found = contracts.constant_margin_multiple(retention, discount)
        assert found == pytest.approx(series, rel=1e-9)
        alike = ShiftedBetaGeometric((1 - retention) * 1e9, retention * 1e9)
        assert alike.margin_multiple(discount) == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize(
    ("survivors", "retention", "least"), [(REGULAR, 0.774, 0.13), (HIGH_END, 0.8967, 0.11)]
)
def test_one_chance_for_all_tells_too_little(
    survivors: list[int], retention: float, least: float
) -> None:
    """On the published data the model says more, and the more of those who have stayed longer.

    Fader and Hardie (2010): one retention rate undervalues the customers that there are. The
    model's sum is made here term by term, with survival as a ratio of beta functions.
    """
    opportunities = from_survivors(survivors)
    one = sum(each.renewed for each in opportunities) / sum(each.at_risk for each in opportunities)
    assert one == pytest.approx(retention, abs=5e-4)
    model = ShiftedBetaGeometric.of(contracts.fit(opportunities).values)
    simple = contracts.constant_margin_multiple(one, 0.1)
    series = sum(
        float(special.beta(model.alpha, model.beta + t) / special.beta(model.alpha, model.beta))
        / 1.1**t
        for t in range(1, 400)
    )
    assert model.margin_multiple(0.1) == pytest.approx(series, rel=1e-9)
    assert series / simple - 1 > least
    of_those_who_stay = [model.residual_renewals(n, 0.1) / 1.1 for n in range(1, 9)]
    assert of_those_who_stay == sorted(of_those_who_stay)
    assert of_those_who_stay[-1] > 1.4 * simple


def test_several_cohorts_add_up() -> None:
    """Two cohorts of different ages, by opportunity, fit as one whose counts are their sums."""
    one, two = from_survivors([800, 600, 500]), from_survivors([200, 150])
    together = [Renewal(1, 1_000, 750), Renewal(2, 600, 500)]
    assert contracts.fit(together).values == pytest.approx(
        contracts.fit([*one, *two]).values, rel=1e-6
    )


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"), [(REGULAR, 0.7041, 1.1820), (HIGH_END, 0.6681, 3.8061)]
)
async def test_published_fits_through_the_api(
    tenant: Tenant, drain: Any, survivors: list[int], alpha: float, beta: float
) -> None:
    """The same by POST, the worker's handler, and GET; with a projection beyond the table."""
    asked = {"kind": "sbg", "survivors": survivors, "discount_annual": 10}
    answer = await tenant.client.post("/v1/model-runs", json=asked)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"
    assert await drain() == 1
    run = (await tenant.client.get(answer.headers["Location"])).json()
    assert (run["status"], run["reasons"], run["unit"]) == ("sound", [], "periods")
    found = [round(each["value"], 4) for each in run["purchase_model"]["parameters"]]
    assert found == [alpha, beta]
    assert run["holdout"]["rows"][0]["purchases"] == 7
    assert run["holdout"]["error"] < 0.02
    assert len(run["projection"]) == 17
    constant, model_run = run["constant_retention"], run["projection"][0]
    share = sum(survivors[1:]) / sum(survivors[:-1])
    assert constant["retention"] == pytest.approx(share)
    assert constant["margin_multiple"] == pytest.approx(share / (1.1 - share))
    assert constant["margin_multiple_by_model"] == pytest.approx(
        model_run["residual_renewals"] / 1.1
    )
    assert constant["margin_multiple_by_model"] > constant["margin_multiple"]
    model = ShiftedBetaGeometric(alpha, beta)
    for each in run["projection"]:
        assert each["survival"] == pytest.approx(model.survival(each["period"]), abs=2e-4)
    listed = (await tenant.client.get("/v1/model-runs", params={"kind": "sbg"})).json()
    assert [each["id"] for each in listed["data"]] == [run["id"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"survivors": [1000, 1001, 900, 800]},
        {"survivors": [0, 0, 0, 0]},
        {
            "survivors": [1000, 900, 800, 700],
            "renewals": [{"period": 1, "at_risk": 5, "renewed": 4}] * 3,
        },
        {},
        {"renewals": [{"period": 1, "at_risk": 5, "renewed": 6}] * 3},
        {"renewals": [{"period": 1, "at_risk": 5, "renewed": 4}] * 3},
        {"survivors": [1000, 900, 800, 700], "holdout_periods": 2},
    ],
)
async def test_impossible_counts_are_refused(tenant: Tenant, asked: dict[str, Any]) -> None:
    """More renewals than contracts, nobody at all, both forms or none, too little to fit."""
    answer = await tenant.client.post("/v1/model-runs", json={"kind": "sbg", **asked})
    assert answer.status_code == 422, answer.text


async def test_nobody_ended(tenant: Tenant, drain: Any) -> None:
    """Without an end there is nothing to fit: refused, with the reason."""
    asked = {"kind": "sbg", "survivors": [900, 900, 900, 900]}
    answer = await tenant.client.post("/v1/model-runs", json=asked)
    await drain()
    run = (await tenant.client.get(answer.headers["Location"])).json()
    assert (run["status"], run["reasons"]) == ("refused", ["nobody_ended"])
    assert run["constant_retention"] is None


def test_huge_discount_ends_the_sum() -> None:
    """A discount of 100 % or a chance of nearly one: finite, and found at once."""
    assert np.isfinite(ShiftedBetaGeometric(1e-4, 1e4).residual_renewals(1, 0.01))
