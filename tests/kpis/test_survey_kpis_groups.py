"""Survey KPIs by groups: filters alone and together, comparisons, other workspaces."""

import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest
from statsmodels.stats.multitest import multipletests

from app.db import Database
from tests.conftest import Tenant
from tests.kpis.feedback import Sent, ask, fold_all, sent, submit
from tests.responses.builders import NPS, publish

CHANNELS = ("web", "mobile", "phone")
METHODS = ("questionnaire", "interview")
BRANCHES = ("north", "south", None)


def _responses(count: int, seed: int = 5) -> list[Sent]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        branch, shop = rng.choice(BRANCHES), rng.choice(["1", "2"])
        metadata = {"shop": shop} | ({"branch": branch} if branch else {})
        channel = rng.choice(CHANNELS)
        score = rng.choice([10, 9, 7, 3] if channel == "web" else [10, 7, 3, 0, 0])
        made.append(
            sent(
                {"nps": score},
                channel=channel,
                method=rng.choice(METHODS),
                language=rng.choice(["en", "zh-CN"]),
                metadata=metadata,
            )
        )
    return made


def _value(response: Sent, dimension: str) -> str:
    """The value of a dimension as the test sent it."""
    if dimension in {"channel", "method", "language"}:
        return str(response[dimension])
    return str(response["metadata"].get(dimension, ""))


def _score(responses: Iterable[Sent]) -> tuple[int, float | None]:
    scores = [each["answers"]["nps"] for each in responses]
    if not scores:
        return 0, None
    balance = sum((score >= 9) - (score <= 6) for score in scores)
    return len(scores), balance / len(scores)


FILTERS: list[dict[str, list[str]]] = [
    {"channel": ["web"]},
    {"channel": ["web", "phone"]},
    {"method": ["interview"]},
    {"branch": ["north"]},
    {"branch": [""]},
    {"language": ["en"]},
    {"shop": ["2"]},
    {"channel": ["phone"], "method": ["interview"]},
    {"channel": ["phone"], "branch": ["south", "north"], "language": ["zh-CN"]},
    {"branch": ["north"], "shop": ["1"]},
    {"branch": ["nowhere"]},
    {"segment": [""]},
]


def _parameters(filters: dict[str, list[str]]) -> dict[str, Any]:
    named: dict[str, Any] = {
        name: values for name, values in filters.items() if name not in {"branch", "shop"}
    }
    others = [f"{name}:{value}" for name, values in filters.items() if name not in named
              for value in values]  # fmt: skip
    return named | ({"filter": others} if others else {})


async def test_filters_select_what_a_recount_selects(tenant: Tenant, database: Database) -> None:
    """Every filter, alone and with others, before and after folding, equals a brute force."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["branch"]})
    survey = await publish(tenant, NPS)
    responses = _responses(120)
    await submit(tenant, survey, responses)
    for _ in range(2):
        for filters in FILTERS:
            chosen = [
                each
                for each in responses
                if all(
                    _value(each, name) in values
                    for name, values in filters.items()
                    if name != "segment"
                )
            ]
            found = await ask(tenant, "nps", **_parameters(filters))
            assert (found["n"], found["value"]) == _score(chosen), filters
            assert found["scope"]["filters"] == filters
        await fold_all(database, tenant)


@pytest.mark.parametrize("group_by", ["channel", "branch", "method", "language"])
async def test_groups_equal_a_recount(tenant: Tenant, database: Database, group_by: str) -> None:
    """Groups by a standard and by a declared dimension, with another filter beside it."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["branch"]})
    survey = await publish(tenant, NPS)
    responses = _responses(100)
    await submit(tenant, survey, responses)
    for _ in range(2):
        for channels in ((), ("web", "mobile")):
            parameters = {"channel": list(channels)} if channels else {}
            found = await ask(tenant, "nps/compare", group_by=group_by, **parameters)
            chosen = [each for each in responses if not channels or each["channel"] in channels]
            expected = {
                member: _score(each for each in chosen if _value(each, group_by) == member)
                for member in {_value(each, group_by) for each in chosen}
            }
            assert {
                each["member"]: (each["n"], each["value"]) for each in found["groups"]
            } == expected
            sizes = [each["n"] for each in found["groups"]]
            assert sizes == sorted(sizes, reverse=True)
        await fold_all(database, tenant)


async def test_pairs_of_groups_are_tested_and_adjusted(tenant: Tenant) -> None:
    """Three groups make three pairs; their p-values are adjusted as statsmodels adjusts them."""
    survey = await publish(tenant, NPS)
    groups = {"web": (30, 5), "phone": (12, 28), "email": (20, 20), "sms": (1, 1)}
    await submit(tenant, survey, [
        sent({"nps": score}, channel=channel)
        for channel, (promoters, detractors) in groups.items()
        for score in [10] * promoters + [0] * detractors
    ])  # fmt: skip
    found = await ask(tenant, "nps/compare", group_by="channel")
    members = [each["member"] for each in found["groups"]]
    assert sorted(members) == sorted(groups)
    pairs = found["pairwise"]
    expected = [set(pair) for pair in itertools.combinations(members, 2)]
    assert [{each["first"], each["second"]} for each in pairs] == expected
    adjusted = multipletests([each["p"] for each in pairs], method="holm")[1]
    assert [each["p_adjusted"] for each in pairs] == pytest.approx(list(adjusted))
    verdicts = {(each["first"], each["second"]): each["verdict"] for each in pairs}
    assert verdicts["phone", "web"] == "lower"
    assert verdicts["email", "sms"] == "too_few"
    assert verdicts["email", "phone"] == "no_evidence_of_difference"
    values = {each["member"]: each["value"] for each in found["groups"]}
    for each in pairs:
        assert each["difference"] == pytest.approx(values[each["first"]] - values[each["second"]])


async def test_only_the_largest_twenty_groups_are_tested(tenant: Tenant) -> None:
    """More groups are all listed; pairs are limited, and the answer says so."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["branch"]})
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [
        sent({"nps": 9}, metadata={"branch": f"b{number % 23}"}) for number in range(46)
    ])  # fmt: skip
    found = await ask(tenant, "nps/compare", group_by="branch")
    assert (len(found["groups"]), len(found["pairwise"])) == (23, 190)
    assert found["warnings"] == ["pairs_limited"]


async def test_the_segment_is_that_of_the_moment_of_answering(tenant: Tenant) -> None:
    """A customer who moves to another segment leaves earlier answers where they were."""
    survey = await publish(tenant, NPS)
    for segment, score in (("gold", 10), ("silver", 0)):
        made = await tenant.client.put("/v1/customers/c1", json={"segment": segment})
        assert made.status_code in {200, 201}, made.text
        await submit(tenant, survey, [sent({"nps": score}, customer="c1")])
    await submit(tenant, survey, [sent({"nps": 8})])
    found = await ask(tenant, "nps/compare", group_by="segment")
    values = {each["member"]: each["value"] for each in found["groups"]}
    assert values == {"gold": 1, "silver": -1, "": 0}
    assert (await ask(tenant, "nps", segment="gold"))["n"] == 1


async def test_another_workspace_sees_nothing(tenant: Tenant, stranger: Tenant) -> None:
    """Figures of one workspace hold nothing of another, whose surveys do not exist for it."""
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [sent({"nps": 10})])
    assert (await ask(tenant, "nps"))["n"] == 1
    assert (await ask(stranger, "nps"))["n"] == 0
    answer = await stranger.client.get("/v1/kpis/nps", params={"survey": survey})
    assert answer.status_code == 404
