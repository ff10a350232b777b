"""Reputation, brand designation and price sensitivity over HTTP, counted by hand."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import ask, fold_all, load, sent
from tests.kpis.instruments import BRANDS, IMAGE, KNOWS, PRICE
from tests.responses.builders import publish


async def test_reputation_is_of_those_who_know_the_brand(
    tenant: Tenant, database: Database
) -> None:
    """Ratings of people who say that they do not know it are left out, and named."""
    survey = await publish(tenant, KNOWS, IMAGE)
    await load(tenant, survey, [
        sent({"knows": True, "image": 5}),
        sent({"knows": True, "image": 4}),
        sent({"knows": True, "image": 2}),
        sent({"knows": False, "image": 5}),
        sent({"knows": False}),
        sent({"image": 5}),
        sent({"knows": True}),
        sent({"knows": True, "image": "not_applicable"}),
        sent({"knows": True}, status="partial"),
        sent({}, status="dismissed"),
    ])  # fmt: skip
    for _ in range(2):
        found = await ask(tenant, "reputation")
        assert found["value"] == pytest.approx(2 / 3)
        assert found["numerator"] == {"favourable": 2}
        assert found["denominator"] == {"aware": 3}
        assert found["warnings"] == ["few_answers"]
        left_out = {name: n for name, n in found["excluded"].items() if n}
        assert left_out == {"dismissed": 1, "unaware": 2, "incomplete": 2, "not_applicable": 1}
        await fold_all(database, tenant)


async def test_reputation_without_an_awareness_question_says_so(tenant: Tenant) -> None:
    """All ratings count, with a warning."""
    survey = await publish(tenant, IMAGE)
    await load(tenant, survey, [sent({"image": image}) for image in (5, 4, 3, 1)])
    found = await ask(tenant, "reputation")
    assert (found["value"], found["n"]) == (0.5, 4)
    assert "no_awareness_item" in found["warnings"]


async def test_a_brand_named_first_is_a_share_of_all_who_were_asked(tenant: Tenant) -> None:
    """Who names nothing was asked too; a closed survey was not."""
    survey = await publish(tenant, BRANDS)
    await load(tenant, survey, [
        *[sent({"brand": brand}) for brand in ("us", "us", "us-lite", "them", "others")],
        sent({}), sent({}, status="dismissed"), sent({"brand": "us"}, test=True),
    ])  # fmt: skip
    found = await ask(tenant, "brand-designation")
    assert (found["value"], found["n"]) == (0.5, 6)
    limits = proportion_confint(3, 6, method="wilson")
    assert (found["interval"]["low"], found["interval"]["high"]) == pytest.approx(limits)
    assert (found["excluded"]["dismissed"], found["excluded"]["test"]) == (1, 1)
    counts = (await ask(tenant, "brand-designation/distribution"))["counts"]
    counted = {each["code"]: each["n"] for each in counts if each["counted"]}
    assert counted == {"us": 2, "us-lite": 1, "them": 1, "others": 1, "(none)": 1}


async def test_the_curve_of_those_who_would_leave(tenant: Tenant) -> None:
    """The cumulative share at each difference, its interval, and the arc elasticity by hand."""
    survey = await publish(tenant, PRICE)
    answers = ["p5"] * 2 + ["p10"] * 3 + ["p20"] * 1 + ["never"] * 4
    await load(tenant, survey, [sent({"leave": code}) for code in answers])
    found = await ask(tenant, "price-sensitivity")
    assert (found["value"], found["n"], found["direction"]) == (0.5, 10, "lower")
    curve = found["components"]
    assert {percent: part["value"] for percent, part in curve.items()} == {
        "5": 0.2, "10": 0.5, "20": 0.6,
    }  # fmt: skip
    limits = proportion_confint(6, 10, method="wilson")
    last = curve["20"]["interval"]
    assert (last["low"], last["high"]) == pytest.approx(limits)
    elasticity = curve["10"]["components"]["arc_elasticity"]["value"]
    assert elasticity == pytest.approx(((5 - 10) / 7.5) / ((110 - 100) / 105))
    assert (await ask(tenant, "price-sensitivity", at="19"))["value"] == 0.5
    below = await ask(tenant, "price-sensitivity", at="3")
    assert (below["value"], below["reason"]) == (None, "not_defined")


async def test_curves_of_other_differences_meet_where_they_can(tenant: Tenant) -> None:
    """Of 5, 10, 20 and of 10, 30 only 10 is common; the answer says that scales are mixed."""
    other = PRICE | {"choices": [
        {"code": "ten", "label": {"en": "10", "zh-CN": "10"}, "price_difference": 10},
        {"code": "thirty", "label": {"en": "30", "zh-CN": "30"}, "price_difference": 30},
    ]}  # fmt: skip
    for asked, codes in ((PRICE, ("p5", "never")), (other, ("ten", "thirty"))):
        survey = await publish(tenant, asked)
        await load(tenant, survey, [sent({"leave": code}) for code in codes])
    found = await ask(tenant, "price-sensitivity")
    assert list(found["components"]) == ["10"]
    assert (found["value"], found["n"]) == (0.5, 4)
    assert "mixed_scales" in found["warnings"]


async def test_nothing_is_measured_where_nothing_asks(tenant: Tenant) -> None:
    """Each of the KPIs is undefined in a workspace without such questions: null, and why."""
    await publish(tenant)
    for kpi in (
        "loyalty", "trust", "repurchase-intention", "reputation", "brand-designation",
        "price-sensitivity", "customer-value", "servqual",
    ):  # fmt: skip
        found = await ask(tenant, kpi)
        assert (found["value"], found["n"], found["reason"]) == (None, 0, "not_defined"), kpi
