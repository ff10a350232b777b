"""Figures of customers who answer more than once: recounts from the raw answers, over HTTP."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from scipy import stats

from app.db import Database
from app.kpis.catalog import CATALOGUE
from app.kpis.proportions import NpsCounts, nps_difference, nps_interval
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import Sent, ask, change, fold_all, load, sent, submit
from tests.kpis.instruments import (
    BRANDS,
    COMPLAINED,
    EXPECTED,
    IMAGE,
    KNOWS,
    LOYALTY,
    PERCEIVED,
    POINTS,
    PRICE,
    VALUE,
)
from tests.kpis.test_clustered_scores import added_up
from tests.responses.builders import CSAT, NPS, publish

CLUSTERED = {"clustered": "true"}
#: Every KPI whose figures have intervals.
KPIS = [kpi.id for kpi in CATALOGUE if kpi.family == "survey" and kpi.interval != "none"]
TRUST, AGAIN, _, RECOMMEND = LOYALTY
#: Of each kind one: what is asked twice makes two answers of one respondent.
QUESTIONS = (
    CSAT, {"type": "ces", "key": "ces"}, TRUST, AGAIN, RECOMMEND, KNOWS, COMPLAINED, IMAGE, BRANDS,
    PRICE, *VALUE, EXPECTED, PERCEIVED,
)  # fmt: skip


def _visits(count: int, seed: int) -> list[Sent]:
    """Customers who lean to one end of the scale, and some responses without a customer."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        who = rng.choice([*range(12), None])
        nps = min(10, max(0, round(rng.gauss(9 if who is None or who % 3 else 3, 2))))
        fields: dict[str, Any] = {"channel": rng.choice(["web", "phone"])}
        fields |= {} if who is None else {"customer": f"c{who}"}
        fields["occurred_at"] = f"2026-{rng.choice(('09', '10'))}-15T12:00:00+08:00"
        fields["test"] = rng.random() < 0.1
        made.append(sent({"nps": nps}, **fields))
    return made


def _counts(visits: list[Sent], month: str, channel: str | None = None) -> NpsCounts:
    """What counts of a month, and as how many independent answers."""
    by_customer: dict[object, list[int]] = defaultdict(list)
    for place, visit in enumerate(visits):
        counts = visit["occurred_at"].startswith(month) and not visit["test"]
        if counts and channel in {None, visit["channel"]}:
            nps = visit["answers"]["nps"]
            by_customer[visit.get("customer", place)].append((nps > 8) - (nps < 7))
    every = [score for scores in by_customer.values() for score in scores]
    n_effective = added_up(list(by_customer.values())).n_effective
    return NpsCounts(every.count(1), every.count(-1), len(every), n_effective)


def _agrees(found: Mapping[str, Any], counts: NpsCounts) -> None:
    interval = nps_interval(counts)
    assert interval is not None
    assert found["n"] == counts.answered
    assert found["value"] == pytest.approx(counts.value)
    assert found["n_effective"] == pytest.approx(counts.tells_as_much_as)
    assert found["interval"] == {
        "level": 0.95, "method": "adjusted_wald",
        "low": pytest.approx(interval.low), "high": pytest.approx(interval.high),
    }  # fmt: skip


async def test_figures_equal_a_recount_by_customer(tenant: Tenant, database: Database) -> None:
    """In both periods, filtered, grouped and as a trend, folded or not, and after a change."""
    survey = await publish(tenant, NPS)
    visits = _visits(160, 7)
    made = await submit(tenant, survey, visits)
    await change(tenant, made[0], answers={"nps": 0})
    visits[0]["answers"] = {"nps": 0}
    now, before = _counts(visits, "2026-10"), _counts(visits, "2026-09")
    assert now.tells_as_much_as < now.answered / 2
    for _ in range(2):
        found = await ask(tenant, "nps", **CLUSTERED)
        _agrees(found, now)
        assert found["scope"]["clustered"] is True
        changed = nps_difference(now, before)
        assert changed is not None
        assert found["previous"]["p"] == pytest.approx(changed.p)
        assert found["previous"]["interval"]["low"] == pytest.approx(changed.low)
        assert found["previous"]["verdict"] == "too_few"
        groups = (await ask(tenant, "nps/compare", group_by="channel", **CLUSTERED))["groups"]
        for group in groups:
            _agrees(group, _counts(visits, "2026-10", group["member"]))
        _agrees(await ask(tenant, "nps", channel="web", **CLUSTERED),
                _counts(visits, "2026-10", "web"))  # fmt: skip
        months = {"from_": "2026-09-01", "grain": "month"}
        points = (await ask(tenant, "nps/trend", **months, **CLUSTERED))["points"]
        for point, counts in zip(points, (before, now), strict=True):
            _agrees(point, counts)
        plain = await ask(tenant, "nps")
        assert (plain["n_effective"], plain["scope"]["clustered"]) == (plain["n"], False)
        await fold_all(database, tenant)


async def test_pairs_of_groups_are_tested_as_clusters(tenant: Tenant) -> None:
    """What eighty answers seem to prove, four customers on each side do not."""
    survey = await publish(tenant, NPS)
    leaning = {"web": (9, 9, 9, 5), "phone": (9, 9, 3, 3)}
    await load(tenant, survey, [
        sent({"nps": nps}, channel=channel, customer=f"{channel}{number}")
        for channel, scores in leaning.items()
        for number, nps in enumerate(scores)
        for _ in range(20)
    ])  # fmt: skip
    plain = await ask(tenant, "nps/compare", group_by="channel")
    found = await ask(tenant, "nps/compare", group_by="channel", **CLUSTERED)
    assert plain["overall"]["p"] < 0.05 < found["overall"]["p"]
    assert plain["pairwise"][0]["verdict"] == "lower"
    assert found["pairwise"][0]["p"] > 0.05
    assert found["pairwise"][0]["verdict"] == "too_few"
    assert found["pairwise"][0]["difference"] == plain["pairwise"][0]["difference"]


def _figures(found: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The figure and its components, each by its path."""
    yield at, found
    for name, part in found.get("components", {}).items():
        yield from _figures(part, f"{at}/{name}")


def _answer(rng: random.Random, question: Mapping[str, Any]) -> Any:
    if question["type"] == "yes_no":
        return rng.random() < 0.5
    if question["type"] == "single_choice":
        return rng.choice(question["choices"])["code"]
    if question["type"] == "allocation":
        return {each["code"]: 20 for each in question["items"]}
    low, high = question.get("min", 1), question.get("max", 10 if question["type"] == "nps" else 5)
    if question["type"] == "matrix":
        return {row["code"]: rng.randint(low, high) for row in question["rows"]}
    return rng.randint(low, high)


def _people(seed: int, size: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [
        {str(q["key"]): _answer(rng, q) for q in QUESTIONS if rng.random() < 0.9}
        for _ in range(size)
    ]


async def _instruments(tenant: Tenant) -> str:
    asked = [{**each, "required": False} for each in (*QUESTIONS, POINTS)]
    return await publish(tenant, *asked)


async def test_one_answer_of_each_customer_changes_nothing(
    tenant: Tenant, database: Database
) -> None:
    """Every KPI then answers the same with and without clusters, and says so."""
    survey = await _instruments(tenant)
    people = _people(3, 30)
    await load(tenant, survey, [
        sent(each, **({"customer": f"c{place}"} if place % 4 else {}))
        for place, each in enumerate(people)
    ])  # fmt: skip
    await fold_all(database, tenant)
    for kpi in KPIS:
        plain, found = await ask(tenant, kpi), await ask(tenant, kpi, **CLUSTERED)
        for each in (plain, found):
            each.pop("as_of")
            each.pop("scope")
        if kpi == "customer-value":  # a ratio of means is no mean of answers
            found["warnings"].remove("interval_left_out")
            plain["components"]["ratio"]["interval"] = None
        assert found == plain, kpi


async def test_copies_of_answers_widen_every_interval_alike(tenant: Tenant) -> None:
    """Everybody answers three times the same: every figure and component tells of a third.

    With one answer of each customer the intervals are those of the KPI; so are these, of so many
    answers, but for n being known less well.
    """
    survey = await _instruments(tenant)
    people = _people(4, 25)
    await load(tenant, survey, [
        sent(each, customer=f"c{place}") for place, each in enumerate(people) for _ in range(3)
    ])  # fmt: skip
    for kpi in KPIS:
        plain, found = await ask(tenant, kpi), await ask(tenant, kpi, **CLUSTERED)
        for (path, before), (_, after) in zip(_figures(plain), _figures(found), strict=True):
            if before["interval"] is None or (kpi, path) == ("customer-value", "/ratio"):
                continue
            n, customers = before["n"], before["n"] // 3
            assert (after["n"], after["value"]) == (n, before["value"]), (kpi, path)
            known = stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, customers - 1)
            expected = n / ((n - 1) / (customers - 1)) * known**2
            assert after["n_effective"] == pytest.approx(expected), (kpi, path)
            narrow, wide = before["interval"], after["interval"]
            assert wide["method"] == narrow["method"]
            assert wide["low"] <= narrow["low"] <= narrow["high"] <= wide["high"]
            assert (wide["low"], wide["high"]) != (narrow["low"], narrow["high"])


async def test_what_one_person_says_of_two_questions_is_one_cluster(tenant: Tenant) -> None:
    """Without a customer too: both questions of a response are answered by one person."""
    two = await publish(tenant, CSAT, {**CSAT, "key": "also"})
    rng = random.Random(5)
    pairs = [(rng.randint(1, 5), rng.randint(1, 5)) for _ in range(40)]
    await load(tenant, two, [sent({"csat": one, "also": other}) for one, other in pairs])
    found = await ask(tenant, "csat", **CLUSTERED)
    clusters = added_up([[int(one > 3), int(other > 3)] for one, other in pairs])
    assert found["n"] == 80
    assert found["n_effective"] == pytest.approx(clusters.n_effective)


async def test_the_latest_of_each_customer_may_still_cluster_over_surveys(tenant: Tenant) -> None:
    """One answer to each survey: two surveys make two answers of one customer."""
    surveys = [await publish(tenant, NPS) for _ in range(2)]
    rng = random.Random(6)
    latest: dict[str, list[int]] = defaultdict(list)
    for survey in surveys:
        for number in range(20):
            nps = rng.choice((0, 7, 10))
            for day, given in ((10, 5), (20, nps)):
                await load(tenant, survey, [sent(
                    {"nps": given}, customer=f"c{number}",
                    occurred_at=f"2026-10-{day}T12:00:00+08:00",
                )])  # fmt: skip
            latest[f"c{number}"].append((nps > 8) - (nps < 7))
    both = {"dedupe": "latest_per_customer", **CLUSTERED}
    found = await ask(tenant, "nps", **both)
    assert found["n"] == 40
    assert found["n_effective"] == pytest.approx(added_up(list(latest.values())).n_effective)
    one = await ask(tenant, "nps", survey=surveys[0], **both)
    assert one["n_effective"] == one["n"] == 20


async def test_a_single_customer_has_no_interval(tenant: Tenant) -> None:
    """Many answers of one say nothing of others: the value stands alone, with a warning."""
    survey = await publish(tenant, NPS)
    await load(tenant, survey, [sent({"nps": nps}, customer="a") for nps in (9, 9, 3)])
    found = await ask(tenant, "nps", **CLUSTERED)
    assert (found["value"], found["n"], found["interval"]) == (pytest.approx(1 / 3), 3, None)
    assert found["n_effective"] == 1
    assert "interval_left_out" in found["warnings"]
    assert found["previous"]["p"] is None
    nothing = await ask(tenant, "nps", from_="2026-08-01", to="2026-09-01", **CLUSTERED)
    assert (nothing["value"], nothing["interval"], nothing["warnings"]) == (None, None, [])


async def test_figures_that_are_no_means_of_answers_have_no_interval(tenant: Tenant) -> None:
    """Weights from the data, means of items' means: the value stands, its interval does not."""
    items = ({**CSAT, "key": "a"}, {**CSAT, "key": "b"})
    survey = await publish(tenant, *items)
    rng = random.Random(8)
    people = [(rng.randint(1, 5), number % 10) for number in range(60)]
    await load(tenant, survey, [
        sent({"a": a, "b": min(5, a + number % 2)}, customer=f"c{number}") for a, number in people
    ])  # fmt: skip
    for options in ({"missing": "item_means"}, {"weights": "estimated"}):
        plain = await ask(tenant, "satisfaction", survey=survey, **options)
        found = await ask(tenant, "satisfaction", survey=survey, **options, **CLUSTERED)
        assert (plain["interval"] is not None, found["interval"]) == (True, None)
        assert (found["value"], found["n"]) == (plain["value"], plain["n"])
        assert found["warnings"] == [*plain["warnings"], "interval_left_out"]
        item = found["components"]["a"]
        assert item["n_effective"] < item["n"]


async def test_what_is_suppressed_stays_suppressed(app: FastAPI) -> None:
    """A group of too few is told no more by clusters than without them."""
    tenant = await open_tenant(app, "clusters", minimum_cell_size=5)
    async with tenant.client, tenant.public:
        survey = await publish(tenant, NPS)
        await load(tenant, survey, [
            sent({"nps": 9 - number % 3}, channel=channel, customer=f"c{number % 4}")
            for channel, size in (("web", 12), ("phone", 7), ("kiosk", 3))
            for number in range(size)
        ])  # fmt: skip
        plain = await ask(tenant, "nps/compare", group_by="channel")
        found = await ask(tenant, "nps/compare", group_by="channel", **CLUSTERED)
        told = [(each["member"], each["suppressed"], each["n"]) for each in found["groups"]]
        assert told == [(e["member"], e["suppressed"], e["n"]) for e in plain["groups"]]
        assert [each["n_effective"] for each in found["groups"] if each["suppressed"]] == [
            None, None
        ]  # fmt: skip
        assert (await ask(tenant, "nps", channel="kiosk", **CLUSTERED))["suppressed"]


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("nps", "maybe", 422),
        ("nps", "", 422),
        ("nps/distribution", "true", 422),
        ("responses", "true", 422),
        ("complaint-rate", "true", 422),
        ("nps", "false", 200),
        ("nps/trend", "true", 200),
    ],
)
async def test_it_is_asked_only_where_it_means_something(
    tenant: Tenant, path: str, value: str, status: int
) -> None:
    """Anything but a truth value, and figures without intervals, are refused by the parameter."""
    answer = await tenant.client.get(f"/v1/kpis/{path}", params={"clustered": value})
    assert answer.status_code == status
    if status == 422:
        assert [each["pointer"] for each in answer.json()["errors"]] == ["?clustered"]
        assert "maybe" not in answer.text
