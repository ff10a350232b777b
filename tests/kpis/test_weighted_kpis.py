"""Weighted figures over HTTP: against brute force over single answers, and what is refused."""

import json
import math
import random
from fractions import Fraction
from typing import Any

import pytest

from app.db import Database
from app.kpis import strata
from app.kpis.catalog import CATALOGUE
from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, Sent, ask, change, fold_all, sent, submit
from tests.kpis.instruments import BRANDS, COMPLAINED, IMAGE, LOYALTY, PRICE, VALUE
from tests.kpis.weighing import adjusted_wald, effective, mean, post_stratified, put_scheme, wilson
from tests.responses.builders import CSAT, NPS, publish

TARGETS = {"web": 3, "phone": 2, "email": 5}
QUESTION = NPS | {"required": False}


def _scored(score: int) -> int:
    return (score >= 9) - (score <= 6)


def _people(seed: int, count: int) -> list[Sent]:
    """Answers that differ by channel, some by a channel of which the scheme knows nothing."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        channel = ("web", "phone", "email", "kiosk")[number % 4 if number < 4 else rng.choice(
            (0, 0, 0, 1, 1, 2, 3)
        )]  # fmt: skip
        base = {"web": 3, "phone": 6, "email": 8, "kiosk": 0}[channel]
        answers = {"nps": min(10, base + rng.randrange(6)), "csat": rng.randrange(1, 6)}
        method = rng.choice(("questionnaire", "interview"))
        found.append(sent(answers, channel=channel, method=method))
    return found


def _expected(people: list[Sent], everybody: list[Sent] | None = None) -> dict[str, Any]:
    """The weighted NPS of some of the people, by weights over everybody."""
    channels = [str(each["channel"]) for each in everybody or people]
    weights = post_stratified(channels, TARGETS)
    kept = [each for each in people if each["channel"] in weights]
    own = [weights[str(each["channel"])] for each in kept]
    scores = [_scored(each["answers"]["nps"]) for each in kept]
    n = float(effective(own))
    value = float(mean(scores, own))
    extremes = float(mean([abs(each) for each in scores], own))
    return {
        "value": value, "n": len(kept), "n_effective": n, "total": float(sum(own)),
        "interval": adjusted_wald(value, extremes, n),
    }  # fmt: skip


def _check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["value"] == pytest.approx(expected["value"])
    assert found["n"] == expected["n"]
    assert found["n_effective"] == pytest.approx(expected["n_effective"])
    assert found["weights"]["total"] == pytest.approx(expected["total"])
    effect = found["weights"]["design_effect"]
    assert effect == pytest.approx(expected["n"] / expected["n_effective"])
    limits = (found["interval"]["low"], found["interval"]["high"])
    assert limits == pytest.approx(expected["interval"], abs=1e-9)


@pytest.mark.parametrize("folded", [False, True])
async def test_a_weighted_score_is_that_of_single_answers(
    tenant: Tenant, database: Database, folded: bool
) -> None:
    """Value, numbers and limits; also of groups and of a filter, by the weights of everybody.

    The groups' sums of weights add up to those of the whole. From cells and from rows alike.
    """
    survey = await publish(tenant, QUESTION, CSAT)
    people = _people(1, 90)
    await submit(tenant, survey, people)
    if folded:
        await fold_all(database, tenant)
    await put_scheme(tenant, {"channel": TARGETS})
    whole = await ask(tenant, "nps", weighting="ours")
    _check(whole, _expected(people))
    assert whole["scope"]["weighting"] == {"scheme": "ours", "revision": 1}
    kiosk = sum(each["channel"] == "kiosk" for each in people)
    assert whole["excluded"]["not_in_scheme"] == kiosk > 0
    groups = (await ask(tenant, "nps/compare", weighting="ours", group_by="method"))["groups"]
    for group in groups:
        own = [each for each in people if each["method"] == group["member"]]
        _check(group, _expected(own, people))
        filtered = await ask(tenant, "nps", weighting="ours", method=group["member"])
        _check(filtered, _expected(own, people))
    for name in ("promoters", "detractors"):
        parts = sum(each["numerator"][name] for each in groups)
        assert parts == pytest.approx(whole["numerator"][name])
    assert sum(each["denominator"]["answered"] for each in groups) == pytest.approx(
        whole["denominator"]["answered"]
    )
    by_channel = await ask(tenant, "nps/compare", weighting="ours", group_by="channel")
    for group in by_channel["groups"]:
        plain = await ask(tenant, "nps", channel=group["member"])
        if group["member"] == "kiosk":
            assert (group["value"], group["n"]) == (None, 0)
        else:
            assert group["value"] == pytest.approx(plain["value"])
            assert (group["n"], group["n_effective"]) == (plain["n"], plain["n"])


async def test_a_distribution_counts_answers_and_weighs_shares(tenant: Tenant) -> None:
    """Counts are whole; shares are weighted and add up to 1; what has no weight stands below."""
    survey = await publish(tenant, QUESTION)
    people = [sent({"nps": each["answers"]["nps"]}, channel=each["channel"]) for each in
              _people(2, 60)]  # fmt: skip
    await submit(tenant, survey, people)
    await put_scheme(tenant, {"channel": TARGETS})
    found = await ask(tenant, "nps/distribution", weighting="ours")
    weights = post_stratified([str(each["channel"]) for each in people], TARGETS)
    inside = [each for each in people if each["channel"] in weights]
    for count in found["counts"][:11]:
        chosen = [each for each in inside if str(each["answers"]["nps"]) == count["code"]]
        assert count["n"] == len(chosen)
        held = sum((weights[str(each["channel"])] for each in chosen), Fraction())
        assert count["share"] == pytest.approx(float(held / len(inside)))
    left = {each["code"]: each for each in found["counts"][11:]}
    assert left["not_in_scheme"]["n"] == len(people) - len(inside)
    assert left["not_in_scheme"]["share"] is None
    assert found["n"] == len(inside)


async def test_each_period_is_weighed_by_itself(tenant: Tenant) -> None:
    """The points of a trend, and the period before with the test of the change."""
    survey = await publish(tenant, QUESTION, CSAT)
    months = {"2026-09": _people(3, 60), "2026-10": _people(4, 70)}
    for month, people in months.items():
        for each in people:
            each["occurred_at"] = f"{month}-15T12:00:00+08:00"
        await submit(tenant, survey, people)
    await put_scheme(tenant, {"channel": TARGETS})
    trend = await ask(tenant, "nps/trend", from_="2026-09-01", grain="month", weighting="ours")
    for point, people in zip(trend["points"], months.values(), strict=True):
        _check(point, _expected(people))
    now = await ask(tenant, "nps", weighting="ours")
    before, after = (_expected(people) for people in months.values())
    assert now["previous"]["value"] == pytest.approx(before["value"])
    assert now["previous"]["difference"] == pytest.approx(after["value"] - before["value"])
    assert now["previous"]["n_effective"] == pytest.approx(before["n_effective"])
    # Far apart in number, near in what they tell: both are judged by the smaller number.
    few = min(before["n_effective"], after["n_effective"])
    assert (now["previous"]["verdict"] == "too_few") == (few < 30)


async def test_two_margins_weigh_by_their_table(tenant: Tenant) -> None:
    """Rows of both dimensions are fitted by brute force; the weighted table has both margins."""
    survey = await publish(tenant, QUESTION, CSAT)
    people = [each for each in _people(5, 120) if each["channel"] in {"web", "phone"}]
    await submit(tenant, survey, people)
    margins = {
        "channel": {"web": 30, "phone": 70},
        "method": {"interview": 60, "questionnaire": 40},
    }
    await put_scheme(tenant, margins)
    weights = [1.0] * len(people)
    for _ in range(2_000):
        for dimension, own in margins.items():
            for member, target in own.items():
                chosen = [i for i, each in enumerate(people) if each[dimension] == member]
                held = sum(weights[i] for i in chosen)
                for i in chosen:
                    weights[i] *= target / 100 * len(people) / held
    found = await ask(tenant, "nps", weighting="ours")
    scores = [_scored(each["answers"]["nps"]) for each in people]
    value = sum(map(float.__mul__, weights, map(float, scores))) / sum(weights)
    assert found["value"] == pytest.approx(value, abs=1e-6)
    assert found["n_effective"] == pytest.approx(
        sum(weights) ** 2 / sum(each * each for each in weights), rel=1e-5
    )
    satisfied = await ask(tenant, "csat", weighting="ours", method="interview")
    asked = [
        (each["answers"]["csat"] > 3, weight)
        for each, weight in zip(people, weights, strict=True)
        if each["method"] == "interview"
    ]
    total = math.fsum(weight for _, weight in asked)
    share = sum(weight for best, weight in asked if best) / total
    assert satisfied["value"] == pytest.approx(share, abs=1e-6)
    n = total**2 / sum(weight * weight for _, weight in asked)
    limits = (satisfied["interval"]["low"], satisfied["interval"]["high"])
    assert limits == pytest.approx(wilson(share, n), abs=1e-5)


INSTRUMENT = (QUESTION, CSAT, *LOYALTY, IMAGE, BRANDS, PRICE, *VALUE, COMPLAINED)


def _answers(rng: random.Random) -> dict[str, Any]:
    ten = [each["key"] for each in (*LOYALTY, *VALUE) if each.get("max") == 10]
    return {
        **{key: rng.randrange(1, 11) for key in ten},
        "nps": rng.randrange(11), "csat": rng.randrange(1, 6), "recommend": rng.randrange(11),
        "again": rng.randrange(1, 6), "often": rng.randrange(1, 8), "image": rng.randrange(1, 6),
        "brand": rng.choice(("us", "us-lite", "them", "others")),
        "leave": rng.choice(("p5", "p10", "p20", "never")), "complained": rng.random() < 0.3,
    }  # fmt: skip


def _same(ours: dict[str, Any], theirs: dict[str, Any], where: object) -> None:
    """The value of every part is that of the repeated answers."""
    assert ours["value"] == (None if theirs["value"] is None else pytest.approx(theirs["value"])), (
        where
    )
    for name, part in theirs["components"].items():
        if "components" in part or "value" in part:
            _same(ours["components"][name], {"components": {}} | part, (where, name))


@pytest.mark.parametrize("folded", [False, True])
async def test_every_kpi_is_that_of_repeated_answers(
    tenant: Tenant, database: Database, folded: bool
) -> None:
    """A weight of two beside one of one: as if those had answered twice, in every part."""
    rng = random.Random(6)
    once, twice = await publish(tenant, *INSTRUMENT), await publish(tenant, *INSTRUMENT)
    web = [sent(_answers(rng), channel="web") for _ in range(12)]
    phone = [sent(_answers(rng), channel="phone") for _ in range(9)]
    await submit(tenant, once, [*web, *phone])
    await submit(tenant, twice, [*web, *phone, *phone])
    if folded:
        await fold_all(database, tenant)
    await put_scheme(tenant, {"channel": {"web": 12, "phone": 18}})
    known = 0
    for kpi in CATALOGUE:
        if not kpi.takes_weighting:
            continue
        ours = await ask(tenant, kpi.id, survey=once, weighting="ours")
        theirs = await ask(tenant, kpi.id, survey=twice)
        _same(ours, theirs, kpi.id)
        if ours["n"]:
            known += 1
            # 12 of weight 1 and 9 of weight 2, some of whom answered two questions of a kind.
            assert (ours["n"] % 21, theirs["n"] % 30) == (0, 0), kpi.id
            each_kind = 30 * 30 / (12 + 9 * 4)
            assert ours["n_effective"] == pytest.approx(ours["n"] / 21 * each_kind), kpi.id
        counts = await ask(tenant, f"{kpi.id}/distribution", survey=once, weighting="ours")
        plain = await ask(tenant, f"{kpi.id}/distribution", survey=twice)
        for one, other in zip(counts["counts"], plain["counts"], strict=False):
            assert (one["code"], one["share"]) == (other["code"], pytest.approx(other["share"]))
    assert known >= 9


async def test_a_weighted_figure_is_exact_after_every_edit(
    tenant: Tenant, database: Database
) -> None:
    """Weights and figure follow corrected, dismissed and flagged answers at once."""
    survey = await publish(tenant, QUESTION, CSAT)
    people = _people(7, 40)
    made = await submit(tenant, survey, people)
    await fold_all(database, tenant)
    await put_scheme(tenant, {"channel": TARGETS})
    people[0]["answers"]["nps"] = 10
    await change(tenant, made[0], answers={"nps": 10})
    _check(await ask(tenant, "nps", weighting="ours"), _expected(people))
    await change(tenant, made[1], quality="invalid")
    await change(tenant, made[2], quality="flagged")
    _check(
        await ask(tenant, "nps", weighting="ours", quality="clean"),
        _expected(people[:1] + people[3:]),
    )
    _check(await ask(tenant, "nps", weighting="ours"), _expected(people[:1] + people[2:]))
    await fold_all(database, tenant)
    _check(await ask(tenant, "nps", weighting="ours"), _expected(people[:1] + people[2:]))


async def test_only_the_latest_of_a_customer_is_weighed(tenant: Tenant) -> None:
    """With `dedupe` the weights too are made of the answers that count."""
    survey = await publish(tenant, QUESTION, CSAT)
    people = _people(8, 40)
    early = [
        each | {"customer": f"c{place}", "occurred_at": "2026-10-02T12:00:00+08:00"}
        for place, each in enumerate(people[:10])
    ]
    late = [each | {"customer": f"c{place}"} for place, each in enumerate(people)]
    await submit(tenant, survey, [*early, *late])
    await put_scheme(tenant, {"channel": TARGETS})
    found = await ask(tenant, "nps", weighting="ours", dedupe="latest_per_customer")
    _check(found, _expected(people))
    assert found["excluded"]["superseded"] == 10


async def test_what_cannot_be_weighed_says_why(tenant: Tenant) -> None:
    """Nobody of a stratum, contradicting margins, or a period without any answers."""
    survey = await publish(tenant, QUESTION)
    some = [sent({"nps": 9}, channel="web", method="interview") for _ in range(6)]
    others = [sent({"nps": 3}, channel="phone", method="questionnaire") for _ in range(6)]
    await submit(tenant, survey, [*some, *others])
    await put_scheme(tenant, {"channel": {"web": 1, "email": 1}})
    found = await ask(tenant, "nps", weighting="ours")
    assert (found["value"], found["n"], found["reason"]) == (None, 0, "empty_stratum")
    assert found["previous"]["verdict"] == "too_few"
    tied = {"channel": {"web": 1, "phone": 3}, "method": {"interview": 3, "questionnaire": 1}}
    await put_scheme(tenant, tied)
    found = await ask(tenant, "nps", weighting="ours")
    assert found["reason"] == "weights_not_converged"
    assert found["scope"]["weighting"]["revision"] == 2
    await put_scheme(tenant, {"channel": {"web": 1, "phone": 1}})
    before = await ask(tenant, "nps", from_="2025-01-01", to="2025-02-01", weighting="ours")
    assert (before["value"], before["n"], before["reason"]) == (None, 0, "empty_denominator")


async def test_too_many_strata_are_refused(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme of so many strata, periods and groups that others would wait for it."""
    monkeypatch.setattr(strata, "MOST_STRATA", 3)
    survey = await publish(tenant, QUESTION, CSAT)
    await submit(tenant, survey, _people(9, 20))
    await put_scheme(tenant, {"channel": {"web": 1, "phone": 1}})
    found = await tenant.client.get("/v1/kpis/nps", params={**OCTOBER, "weighting": "ours"})
    assert (found.status_code, found.json()["code"]) == (422, "analysis-too-large")


REFUSED = [
    ("nps?weighting=unknown", "unknown-value"),
    ("nps/trend?weighting=unknown", "unknown-value"),
    ("nps?weighting=a%20b", "invalid-format"),
    ("nps?weighting=", "invalid-format"),
    ("responses?weighting=ours", "unknown-parameter"),
    ("retention?weighting=ours", "unknown-parameter"),
    ("nps?weighting=ours&clustered=true", "invalid-value"),
    ("satisfaction?weighting=ours&weights=estimated", "invalid-value"),
    ("satisfaction?weighting=ours&missing=item_means", "invalid-value"),
]


@pytest.mark.parametrize(("path", "code"), REFUSED)
async def test_what_cannot_be_honoured_is_refused(tenant: Tenant, path: str, code: str) -> None:
    """Unknown schemes, KPIs that are counts or no surveys', and sums that know no strata."""
    await publish(tenant, CSAT)
    await put_scheme(tenant, {"channel": {"web": 1}})
    found = await tenant.client.get(f"/v1/kpis/{path}")
    assert found.status_code in {400, 422}, found.text
    problem = json.loads(found.text)
    assert problem["errors"][0] | {"detail": ""} == {
        "pointer": "?weighting", "code": code, "detail": "",
    }, problem  # fmt: skip
    if code == "invalid-value":
        assert "`weighting`" in problem["errors"][0]["detail"]


async def test_a_target_of_plain_figures_judges_no_weighted_one(tenant: Tenant) -> None:
    """They are figures of another scope; the catalogue says which KPIs may be weighed."""
    survey = await publish(tenant, QUESTION)
    await submit(tenant, survey, [sent({"nps": 9}, channel="web")])
    await put_scheme(tenant, {"channel": {"web": 1}})
    target = {"kpi": "nps", "value": 0.3}
    assert (await tenant.client.put("/v1/targets/t", json=target)).status_code == 201
    assert (await ask(tenant, "nps"))["target"] is not None
    assert (await ask(tenant, "nps", weighting="ours"))["target"] is None
    entries = (await tenant.client.get("/v1/kpis")).json()["data"]
    takes = {each["id"] for each in entries if each["takes_weighting"]}
    assert takes == {kpi.id for kpi in CATALOGUE if kpi.family == "survey"} - {"responses"}


async def test_charts_of_weighted_shares_are_drawn_by_what_they_tell(tenant: Tenant) -> None:
    """The limits of a p-chart are those of each point's effective number; means roll as ever."""
    survey = await publish(tenant, QUESTION, CSAT)
    people = _people(10, 240)
    for place, each in enumerate(people):
        each["occurred_at"] = f"2026-10-{place % 10 + 1:02}T12:00:00+08:00"
    await submit(tenant, survey, people)
    await put_scheme(tenant, {"channel": {"web": 1, "phone": 1, "email": 1}})
    found = await ask(
        tenant, "csat/trend", to="2026-10-11", weighting="ours", control="p_chart", smoothing="3"
    )
    points = found["points"]
    assert len(points) == 10
    told = sum(each["n_effective"] for each in points)
    centre = sum(each["value"] * each["n_effective"] for each in points) / told
    assert found["control"]["centre"] == pytest.approx(centre)
    for point in points:
        assert point["n_effective"] < point["n"]
        reach = 3 * math.sqrt(centre * (1 - centre) / point["n_effective"])
        assert point["control"]["high"] == pytest.approx(min(1, centre + reach))
    assert points[9]["smoothed"] == pytest.approx(
        sum(each["value"] * each["n"] for each in points[7:]) / sum(p["n"] for p in points[7:])
    )
    assert found["trend"]["line"] is not None
