"""Describing items over HTTP: recounted from what was sent."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.analyses.asking import analyse, choice, matrix, refused
from tests.conftest import Tenant
from tests.kpis.feedback import change, sent, submit
from tests.responses.builders import publish

CSAT = {"type": "csat", "key": "csat", "allow_not_applicable": True}
SPEND = {"type": "number", "key": "spend"}
PLAN = choice("plan", "basic", "plus", "pro")
USES = {**choice("uses", "mail", "chat", "call"), "type": "multiple_choice"}
AGREE = {"type": "yes_no", "key": "agree"}
SECRET = {"type": "rating", "key": "secret", "min": 1, "max": 5, "personal_data": True}


async def test_items_are_described_as_sent(tenant: Tenant) -> None:
    """Moments, quartiles, shares and exclusions equal a recount of every answer."""
    survey = await publish(tenant, CSAT, SPEND, PLAN, USES, AGREE, matrix("m", "room", "meal"))
    rng = random.Random(1)
    answers: list[dict[str, Any]] = []
    for number in range(90):
        answer: dict[str, Any] = {
            "csat": rng.choice((1, 2, 3, 3, 4, 4, 5, 5, "not_applicable")),
            "spend": round(rng.uniform(0, 100), 2),
            "plan": rng.choice(("basic", "plus")),
            "uses": rng.sample(("mail", "chat", "call"), rng.randint(1, 3)),
            "agree": rng.random() < 0.7,
            "m": {"room": rng.randint(1, 5)},
        }
        if number % 10 == 0:
            del answer["csat"]
        answers.append(answer)
    await submit(tenant, survey, [sent(each) for each in answers])
    for response in await submit(tenant, survey, [sent({"csat": 1, "uses": ["mail", "chat"]})] * 3):
        await change(tenant, response, quality="test")
    names = ["csat", "spend", "plan", "uses", "agree", "m.room", "m.meal"]
    found = await analyse(tenant, "descriptive", survey=survey, items=names)
    items = {each["item"]: each for each in found["items"]}
    scores = [a["csat"] for a in answers if isinstance(a.get("csat"), int)]
    csat = items["csat"]
    assert csat["n"] == len(scores)
    assert csat["mean"] == pytest.approx(np.mean(scores))
    assert csat["standard_deviation"] == pytest.approx(np.std(scores, ddof=1))
    assert csat["skewness"] == pytest.approx(stats.skew(scores, bias=False))
    quartiles = [csat[name] for name in ("lower_quartile", "median", "upper_quartile")]
    assert quartiles == pytest.approx(list(np.quantile(scores, (0.25, 0.5, 0.75))))
    assert csat["excluded"]["skipped"] == 9
    assert csat["excluded"]["not_applicable"] == 81 - len(scores)
    assert csat["excluded"]["test"] == 3
    given = Counter(scores)
    assert {share["code"]: share["n"] for share in csat["shares"]} == {
        str(point): given[point] for point in range(1, 6)
    }
    assert csat["top_box"]["n"] == given[4] + given[5]
    spent = [a["spend"] for a in answers]
    assert items["spend"]["mean"] == pytest.approx(np.mean(spent))
    assert (items["spend"]["shares"], items["spend"]["n"]) == ([], 90)
    assert items["plan"]["mean"] is None
    plans = Counter(a["plan"] for a in answers)
    assert {share["code"]: share["n"] for share in items["plan"]["shares"]} == {
        "basic": plans["basic"], "plus": plans["plus"], "pro": 0,
    }  # fmt: skip
    used = sum("chat" in a["uses"] for a in answers)
    chat = next(share for share in items["uses"]["shares"] if share["code"] == "chat")
    assert (chat["n"], chat["share"]) == (used, pytest.approx(used / 90))
    assert items["uses"]["excluded"]["test"] == 3
    assert items["agree"]["mean"] == pytest.approx(sum(bool(a["agree"]) for a in answers) / 90)
    assert (items["m.room"]["n"], items["m.meal"]["n"]) == (90, 0)
    assert items["m.meal"]["excluded"]["skipped"] == 90
    assert items["m.meal"]["reason"] == "empty_denominator"


async def test_few_answers_are_withheld(careful: Tenant) -> None:
    """Below five there is no figure, nor one that a filter would leave as the rest."""
    survey = await publish(careful, CSAT, PLAN)
    shops = ["north"] * 9 + ["south"] * 7 + ["east"] * 2
    await submit(
        careful,
        survey,
        [
            sent(
                {"plan": "basic"} | ({"csat": 3} if index < 4 else {}),
                metadata={"shop": shop},
                channel="web" if index % 2 else "kiosk",
            )
            for index, shop in enumerate(shops)
        ],
    )

    async def plan_of(**filters: list[str]) -> tuple[bool, int | None]:
        ask = {"survey": survey, "items": ["plan"], "filters": filters}
        (item,) = (await analyse(careful, "descriptive", **ask))["items"]
        return item["suppressed"], item["n"]

    found = await analyse(careful, "descriptive", survey=survey, items=["csat", "plan"])
    csat, plan = found["items"]
    assert csat["suppressed"]
    assert (csat["n"], csat["mean"], csat["median"]) == (None, None, None)
    assert {share["n"] for share in csat["shares"]} == {None}
    assert (plan["n"], plan["suppressed"]) == (18, False)
    assert await plan_of(shop=["north"]) == (False, 9)
    assert await plan_of(shop=["east"]) == (True, None)
    assert await plan_of(shop=["south"]) == (True, None)  # or east would be what is left
    assert await plan_of(shop=["south", "east"]) == (False, 9)
    assert await plan_of(shop=["north", "east"]) == (True, None)
    assert await plan_of(shop=["north"], channel=["web"]) == (True, None)


async def test_one_response_of_each_customer(tenant: Tenant) -> None:
    """Answers of one customer are clustered; with `dedupe` only the latest counts."""
    survey = await publish(tenant, CSAT)
    early, late = "2026-10-02T09:00:00+08:00", "2026-10-20T09:00:00+08:00"
    await submit(
        tenant,
        survey,
        [
            sent({"csat": score}, customer=f"c{number}", occurred_at=at)
            for at, score in ((late, 5), (early, 1))
            for number in range(6)
        ],
    )
    whole = await analyse(tenant, "descriptive", survey=survey, items=["csat"])
    once = await analyse(
        tenant, "descriptive", survey=survey, items=["csat"], dedupe="latest_per_customer"
    )
    assert (whole["clustered"], whole["items"][0]["n"], whole["items"][0]["mean"]) == (True, 12, 3)
    assert (once["clustered"], once["items"][0]["n"], once["items"][0]["mean"]) == (False, 6, 5)


async def test_what_cannot_be_described_is_refused(tenant: Tenant, stranger: Tenant) -> None:
    """Each refusal points at the place in the body."""
    survey = await publish(tenant, CSAT, SECRET, {"type": "long_text", "key": "why"})
    ask = {"survey": survey}
    for name, code in (
        ("secret", "personal-question"),
        ("why", "invalid-value"),
        ("none", "unknown-question"),
    ):
        status, problem, errors = await refused(tenant, "descriptive", **ask, items=["csat", name])
        assert (status, problem) == (422, "invalid-request")
        assert errors == [("/items/1", code)]
    assert (await refused(tenant, "descriptive", **ask, items=["csat", "csat"]))[2] == [
        ("/items/1", "duplicate-item")
    ]
    body = ask | {"items": ["csat"]}
    assert (await refused(stranger, "descriptive", **body))[:2] == (404, "not-found")
    customer = body | {"filters": {"customer": ["x"]}}
    assert (await refused(tenant, "descriptive", **customer))[1:] == (
        "unknown-dimension",
        [("/filters/customer", "unknown-value")],
    )
    fax = body | {"filters": {"channel": ["fax"]}}
    assert (await refused(tenant, "descriptive", **fax))[2] == [
        ("/filters/channel/0", "unknown-value")
    ]
    backwards = body | {"from": "2026-11-02"}
    assert (await refused(tenant, "descriptive", **backwards))[1:] == (
        "invalid-period",
        [("/from", "invalid-value")],
    )
