"""One answer a customer: figures of the latest responses, counted from the rows."""

import random
from collections import Counter
from typing import Any

from fastapi import FastAPI

from app.db import Database
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import Sent, ask, fold_all, load, sent
from tests.responses.builders import NPS, publish

LATEST = {"dedupe": "latest_per_customer"}


def _visits(count: int) -> list[Sent]:
    rng = random.Random(17)
    made = []
    for number in range(count):
        customer = rng.choice(["a", "b", "c", "d", None])
        fields: dict[str, Any] = {"customer": customer} if customer else {}
        fields["occurred_at"] = f"2026-{rng.choice((9, 10))}-{rng.randint(10, 28)}T12:00:00+08:00"
        fields["occurred_at"] = fields["occurred_at"].replace("-9-", "-09-")
        fields |= {"channel": rng.choice(["web", "phone"]), "test": rng.random() < 0.1}
        answers = {"nps": rng.randint(0, 10)}
        if number % 9 == 0:
            answers, fields["status"] = {}, "dismissed"
        made.append(sent(answers, **fields))
    return made


def _latest(visits: list[Sent], month: str) -> tuple[list[Sent], int]:
    """What counts of a month, and how many were replaced; later lines of one instant win."""
    kept: dict[object, tuple[tuple[str, int], Sent]] = {}
    counting = 0
    for place, visit in enumerate(visits):
        if not visit["occurred_at"].startswith(month) or visit["test"] or "status" in visit:
            continue
        counting += 1
        key, age = visit.get("customer", place), (visit["occurred_at"], place)
        if key not in kept or age > kept[key][0]:
            kept[key] = (age, visit)
    return [visit for _, visit in kept.values()], counting - len(kept)


async def test_the_latest_response_of_each_customer_counts(
    tenant: Tenant, database: Database
) -> None:
    """Equal to a recount in both periods, alone, filtered and grouped; the rest is named."""
    survey = await publish(tenant, NPS)
    visits = _visits(80)
    for visit in visits:  # one by one, so that of one instant the later has the later id
        await load(tenant, survey, [visit])
    now, replaced = _latest(visits, "2026-10")
    before, _ = _latest(visits, "2026-09")
    for _ in range(2):
        found = await ask(tenant, "nps", **LATEST)
        assert found["n"] == len(now)
        assert found["excluded"]["superseded"] == replaced
        assert found["scope"]["dedupe"] == "latest_per_customer"
        assert found["previous"]["n"] == len(before)
        counts = (await ask(tenant, "nps/distribution", **LATEST))["counts"]
        given = Counter(str(visit["answers"]["nps"]) for visit in now)
        assert {
            each["code"]: each["n"] for each in counts if each["n"] and each["counted"]
        } == given
        groups = await ask(tenant, "nps/compare", group_by="channel", **LATEST)
        channels = Counter(visit["channel"] for visit in now)
        assert {each["member"]: each["n"] for each in groups["groups"]} == channels
        one = await ask(tenant, "nps", channel="web", **LATEST)
        assert one["n"] == channels["web"]
        assert (await ask(tenant, "nps"))["n"] == len(now) + replaced
        await fold_all(database, tenant)


async def test_each_survey_and_each_point_has_its_own_latest(tenant: Tenant) -> None:
    """An answer to another survey replaces nothing; a trend takes the latest of each week."""
    surveys = [await publish(tenant, NPS) for _ in range(2)]
    for survey in surveys:
        await load(tenant, survey, [
            sent({"nps": nps}, customer="a", occurred_at=f"2026-10-{day:02d}T09:00:00+08:00")
            for day, nps in ((5, 0), (6, 10), (13, 9))
        ])  # fmt: skip
    assert (await ask(tenant, "nps", **LATEST))["n"] == 2
    period = {"from_": "2026-10-05", "to": "2026-10-19", "grain": "week"}
    points = (await ask(tenant, "nps/trend", **period, **LATEST))["points"]
    assert [(point["n"], point["value"]) for point in points] == [(2, 1), (2, 1)]


async def test_answers_that_were_replaced_are_not_told_by_subtraction(app: FastAPI) -> None:
    """Where two answers of a channel were replaced, its figure of the latest is withheld."""
    tenant = await open_tenant(app, "replaced", minimum_cell_size=5)
    async with tenant.client, tenant.public:
        survey = await publish(tenant, NPS)
        await load(tenant, survey, [
            *[sent({"nps": 9}, channel=channel, customer=f"{channel}{number}")
              for channel in ("web", "phone") for number in range(8)],
            *[sent({"nps": 0}, channel="web", customer="web1")] * 2,
        ])  # fmt: skip
        assert (await ask(tenant, "nps", channel="web"))["n"] == 10
        assert (await ask(tenant, "nps", channel="web", **LATEST))["suppressed"]
