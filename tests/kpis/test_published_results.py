"""Published results, reproduced through the API on answers loaded through the API.

Each test names its source; numbers are those printed there.
"""

import csv
import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.kpis.group_tests import all_alike
from app.kpis.means import moments
from tests.conftest import Tenant
from tests.kpis.feedback import Sent, ask, load, sent
from tests.kpis.instruments import rating
from tests.responses.builders import publish

NPS = {"type": "nps", "key": "nps"}
CSAT = {"type": "csat", "key": "csat"}
BANK = Path(__file__).parents[3] / "shared" / "data" / "bank_satisfaction_250.csv"
needs_the_bank = pytest.mark.skipif(
    not BANK.is_file(), reason="the bank's study is not beside the repository"
)


def _scores(promoters: int, passives: int, detractors: int, **fields: Any) -> Iterable[Sent]:
    for score, count in ((10, promoters), (8, passives), (0, detractors)):
        yield from [sent({"nps": score}, **fields)] * count


def _shares(hits: int, total: int, **fields: Any) -> Iterable[Sent]:
    for score, count in ((5, hits), (1, total - hits)):
        yield from [sent({"csat": score}, **fields)] * count


async def test_nps_of_known_shares(tenant: Tenant) -> None:
    """Shares 1/2, 1/3, 1/6: score 1/3, variance 5/9, standard error .041409 of 324 (R, NPS)."""
    survey = await publish(tenant, NPS)
    await load(tenant, survey, _scores(162, 108, 54))
    found = await ask(tenant, "nps", ci_method="wald")
    assert found["value"] == pytest.approx(1 / 3)
    width = found["interval"]["high"] - found["interval"]["low"]
    error = width / 2 / NormalDist().inv_cdf(0.975)
    assert round(error, 6) == 0.041409
    assert error**2 * 324 == pytest.approx(5 / 9)
    assert found["interval"]["method"] == "wald"
    assert (await ask(tenant, "nps"))["interval"]["method"] == "adjusted_wald"


async def test_two_teams_with_nps_0(tenant: Tenant) -> None:
    """One torn (sd of the answers 4.23), one calm (1.17): equal scores, unequal intervals.

    The usual example of what the score alone hides; the two shapes are made here.
    """
    torn = [10] * 3 + [9] * 7 + [2] * 5 + [0] * 5
    calm = [9] * 5 + [8] * 5 + [7] * 5 + [6] * 4 + [5]
    survey = await publish(tenant, NPS)
    await load(tenant, survey, [
        sent({"nps": score}, channel=channel)
        for channel, scores in (("web", torn), ("phone", calm)) for score in scores * 10
    ])  # fmt: skip
    found = await ask(tenant, "nps/compare", group_by="channel")
    groups = {each["member"]: each for each in found["groups"]}
    assert [groups[name]["value"] for name in ("web", "phone")] == [0, 0]
    widths = {
        name: each["interval"]["high"] - each["interval"]["low"] for name, each in groups.items()
    }
    assert widths["web"] > 1.35 * widths["phone"]
    for channel, printed in (("web", 4.23), ("phone", 1.17)):
        counts = (await ask(tenant, "nps/distribution", channel=channel))["counts"]
        spread = moments({int(each["code"]): each["n"] for each in counts if each["counted"]})
        assert spread is not None
        assert spread.standard_deviation == pytest.approx(printed, abs=0.05)
    assert found["pairwise"][0]["p"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("hits", "total", "limits"), [(81, 263, (0.2553, 0.3662)), (0, 20, (0, 0.1611))]
)
async def test_wilson_intervals(
    tenant: Tenant, hits: int, total: int, limits: tuple[float, float]
) -> None:
    """81 of 263 and 0 of 20 (R. G. Newcombe, 1998, table I, method 3)."""
    survey = await publish(tenant, CSAT)
    await load(tenant, survey, _shares(hits, total))
    interval = (await ask(tenant, "csat"))["interval"]
    assert (round(interval["low"], 4), round(interval["high"], 4)) == limits
    assert interval["method"] == "wilson"


async def test_newcombe_intervals(tenant: Tenant) -> None:
    """56 of 70 against 48 of 80: .0524 to .3339 (Newcombe, 1998, table II, method 10).

    As two groups, and as two periods.
    """
    survey = await publish(tenant, CSAT)
    before = {"occurred_at": "2026-09-15T12:00:00+08:00", "channel": "phone"}
    await load(tenant, survey, [*_shares(56, 70, channel="web"), *_shares(48, 80, **before)])
    change = (await ask(tenant, "csat"))["previous"]
    groups = await ask(tenant, "csat/compare", group_by="channel", from_="2026-09-01")
    (pair,) = groups["pairwise"]
    sign = 1 if pair["first"] == "web" else -1
    limits = sorted(sign * pair["interval"][name] for name in ("low", "high"))
    assert [round(limit, 4) for limit in limits] == [0.0524, 0.3339]
    interval = change["interval"]
    assert (round(interval["low"], 4), round(interval["high"], 4)) == (0.0524, 0.3339)
    assert (change["difference"], change["verdict"]) == (pytest.approx(0.2), "improved")


@cache
def _bank() -> list[dict[str, str]]:
    with BANK.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


_LOYAL = {"loy1": "repurchase", "loy2": "recommendation", "loy3": "trust"}


async def _load_bank(tenant: Tenant) -> None:
    """Satisfaction by four items, loyalty by three, image by five; some gave 0 points."""
    names = [f"sat{number}" for number in range(1, 5)]
    images = [f"imag{number}" for number in range(1, 6)]
    survey = await publish(
        tenant,
        *[rating(name, "satisfaction", min=0) for name in names],
        *[rating(name, construct, min=0) for name, construct in _LOYAL.items()],
        *[rating(name, "image", min=0, top_box=[9, 10]) for name in images],
    )
    keys = [*names, *_LOYAL, *images]
    await load(tenant, survey, [
        sent({key: int(row[key]) for key in keys}, metadata={"gender": row["gender"]})
        for row in _bank()
    ])  # fmt: skip


def _column(name: str) -> "np.ndarray[Any, Any]":
    return np.array([float(row[name]) for row in _bank()])


def _index(names: Iterable[str]) -> "np.ndarray[Any, Any]":
    return np.array([10 * _column(name) for name in names]).T


@needs_the_bank
async def test_a_bank_and_its_250_customers(tenant: Tenant) -> None:
    """The study of the R package plspm: index, loyalty, alpha and reputation, as numpy has them."""
    await _load_bank(tenant)
    table = _index(f"sat{number}" for number in range(1, 5))
    scores = table.mean(axis=1)
    found = await ask(tenant, "satisfaction")
    low, high = stats.t.interval(0.95, 249, scores.mean(), stats.sem(scores))
    assert (found["n"], found["value"]) == (250, pytest.approx(scores.mean()))
    assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx((low, high))
    estimated = await ask(tenant, "satisfaction", weights="estimated")
    values, vectors = np.linalg.eigh(np.corrcoef(table, rowvar=False))
    raw = np.abs(vectors[:, -1]) / table.std(axis=0, ddof=1)
    assert estimated["value"] == pytest.approx((table @ (raw / raw.sum())).mean())
    assert estimated["components"]["weights"]["value"] == pytest.approx(values[-1] / 4)
    loyal = _index(_LOYAL)
    alpha = 1.5 * (1 - loyal.var(axis=0, ddof=1).sum() / loyal.sum(axis=1).var(ddof=1))
    loyalty = await ask(tenant, "loyalty")
    assert loyalty["value"] == pytest.approx(loyal.mean())
    assert loyalty["components"]["cronbach_alpha"]["value"] == pytest.approx(alpha)
    image = np.array([_column(f"imag{number}") for number in range(1, 6)])
    reputation = await ask(tenant, "reputation")
    assert (reputation["value"], reputation["n"]) == ((image >= 9).mean(), 1250)
    assert "no_awareness_item" in reputation["warnings"]


@needs_the_bank
async def test_women_and_men_at_the_bank(tenant: Tenant) -> None:
    """The same study by gender: Welch's t as scipy has it, for the pair and for all."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["gender"]})
    await _load_bank(tenant)
    scores = _index(f"sat{number}" for number in range(1, 5)).mean(axis=1)
    women = np.array([row["gender"] == "female" for row in _bank()])
    oracle = stats.ttest_ind(scores[women], scores[~women], equal_var=False)
    found = await ask(tenant, "satisfaction/compare", group_by="gender")
    (pair,) = found["pairwise"]
    assert pair["p"] == pytest.approx(oracle.pvalue)
    assert found["overall"]["p"] == pytest.approx(oracle.pvalue)
    assert found["overall"]["statistic"] == pytest.approx(oracle.statistic**2)
    pooled = np.sqrt(
        ((women.sum() - 1) * scores[women].var(ddof=1)
         + ((~women).sum() - 1) * scores[~women].var(ddof=1)) / 248
    )  # fmt: skip
    d = (scores[women].mean() - scores[~women].mean()) / pooled
    assert abs(pair["effect"]["value"]) == pytest.approx(abs(d))


def test_the_mean_of_many_teams_is_no_evidence() -> None:
    """Two hundred teams of one company: one test of all keeps its promise of 5 %."""
    rng = random.Random(1)
    teams = [
        moments(_histogram([rng.choice([1, 3, 4, 5, 5]) for _ in range(40)])) for _ in range(200)
    ]
    found = all_alike(teams)
    assert found is not None
    assert found.p > 0.001


def _histogram(scores: list[int]) -> dict[int, int]:
    return {score: scores.count(score) for score in set(scores)}
