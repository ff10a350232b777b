"""Every KPI of the catalogue on random data: answers are well formed, and tell of nobody."""

import itertools
import json
import math
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.kpis.catalog import CATALOGUE
from app.kpis.declaration import Kpi
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import OCTOBER, change, sent, submit
from tests.kpis.instruments import (
    BRANDS,
    COMPLAINED,
    EXPECTED,
    IMAGE,
    KNOWS,
    LOYALTY,
    PERCEIVED,
    PRICE,
    VALUE,
)
from tests.responses.builders import CSAT, NPS, publish

QUESTIONS = (
    NPS, CSAT, *LOYALTY, KNOWS, COMPLAINED, IMAGE, BRANDS, PRICE, *VALUE, EXPECTED, PERCEIVED,
)  # fmt: skip
VALUES = {
    "channel": ("web", "phone"),
    "method": ("questionnaire", "interview"),
    "language": ("en", "zh-CN"),
    "version": ("1",),
    "segment": ("gold", "basic"),
    "key_account_type": ("group", "strategic"),
    "category": ("delivery", "price"),
    "severity": ("low", "high"),
    "campaign": ("spring", "autumn"),
    "kind": ("paid", "organic"),
}
MINIMUM = 5


@pytest.fixture(params=[(1, 0), (2, 3), (3, 40)], ids=["nothing", "few", "some"])
async def shop(app: FastAPI, request: pytest.FixtureRequest) -> AsyncIterator[Tenant]:
    """A workspace with a minimum of 5, and random answers, orders and complaints."""
    seed, size = request.param
    tenant = await open_tenant(app, f"every-{seed}", minimum_cell_size=MINIMUM)
    rng = random.Random(seed)
    await _ask_people(tenant, rng, size)
    await _sell(tenant, rng, size)
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()


async def _ask_people(tenant: Tenant, rng: random.Random, size: int) -> None:
    survey = await publish(tenant, *({**each, "required": False} for each in QUESTIONS))
    people = [
        sent(
            {str(q["key"]): _answer(rng, q) for q in QUESTIONS if rng.random() < 0.8},
            channel=rng.choice(VALUES["channel"]),
            method=rng.choice(VALUES["method"]),
            language=rng.choice(VALUES["language"]),
        )
        for _ in range(size)
    ]
    made = await submit(tenant, survey, people)
    for response in made[: size // 10]:
        await change(tenant, response, quality=rng.choice(["flagged", "invalid"]))


def _answer(rng: random.Random, question: dict[str, Any]) -> Any:
    if question["type"] == "yes_no":
        return rng.random() < 0.5
    if question["type"] == "single_choice":
        return rng.choice(question["choices"])["code"]
    low, high = question.get("min", 1), question.get("max", 5)
    if question["type"] == "nps":
        low, high = 0, 10
    if question["type"] == "matrix":
        return {row["code"]: rng.randint(low, high) for row in question["rows"]}
    return rng.randint(low, high)


async def _sell(tenant: Tenant, rng: random.Random, size: int) -> None:
    async def put(path: str, body: dict[str, Any]) -> None:
        answer = await tenant.client.put(path, json=body)
        assert answer.status_code in {200, 201}, answer.text

    customers = [f"c{number}" for number in range(max(1, size // 2) if size else 0)]
    for name in customers:
        fields: dict[str, Any] = {
            "segment": rng.choice([*VALUES["segment"], None]),
            "key_account_type": rng.choice([*VALUES["key_account_type"], None]),
            "acquisition_channel": rng.choice(VALUES["channel"]),
        }
        await put(f"/v1/customers/{name}", {k: v for k, v in fields.items() if v})
    for number in range(size):
        day = f"2026-{rng.choice(['08', '09', '10'])}-{rng.randint(1, 28):02}"
        amount = f"{rng.randint(0, 99)}.50"
        order = {"customer": rng.choice(customers), "ordered_on": day, "amount": amount}
        said = {"currency": "CNY", "asked_for_brand": rng.choice([True, False, None])}
        await put(f"/v1/orders/o{number}", order | said)
    for _ in range(size // 2):
        complaint = {
            "kind": "complaint",
            "channel": rng.choice(VALUES["channel"]),
            "description": "It broke.",
            "customer": rng.choice(customers),
            "category": rng.choice(VALUES["category"]),
            "severity": rng.choice(VALUES["severity"]),
            "occurred_at": f"2026-10-{rng.randint(1, 28):02}T09:00:00+08:00",
        }
        answer = await tenant.client.post("/v1/complaints", json=complaint)
        assert answer.status_code == 201, answer.text


def _questions(kpi: Kpi) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every view of a KPI: whole, by one filter, by two, and groups with and without a filter."""
    names = [name for name in kpi.dimensions if name != "*"]
    filters = [{}, *({name: VALUES[name][0]} for name in names)]
    filters += [
        {one: VALUES[one][0], other: VALUES[other][-1]}
        for one, other in itertools.combinations(names, 2)
    ]
    for each in filters:
        yield "", each
    for each in filters[:2]:
        yield "/trend", each | {"grain": "month"}
    for by in names:
        yield "/compare", {"group_by": by}
    if len(names) > 1:
        yield "/compare", {"group_by": names[0], names[1]: VALUES[names[1]][0]}
    if kpi.has_distribution:
        yield "/distribution", {}


async def _ask(tenant: Tenant, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    own = {"channel", "method", "segment", "version", "language", "group_by", "grain"}
    named: dict[str, Any] = {name: value for name, value in asked.items() if name in own}
    others = [f"{name}:{value}" for name, value in asked.items() if name not in own]
    query = OCTOBER | {"from": "2026-09-01"} | named | ({"filter": others} if others else {})
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=query)
    assert answer.status_code == 200, (path, asked, answer.text)

    def refuse(token: str) -> None:
        raise AssertionError((path, asked, token))

    found: dict[str, Any] = json.loads(answer.text, parse_constant=refuse)
    return found


def _parts(found: Any) -> Iterator[dict[str, Any]]:
    """Everything in an answer that has a value and says what it stands on."""
    if isinstance(found, dict):
        if {"value", "n", "interval"} <= found.keys():
            yield found
        for each in found.values():
            yield from _parts(each)
    elif isinstance(found, list):
        for each in found:
            yield from _parts(each)


def _check(part: dict[str, Any], where: object) -> None:
    value, interval = part["value"], part["interval"]
    assert part.get("n_effective", part["n"]) == part["n"], where
    if value is not None:
        assert part["n"] is not None, where
        assert math.isfinite(value), where
    if part.get("suppressed"):
        assert (value, part["n"], interval) == (None, None, None), where
        assert not any(part[name] for name in ("numerator", "excluded", "components")), where
    if value is None and "reason" in part:
        assert part["reason"] is not None, where
    if interval is not None:
        assert interval["method"], where
        assert -math.inf < interval["low"] <= interval["high"] < math.inf, where


@pytest.mark.parametrize("family", ["survey", "complaints", "customers"])
async def test_every_answer_is_well_formed(shop: Tenant, family: str) -> None:
    """No NaN, no value without n, a reason for none; narrowed figures never tell of 1 to 4.

    Plain answers tell as much as there are of them.
    """
    for kpi in CATALOGUE:
        if kpi.family != family:
            continue
        for view, query in _questions(kpi):
            found = await _ask(shop, f"{kpi.id}{view}", query)
            where = (kpi.id, view, query)
            for part in _parts(found):
                _check(part, where)
            narrowed = query.keys() - {"grain", "version"} and query.get("group_by") != "version"
            if not narrowed or not kpi.tells_of_people or kpi.id == "complaint-rate":
                continue
            for figure in (found, *found.get("groups", ()), *found.get("points", ())):
                n = figure.get("n")
                assert n is None or n == 0 or n >= MINIMUM, (where, n)
