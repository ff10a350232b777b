"""The satisfaction index by other weights and with answers missing, from the raw answers."""

import random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, load, sent
from tests.kpis.instruments import rating
from tests.kpis.questions import ROOMS
from tests.responses.builders import publish

Answers = dict[str, Any]
ITEMS = (
    rating("overall", "satisfaction", weight=3885),
    rating("expected", "satisfaction", weight=3190),
    rating("ideal", "satisfaction", min=1, max=7, direction="lower", weight=2925),
)
WEIGHTS = np.array([0.3885, 0.3190, 0.2925])
LATEST = {"dedupe": "latest_per_customer"}


def _given(count: int, gaps: float = 0.0, seed: int = 4) -> list[Answers]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        mood = rng.gauss(6.5, 2)
        answers: Answers = {
            "overall": min(max(round(mood + rng.gauss(0, 1)), 1), 10),
            "expected": min(max(round(mood + rng.gauss(0, 2)), 1), 10),
            "ideal": 8 - min(max(round(0.7 * mood + rng.gauss(0, 1)), 1), 7),
        }
        for key in list(answers):
            if rng.random() < gaps and len(answers) > 1:
                del answers[key]
        made.append(answers)
    return made


def _scores(answers: Answers) -> list[float]:
    """Each item between 0 and 100 by hand; nan where it was left out."""
    nan = float("nan")
    return [
        100 * (answers.get("overall", nan) - 1) / 9,
        100 * (answers.get("expected", nan) - 1) / 9,
        100 * (7 - answers.get("ideal", nan)) / 6,
    ]


def _table(given: list[Answers], *, complete: bool = True) -> "np.ndarray[Any, Any]":
    table = np.array([_scores(each) for each in given])
    return table[~np.isnan(table).any(axis=1)] if complete else table


def _principal(table: "np.ndarray[Any, Any]") -> tuple["np.ndarray[Any, Any]", float]:
    """Weights by numpy: the leading eigenvector over the standard deviations; its share."""
    values, vectors = np.linalg.eigh(np.corrcoef(table, rowvar=False))
    raw = np.abs(vectors[:, -1]) / table.std(axis=0, ddof=1)
    return raw / raw.sum(), values[-1] / values.sum()


async def test_declared_weights_weigh_the_items(tenant: Tenant, database: Database) -> None:
    """The weights of the State of Ohio's survey: value and t interval of the weighted scores."""
    survey = await publish(tenant, *ITEMS)
    given = _given(70, gaps=0.1)
    await load(tenant, survey, [sent(each) for each in given])
    scores = _table(given) @ WEIGHTS
    low, high = stats.t.interval(0.95, len(scores) - 1, scores.mean(), stats.sem(scores))
    plain = _table(given).mean(axis=1)
    for _ in range(2):
        found = await ask(tenant, "satisfaction", weights="given")
        assert (found["n"], found["interval"]["method"]) == (len(scores), "t")
        assert found["value"] == pytest.approx(scores.mean())
        assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx((low, high))
        assert (await ask(tenant, "satisfaction"))["value"] == pytest.approx(plain.mean())
        await fold_all(database, tenant)


async def test_weights_that_are_not_declared_are_equal(tenant: Tenant) -> None:
    """Without weights in the survey `given` is the plain index."""
    survey = await publish(tenant, rating("overall", "satisfaction"))
    await load(tenant, survey, [sent({"overall": score}) for score in (3, 8, 10)])
    assert (await ask(tenant, "satisfaction", weights="given"))["value"] == pytest.approx(200 / 3)


async def test_estimated_weights_are_the_first_principal_component(
    tenant: Tenant, database: Database
) -> None:
    """As numpy has it, from all answers ever; the same weights for every period and group."""
    survey = await publish(tenant, *ITEMS)
    given = _given(80, gaps=0.05)
    early = _given(40, seed=5)
    september = {"occurred_at": "2026-09-10T09:00:00+08:00"}
    await load(tenant, survey, [
        *[sent(each, channel="web" if number % 2 else "phone")
          for number, each in enumerate(given)],
        *[sent(each) | september for each in early],
    ])  # fmt: skip
    weights, share = _principal(_table([*given, *early]))
    scores = _table(given) @ weights
    low, high = stats.t.interval(0.95, len(scores) - 1, scores.mean(), stats.sem(scores))
    before = _table(early) @ weights
    for _ in range(2):
        found = await ask(tenant, "satisfaction", weights="estimated")
        assert found["n"] == len(scores)
        assert found["value"] == pytest.approx(scores.mean())
        assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx((low, high))
        shown = found["components"]["weights"]
        assert shown["value"] == pytest.approx(share)
        assert shown["n"] == len(_table([*given, *early]))
        parts = [shown["components"][key]["value"] for key in ("overall", "expected", "ideal")]
        assert parts == pytest.approx(list(weights))
        assert found["previous"]["value"] == pytest.approx(before.mean())
        welch = stats.ttest_ind(scores, before, equal_var=False)
        assert found["previous"]["p"] == pytest.approx(welch.pvalue)
        groups = await ask(tenant, "satisfaction/compare", weights="estimated", group_by="channel")
        web = _table(given[1::2]) @ weights
        values = {each["member"]: (each["n"], each["value"]) for each in groups["groups"]}
        assert values["web"] == (len(web), pytest.approx(web.mean()))
        trend = await ask(tenant, "satisfaction/trend", weights="estimated", grain="month")
        assert trend["points"][0]["value"] == found["value"]
        await fold_all(database, tenant)


async def test_item_means_keep_those_who_left_items_out(tenant: Tenant) -> None:
    """The weighted mean of item means, and the jackknife's error as an independent judge."""
    survey = await publish(tenant, *ITEMS)
    given = _given(200, gaps=0.2)
    await load(tenant, survey, [sent(each) for each in given])
    table = _table(given, complete=False)
    value = float(np.nanmean(table, axis=0) @ WEIGHTS)
    without = np.array([
        np.nanmean(np.delete(table, place, axis=0), axis=0) @ WEIGHTS
        for place in range(len(table))
    ])  # fmt: skip
    n = len(table)
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    found = await ask(tenant, "satisfaction", weights="given", missing="item_means")
    assert (found["n"], found["interval"]["method"]) == (200, "delta")
    assert found["value"] == pytest.approx(value)
    half = (found["interval"]["high"] - found["interval"]["low"]) / 2
    assert half == pytest.approx(stats.norm.ppf(0.975) * error, rel=0.01)
    assert "incomplete" not in found["excluded"]
    listwise = await ask(tenant, "satisfaction", weights="given")
    assert listwise["value"] != pytest.approx(value)


async def test_complete_answers_make_both_ways_agree(tenant: Tenant) -> None:
    """With nothing missing, item means and listwise are one figure, with one standard error."""
    survey = await publish(tenant, *ITEMS)
    await load(tenant, survey, [sent(each) for each in _given(40)])
    plain = await ask(tenant, "satisfaction")
    means = await ask(tenant, "satisfaction", missing="item_means")
    assert means["value"] == pytest.approx(plain["value"])
    half = (plain["interval"]["high"] - plain["interval"]["low"]) / 2
    error = half / stats.t.ppf(0.975, 39)
    assert means["interval"]["high"] == pytest.approx(
        means["value"] + stats.norm.ppf(0.975) * error
    )


async def test_rows_of_a_matrix_and_doubtful_answers(tenant: Tenant) -> None:
    """Items may be rows; `not_applicable` is no answer; trials and replaced answers are out."""
    survey = await publish(tenant, ROOMS)
    rooms = [(1, 5), (3, 3), (5, 4), (2, "not_applicable")]
    await load(tenant, survey, [
        *[sent({"hotel": {"room": room, "meals": meals}}) for room, meals in rooms],
        sent({"hotel": {"room": 1, "meals": 1}}, test=True),
        sent({"hotel": {"room": 1, "meals": 1}}, customer="a",
             occurred_at="2026-10-02T09:00:00+08:00"),
        sent({"hotel": {"room": 5, "meals": 5}}, customer="a"),
    ])  # fmt: skip
    found = await ask(tenant, "satisfaction", missing="item_means", **LATEST)
    room, meals = [0, 50, 100, 25, 100], [100, 50, 75, 100]
    assert found["n"] == 5
    assert found["value"] == pytest.approx((sum(room) / 5 + sum(meals) / 4) / 2)
    assert found["excluded"]["superseded"] == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([{"overall": 5, "expected": 5, "ideal": 2}] * 40, "no_sound_weights"),
        ([{"overall": n % 10 + 1, "expected": 10 - n % 10, "ideal": n % 7 + 1} for n in range(40)],
         "no_sound_weights"),
        ([{"overall": n, "expected": n, "ideal": 2} for n in range(1, 9)], "too_few_for_weights"),
    ],
)  # fmt: skip
async def test_weights_that_are_not_sound_are_refused(
    tenant: Tenant, given: list[Answers], problem: str
) -> None:
    """Nothing varies, items work against each other, too few: null, and the reason is named."""
    survey = await publish(tenant, *ITEMS)
    await load(tenant, survey, [sent(each) for each in given])
    found = await ask(tenant, "satisfaction", weights="estimated")
    assert (found["value"], found["reason"]) == (None, "not_defined")
    assert problem in found["warnings"]


async def test_two_surveys_have_no_common_weights(tenant: Tenant) -> None:
    """Asked of both, the figure is undefined and says why; of one, it is there."""
    surveys = [await publish(tenant, *ITEMS) for _ in range(2)]
    for survey in surveys:
        await load(tenant, survey, [sent(each) for each in _given(40)])
    both = await ask(tenant, "satisfaction", weights="estimated")
    assert (both["value"], both["reason"]) == (None, "not_defined")
    assert "one_survey_needed" in both["warnings"]
    one = await ask(tenant, "satisfaction", weights="estimated", survey=surveys[0])
    assert one["value"] is not None
