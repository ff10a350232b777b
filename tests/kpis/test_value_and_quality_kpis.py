"""Customer value and service quality over HTTP, recomputed from the raw answers."""

import random
from statistics import mean
from typing import Any

import pytest
from scipy import stats

from app.db import Database
from app.surveys.questions.base import SERVICE_DIMENSIONS
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, load, sent
from tests.kpis.instruments import EXPECTED, PERCEIVED, POINTS, ROWS, VALUE
from tests.responses.builders import publish

Answers = dict[str, Any]


async def test_value_is_what_is_gained_less_what_it_costs(
    tenant: Tenant, database: Database
) -> None:
    """Per respondent, weighed as declared; both sides and their ratio with a delta interval."""
    survey = await publish(tenant, *VALUE)
    rng = random.Random(6)
    keys = ("staff", "product", "paid", "waiting")
    given = [{key: rng.randint(1, 10) for key in keys} for _ in range(50)]
    partly = [{"staff": 10}, {"paid": 3, "waiting": 4}]
    await load(tenant, survey, [sent(each) for each in [*given, *partly]])
    gains = [100 * (2 * (x["staff"] - 1) + x["product"] - 1) / 27 for x in given]
    costs = [100 * (x["paid"] - 1 + 3 * (x["waiting"] - 1)) / 36 for x in given]
    values = [gain - cost for gain, cost in zip(gains, costs, strict=True)]
    low, high = stats.t.interval(0.95, 49, mean(values), stats.sem(values))
    ratio = mean(gains) / mean(costs)
    rest = [gain - ratio * cost for gain, cost in zip(gains, costs, strict=True)]
    half = stats.t.ppf(0.975, 49) * stats.sem(rest) / mean(costs)
    for _ in range(2):
        found = await ask(tenant, "customer-value")
        assert (found["n"], found["excluded"]["incomplete"]) == (50, 2)
        assert found["value"] == pytest.approx(mean(values))
        assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx((low, high))
        parts = found["components"]
        assert parts["benefit"]["value"] == pytest.approx(mean(gains))
        assert parts["cost"]["value"] == pytest.approx(mean(costs))
        assert parts["cost"]["direction"] == "lower"
        assert list(parts["cost"]["components"]) == ["paid", "waiting"]
        assert parts["ratio"]["value"] == pytest.approx(ratio)
        assert parts["ratio"]["interval"]["method"] == "delta"
        assert parts["ratio"]["interval"]["high"] == pytest.approx(ratio + half)
        await fold_all(database, tenant)


async def test_a_value_that_costs_nothing_has_no_ratio(tenant: Tenant) -> None:
    """All costs at their lowest: the difference is there, the ratio is null with its reason."""
    survey = await publish(tenant, *VALUE)
    free = {"staff": 10, "product": 10, "paid": 1, "waiting": 1}
    await load(tenant, survey, [sent(free), sent(free)])
    found = await ask(tenant, "customer-value")
    assert found["value"] == 100
    ratio = found["components"]["ratio"]
    assert (ratio["value"], ratio["reason"]) == (None, "empty_denominator")
    assert found["warnings"] == ["few_answers", "no_spread"]


def _service(rng: random.Random) -> Answers:
    points = [rng.randint(0, 25) for _ in SERVICE_DIMENSIONS[:4]]
    answers: Answers = {
        "expected": {row["code"]: rng.randint(4, 7) for row in ROWS},
        "perceived": {row["code"]: rng.randint(1, 7) for row in ROWS},
        "points": dict(zip(SERVICE_DIMENSIONS, [*points, 100 - sum(points)], strict=True)),
    }
    for key in ("expected", "points"):
        if rng.random() < 0.15:
            del answers[key]
    return answers


def _by_dimension(ratings: Answers) -> list[float]:
    return [
        mean(ratings[row["code"]] for row in ROWS if row["facet"] == dimension)
        for dimension in SERVICE_DIMENSIONS
    ]


def _gaps(answers: Answers) -> list[float]:
    sides = zip(
        _by_dimension(answers["perceived"]), _by_dimension(answers["expected"]), strict=True
    )
    return [perceived - expected for perceived, expected in sides]


async def test_gaps_equal_a_recount(tenant: Tenant, database: Database) -> None:
    """Overall, weighted by each respondent's points, by dimension; and performance alone."""
    survey = await publish(tenant, EXPECTED, PERCEIVED, POINTS)
    rng = random.Random(12)
    given = [_service(rng) for _ in range(60)]
    await load(tenant, survey, [sent(each) for each in given])
    both = [each for each in given if "expected" in each]
    overall = [mean(_gaps(each)) for each in both]
    weighted = [
        sum(p * gap for p, gap in zip(each["points"].values(), _gaps(each), strict=True)) / 100
        for each in both if "points" in each
    ]  # fmt: skip
    low, high = stats.t.interval(0.95, len(overall) - 1, mean(overall), stats.sem(overall))
    for _ in range(2):
        found = await ask(tenant, "servqual")
        assert found["n"] == len(overall)
        assert found["value"] == pytest.approx(mean(overall))
        assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx((low, high))
        parts = found["components"]
        assert list(parts) == [*SERVICE_DIMENSIONS, "weighted"]
        assert parts["weighted"]["value"] == pytest.approx(mean(weighted))
        assert parts["weighted"]["n"] == len(weighted)
        for place, dimension in enumerate(SERVICE_DIMENSIONS):
            part = parts[dimension]
            paired = stats.ttest_rel(
                [_by_dimension(each["perceived"])[place] for each in both],
                [_by_dimension(each["expected"])[place] for each in both],
            ).confidence_interval(0.95)
            assert part["interval"]["low"] == pytest.approx(paired.low)
            assert part["interval"]["high"] == pytest.approx(paired.high)
            expected = mean(_by_dimension(each["expected"])[place] for each in both)
            assert part["components"]["expectation"]["value"] == pytest.approx(expected)
        alone = await ask(tenant, "servqual", form="servperf")
        performance = [mean(_by_dimension(each["perceived"])) for each in given]
        assert (alone["n"], alone["value"]) == (60, pytest.approx(mean(performance)))
        assert list(alone["components"]) == list(SERVICE_DIMENSIONS)
        await fold_all(database, tenant)


async def test_points_that_do_not_add_up_are_refused(tenant: Tenant) -> None:
    """An allocation of 99 of 100 points is a mistake with a pointer, and counts nowhere."""
    survey = await publish(tenant, POINTS)
    points = dict.fromkeys(SERVICE_DIMENSIONS, 20) | {"empathy": 19}
    answer = await tenant.client.put(
        f"/v1/surveys/{survey}/responses/one", json=sent({"points": points})
    )
    assert answer.status_code == 422
    errors = [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
    assert errors == [("/answers/points", "wrong-sum")]


async def test_gaps_of_different_scales_are_not_added_up(tenant: Tenant) -> None:
    """Points of another scale are other points: no figure, and a warning."""
    ratings = {row["code"]: 3 for row in ROWS}
    surveys = [
        await publish(tenant, EXPECTED | {"max": wide}, PERCEIVED | {"max": wide})
        for wide in (7, 5)
    ]
    for survey in surveys:
        await load(tenant, survey, [sent({"expected": ratings, "perceived": ratings})])
    found = await ask(tenant, "servqual")
    assert (found["value"], found["reason"]) == (None, "not_defined")
    assert found["warnings"] == ["mixed_scales"]
    assert (await ask(tenant, "servqual", survey=surveys[1]))["value"] == 0
