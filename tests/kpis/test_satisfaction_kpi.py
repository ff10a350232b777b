"""The satisfaction index over HTTP, recomputed from the raw answers."""

import random
from collections import Counter
from statistics import mean
from typing import Any

import pytest
from scipy import stats

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, sent, submit
from tests.kpis.questions import ROOMS, SCORE, WORRY
from tests.responses.builders import publish


def _close(found: float, expected: float) -> bool:
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def _random_visits(count: int) -> list[dict[str, Any]]:
    rng = random.Random(11)
    visits: list[dict[str, Any]] = []
    for _ in range(count):
        answers: dict[str, Any] = {
            "score": rng.randint(1, 10),
            "worry": rng.randint(1, 7),
            "hotel": {
                "room": rng.randint(1, 5),
                "meals": rng.choice([1, 2, 3, 4, 5, "not_applicable"]),
            },
        }
        if rng.random() < 0.1:
            del answers[rng.choice(["score", "worry"])]
        visits.append(answers)
    return visits


def _index(answers: dict[str, Any]) -> float | None:
    """One respondent's index by hand; None unless all four items are answered."""
    meals = answers["hotel"]["meals"]
    if "score" not in answers or "worry" not in answers or meals == "not_applicable":
        return None
    parts: list[float] = [
        (answers["score"] - 1) / 9,
        (7 - answers["worry"]) / 6,
        (answers["hotel"]["room"] - 1) / 4,
        (meals - 1) / 4,
    ]
    return 100 * mean(parts)


async def test_satisfaction_is_the_listwise_mean_of_all_its_questions(
    tenant: Tenant, database: Database
) -> None:
    """The index and each component equal a recount, before and after folding."""
    survey = await publish(tenant, SCORE, WORRY, ROOMS)
    visits = _random_visits(80)
    responses = [sent(visit) for visit in visits] + [sent({}, status="dismissed")] * 2
    await submit(tenant, survey, responses)
    scores = [score for score in map(_index, visits) if score is not None]
    low, high = stats.t.interval(0.95, len(scores) - 1, mean(scores), stats.sem(scores))
    meals = [visit["hotel"]["meals"] for visit in visits]
    meals = [meal for meal in meals if meal != "not_applicable"]
    for _ in range(2):
        found = await ask(tenant, "satisfaction")
        assert (found["unit"], found["n"]) == ("points", len(scores))
        assert _close(found["value"], mean(scores))
        assert _close(found["interval"]["low"], low)
        assert _close(found["interval"]["high"], high)
        assert found["excluded"]["incomplete"] == 80 - len(scores)
        assert found["excluded"]["dismissed"] == 2
        assert list(found["components"]) == ["score", "worry", "hotel.room", "hotel.meals"]
        part = found["components"]["hotel.meals"]
        assert part["n"] == len(meals)
        assert _close(part["value"], mean(25 * (meal - 1) for meal in meals))
        top = part["components"]["top_box"]
        assert top["value"] == sum(meal >= 4 for meal in meals) / len(meals)
        await fold_all(database, tenant)
    bars = (await ask(tenant, "satisfaction/distribution"))["counts"]
    expected = Counter(min(int(score + 1e-9) // 10, 9) for score in scores)
    assert [bar["n"] for bar in bars if bar["counted"]] == [expected[bar] for bar in range(10)]
