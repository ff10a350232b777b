"""Differences over HTTP: between groups, periods, and the same customers."""

import random
from typing import Any

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.analyses.asking import analyse, choice, refused
from tests.conftest import Tenant
from tests.kpis.feedback import sent, submit
from tests.responses.builders import publish

CSAT = {"type": "csat", "key": "csat"}
PLAN = choice("plan", "basic", "plus", "pro")
_WEIGHTS = {"basic": (4, 4, 3, 2, 1), "plus": (2, 2, 3, 4, 3), "pro": (1, 1, 2, 4, 6)}
EARLY, LATE = "2026-09-10T09:00:00+08:00", "2026-10-10T09:00:00+08:00"


async def _three_plans(tenant: Tenant) -> tuple[str, dict[str, list[int]]]:
    """A survey whose plans differ, and the scores of each."""
    survey = await publish(tenant, CSAT, PLAN)
    rng = random.Random(2)
    scores = {
        plan: rng.choices((1, 2, 3, 4, 5), weights, k=40 + 10 * index)
        for index, (plan, weights) in enumerate(_WEIGHTS.items())
    }
    await submit(
        tenant,
        survey,
        [
            sent({"csat": score, "plan": plan}, metadata={"tier": plan})
            for plan, given in scores.items()
            for score in given
        ],
    )
    return survey, scores


def _pair(found: dict[str, Any], first: str, second: str) -> dict[str, Any]:
    pairs: list[dict[str, Any]] = found["pairs"]
    (pair,) = [each for each in pairs if {each["first"], each["second"]} == {first, second}]
    return pair


async def test_means_of_three_groups(tenant: Tenant) -> None:
    """Welch in all groups and in each pair, Holm's correction (oracles: statsmodels, scipy)."""
    survey, scores = await _three_plans(tenant)
    by = {"kind": "question", "question": "plan"}
    found = await analyse(tenant, "difference", survey=survey, item="csat", by=by)
    assert [group["member"] for group in found["groups"]] == ["pro", "plus", "basic"]
    oracle = anova_oneway(list(scores.values()), use_var="unequal")
    assert found["overall"]["test"] == "welch_anova"
    assert found["overall"]["p"] == pytest.approx(oracle.pvalue, rel=1e-6)
    expected = []
    for pair in found["pairs"]:
        welch = stats.ttest_ind(scores[pair["first"]], scores[pair["second"]], equal_var=False)
        expected.append(welch.pvalue)
        assert pair["evidence"]["p"] == pytest.approx(welch.pvalue, rel=1e-6)
        limits = welch.confidence_interval()
        interval = pair["evidence"]["effects"][0]["interval"]
        assert (interval["low"], interval["high"]) == pytest.approx((limits.low, limits.high))
        assert (pair["n_first"], pair["n_second"]) == (
            len(scores[pair["first"]]),
            len(scores[pair["second"]]),
        )
    adjusted = multipletests(expected, method="holm")[1]
    assert [pair["p_adjusted"] for pair in found["pairs"]] == pytest.approx(list(adjusted))
    assert _pair(found, "pro", "basic")["verdict"] == "higher"


async def test_other_measures_and_a_dimension(tenant: Tenant) -> None:
    """Ranks, best points and distributions by a metadata key (oracles: scipy, statsmodels)."""
    survey, scores = await _three_plans(tenant)
    by = {"kind": "dimension", "dimension": "tier", "members": ["basic", "pro"]}
    ask = {"survey": survey, "item": "csat", "by": by, "correction": "bh"}
    basic, pro = scores["basic"], scores["pro"]
    ranks = await analyse(tenant, "difference", **ask, measure="ranks")
    assert ranks["overall"] is None
    oracle = stats.mannwhitneyu(basic, pro, method="asymptotic")
    assert ranks["pairs"][0]["evidence"]["p"] == pytest.approx(oracle.pvalue, rel=1e-6)
    assert ranks["pairs"][0]["verdict"] == "lower"
    boxes = await analyse(tenant, "difference", **ask, measure="top_box")
    best = [sum(score > 3 for score in given) for given in (basic, pro)]
    low, high = confint_proportions_2indep(
        best[0], len(basic), best[1], len(pro), method="newcomb", compare="diff"
    )
    interval = boxes["pairs"][0]["evidence"]["effects"][0]["interval"]
    assert (interval["low"], interval["high"]) == pytest.approx((low, high))
    spread = await analyse(tenant, "difference", **ask, measure="distribution")
    table = [[given.count(score) for score in range(1, 6)] for given in (basic, pro)]
    chi2 = stats.chi2_contingency(table, correction=False)
    assert spread["overall"]["p"] == pytest.approx(chi2.pvalue, rel=1e-6)
    assert spread["pairs"][0]["verdict"] is None
    kruskal = await analyse(
        tenant, "difference", **ask | {"by": {"kind": "dimension", "dimension": "tier"}},
        measure="ranks",
    )  # fmt: skip
    expected = stats.kruskal(*scores.values())
    assert kruskal["overall"]["statistic"] == pytest.approx(expected.statistic)


async def test_periods_and_small_groups(careful: Tenant) -> None:
    """Periods are groups too; a group below five is named, and neither shown nor tested."""
    survey = await publish(careful, CSAT)
    months = {EARLY: [1, 2, 2, 3, 3, 1], LATE: [4, 5, 5, 4, 5, 4, 5]}
    few = "2026-08-10T09:00:00+08:00"
    await submit(
        careful,
        survey,
        [
            sent({"csat": score}, occurred_at=at)
            for at, given in (months | {few: [1, 5, 5, 5]}).items()
            for score in given
        ],
    )
    spans = [{"from": f"2026-{m:02}-01", "to": f"2026-{m + 1:02}-01"} for m in (8, 9, 10)]
    by = {"kind": "period", "periods": spans}
    found = await analyse(careful, "difference", survey=survey, item="csat", by=by)
    assert [group["n"] for group in found["groups"]] == [None, 6, 7]
    assert found["groups"][0]["suppressed"]
    (pair,) = found["pairs"]
    expected = stats.ttest_ind(months[EARLY], months[LATE], equal_var=False).pvalue
    assert pair["evidence"]["p"] == pytest.approx(expected, rel=1e-6)
    assert pair["verdict"] == "too_few"
    overlapping = by | {"periods": [spans[0], spans[0]]}
    refusal = await refused(careful, "difference", survey=survey, item="csat", by=overlapping)
    assert refusal[1:] == ("invalid-period", [("/by/periods/1/from", "invalid-value")])
    alone = {"kind": "dimension", "dimension": "channel"}
    nobody = await analyse(careful, "difference", survey=survey, item="csat", by=alone)
    assert (nobody["reason"], nobody["pairs"]) == ("too_few_groups", [])
    customer = {"kind": "dimension", "dimension": "customer"}
    assert (await refused(careful, "difference", survey=survey, item="csat", by=customer))[:2] == (
        422,
        "unknown-dimension",
    )


async def test_small_groups_stay_together(careful: Tenant) -> None:
    """A group of too few takes the smallest other along; both are named and not told."""
    survey = await publish(careful, CSAT, PLAN)
    sizes = {"basic": 20, "plus": 8, "pro": 3}
    await submit(
        careful,
        survey,
        [
            sent({"csat": 1 + number % 5, "plan": plan})
            for plan, size in sizes.items()
            for number in range(size)
        ],
    )
    by = {"kind": "question", "question": "plan"}
    found = await analyse(careful, "difference", survey=survey, item="csat", by=by)
    assert [(group["member"], group["n"]) for group in found["groups"]] == [
        ("basic", 20),
        ("plus", None),
        ("pro", None),
    ]
    assert (found["warnings"], found["reason"]) == (["suppressed"], "too_few_groups")


@pytest.mark.parametrize("measure", ["mean", "ranks", "top_box"])
async def test_the_same_customers(tenant: Tenant, measure: str) -> None:
    """The latest answer of each customer in both periods is paired (oracles: scipy)."""
    survey = await publish(tenant, CSAT)
    rng = random.Random(6)
    first = [rng.randint(1, 4) for _ in range(40)]
    second = [min(5, score + rng.choice((0, 0, 1, 1, 2))) for score in first]
    answers = [
        sent({"csat": score}, customer=f"c{number}", occurred_at=at)
        for at, given in ((EARLY, first), (LATE, second))
        for number, score in enumerate(given)
    ]
    older = sent({"csat": 5}, customer="c0", occurred_at="2026-09-02T09:00:00+08:00")
    lonely = [sent({"csat": 1}, customer=f"late{n}", occurred_at=LATE) for n in range(6)]
    nobody = [sent({"csat": 1}, occurred_at=LATE)]
    await submit(tenant, survey, [*answers, older, *lonely, *nobody])
    body = {
        "survey": survey,
        "item": "csat",
        "measure": measure,
        "before": {"from": "2026-09-01", "to": "2026-10-01"},
        "after": {"from": "2026-10-01", "to": "2026-11-01"},
    }
    answer = await tenant.client.post("/v1/analyses/before-after", json=body)
    found = answer.json()
    changes = [y - x for x, y in zip(first, second, strict=True)]
    assert (found["n"], found["only_before"], found["only_after"]) == (40, 0, 6)
    assert found["risen"] == sum(change > 0 for change in changes)
    assert found["before"]["mean"] == pytest.approx(sum(first) / 40)
    gained = sum(x < 4 <= y for x, y in zip(first, second, strict=True))
    expected = {
        "mean": stats.ttest_1samp(changes, 0).pvalue,
        "ranks": found["evidence"]["p"],
        "top_box": stats.binomtest(gained, gained).pvalue,
    }[measure]
    assert found["evidence"]["p"] == pytest.approx(expected, rel=1e-6)
    assert found["verdict"] == "risen"
