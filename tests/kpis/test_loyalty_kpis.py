"""Loyalty and its parts over HTTP, recomputed from the raw answers."""

import random
from statistics import mean, variance
from typing import Any

import pytest
from scipy import stats

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, load, sent
from tests.kpis.instruments import LOYALTY, rating
from tests.responses.builders import publish

Answers = dict[str, Any]


def _random_answers(count: int, seed: int = 2) -> list[Answers]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        mood = rng.random()
        answers = {
            "trust": min(10, 1 + int(10 * mood * rng.random() ** 0.3)),
            "again": min(5, 1 + int(5 * mood)),
            "often": 7 - min(6, int(7 * mood * rng.random() ** 0.2)),
            "recommend": rng.randint(0, 10),
        }
        if rng.random() < 0.2:
            del answers[rng.choice(list(answers))]
        made.append(answers)
    return made


def _indicators(answers: Answers) -> list[float | None]:
    """Trust, repurchase and recommendation by hand, on 0 to 100."""
    trust, again, often, recommend = (
        answers.get(key) for key in ("trust", "again", "often", "recommend")
    )
    return [
        None if trust is None else 100 * (trust - 1) / 9,
        None if again is None or often is None
        else 50 * ((again - 1) / 4 + (7 - often) / 6),
        None if recommend is None else 10 * recommend,
    ]  # fmt: skip


async def test_loyalty_equals_a_recount(tenant: Tenant, database: Database) -> None:
    """The composite, its interval, its parts and alpha, unfolded and folded."""
    survey = await publish(tenant, *LOYALTY)
    given = _random_answers(120)
    responses = [sent(each) for each in given] + [sent({}, status="dismissed")] * 3
    await load(tenant, survey, responses)
    rows = [_indicators(each) for each in given]
    full = [[part for part in row if part is not None] for row in rows if None not in row]
    scores = [mean(row) for row in full]
    low, high = stats.t.interval(0.95, len(scores) - 1, mean(scores), stats.sem(scores))
    columns = list(zip(*full, strict=True))
    alpha = 1.5 * (1 - sum(map(variance, columns)) / variance([sum(row) for row in full]))
    for _ in range(2):
        found = await ask(tenant, "loyalty")
        assert (found["n"], found["unit"]) == (len(scores), "points")
        assert found["value"] == pytest.approx(mean(scores))
        assert found["interval"]["low"] == pytest.approx(low)
        assert found["interval"]["high"] == pytest.approx(high)
        assert found["excluded"]["incomplete"] == 120 - len(scores)
        assert found["excluded"]["dismissed"] == 3
        parts = found["components"]
        assert list(parts) == ["trust", "repurchase", "recommendation", "cronbach_alpha"]
        for place, name in enumerate(("trust", "repurchase", "recommendation")):
            known = [row[place] for row in rows if row[place] is not None]
            assert parts[name]["n"] == len(known)
            assert parts[name]["value"] == pytest.approx(mean(x for x in known if x is not None))
        assert parts["cronbach_alpha"]["value"] == pytest.approx(alpha)
        best = [each["trust"] >= 9 for each in given if "trust" in each]
        assert parts["trust"]["components"]["top_box"]["value"] == pytest.approx(mean(best))
        again = await ask(tenant, "repurchase-intention")
        assert again["value"] == pytest.approx(parts["repurchase"]["value"])
        assert (await ask(tenant, "trust"))["interval"] == parts["trust"]["interval"]
        await fold_all(database, tenant)
    bars = (await ask(tenant, "loyalty/distribution"))["counts"]
    assert sum(bar["n"] for bar in bars if bar["counted"]) == len(scores)


async def test_loyalty_needs_all_three_indicators(tenant: Tenant) -> None:
    """A survey that asks for two of them has the parts, and no composite of another meaning."""
    survey = await publish(tenant, *LOYALTY[:3])
    await load(tenant, survey, [sent(each) for each in (
        {"trust": 10, "again": 5, "often": 1}, {"trust": 1, "again": 5, "often": 1},
    )])  # fmt: skip
    found = await ask(tenant, "loyalty")
    assert (found["value"], found["n"], found["reason"]) == (None, 0, "not_defined")
    assert found["components"]["trust"]["value"] == 50
    assert found["components"]["recommendation"]["reason"] == "not_defined"
    assert found["components"]["cronbach_alpha"]["value"] is None


async def test_who_says_that_they_would_recommend(tenant: Tenant) -> None:
    """The share in the top box of NPS and of other questions on recommendation together."""
    survey = await publish(
        tenant, {"type": "nps", "key": "nps"}, rating("friends", "recommendation", max=5)
    )
    await load(tenant, survey, [
        sent({"nps": nps, "friends": friends}) for nps, friends in ((10, 5), (9, 3), (8, 4), (0, 1))
    ])  # fmt: skip
    found = await ask(tenant, "recommendation-rate")
    assert (found["value"], found["n"]) == (0.5, 8)
    one = await ask(tenant, "recommendation-rate", question="nps")
    assert (one["numerator"]["would_recommend"], one["n"]) == (2, 4)
    wrong = await tenant.client.get("/v1/kpis/recommendation-rate", params={"question": "none"})
    assert wrong.status_code == 422


async def test_loyalty_of_periods_and_groups_is_tested_by_welch(tenant: Tenant) -> None:
    """The change since the period before, and two channels, by Welch's test of the composites."""
    survey = await publish(tenant, *LOYALTY)
    given = _random_answers(60, seed=8)
    before = {"occurred_at": "2026-09-15T12:00:00+08:00"}
    await load(tenant, survey, [
        sent(each, channel="web" if number % 3 else "phone") | (before if number % 2 else {})
        for number, each in enumerate(given)
    ])  # fmt: skip

    def scores(rest: int) -> list[float]:
        rows = [_indicators(each) for number, each in enumerate(given) if number % 2 == rest]
        return [mean(x for x in row if x is not None) for row in rows if None not in row]

    found = await ask(tenant, "loyalty")
    oracle = stats.ttest_ind(scores(0), scores(1), equal_var=False)
    assert found["previous"]["p"] == pytest.approx(oracle.pvalue)
    groups = await ask(tenant, "loyalty/compare", group_by="channel")
    assert groups["overall"]["test"] == "welch_anova"
    assert groups["pairwise"][0]["test"] == "welch"
    assert groups["overall"]["p"] == pytest.approx(groups["pairwise"][0]["p"])
