"""The cells: equal to a recount at every moment."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.db import Database
from app.responses.cells import Slice, histogram
from app.responses.fold import fold
from tests.conftest import Tenant
from tests.responses.builders import answer, publish

ZONE = ZoneInfo("Asia/Shanghai")
CHANNELS = ("web", "mobile", "phone")


async def _fold(database: Database, tenant: Tenant) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await fold(session, tenant.workspace.id)


async def _counted(
    database: Database, tenant: Tenant, by: str | None = None, **filters: tuple[str, ...]
) -> Counter[tuple[str, str, str]]:
    start = date(2024, 1, 1)
    wanted = Slice(
        tenant.workspace.id, start, start + timedelta(days=2_000), "Asia/Shanghai", filters=filters
    )
    async with database.snapshot() as session:
        found = await histogram(session, wanted, by=by)
    return Counter(
        {(each.member, each.question, f"{each.code}|{each.quality}"): each.n for each in found}
    )


def _recounted(
    responses: list[dict[str, Any]], by: str | None = None, **filters: tuple[str, ...]
) -> Counter[tuple[str, str, str]]:
    """The same from the responses as the API shows them, without tallies: brute force."""
    count: Counter[tuple[str, str, str]] = Counter()
    for each in responses:
        values = {"channel": each["channel"], "branch": each["metadata"].get("branch", "")}
        if any(values[name] not in allowed for name, allowed in filters.items()):
            continue
        member, quality = (values[by] if by else ""), each["quality"]
        answers, partial = each["answers"], each["status"] == "partial"
        count[member, "@responses", f"{each['status']}|{quality}"] += 1
        csat = answers.get("csat")
        for question in ("nps", "csat", "why"):
            value = answers.get(question)
            if value is not None:
                code = "~answered" if question == "why" else str(value)
                code = "~not_applicable" if value == "not_applicable" else code
                count[member, question, f"{code}|{quality}"] += 1
            elif not partial:
                count[member, question, f"~skipped|{quality}"] += 1
        for reason in answers.get("reasons", []):
            count[member, "reasons", f"{reason}|{quality}"] += 1
        if "reasons" in answers or not partial:
            code = "~answered" if "reasons" in answers else "~skipped"
            count[member, "reasons", f"{code}|{quality}"] += 1
        if isinstance(csat, int):
            score = {1: "0/1", 2: "1/4", 3: "1/2", 4: "3/4", 5: "1/1"}[csat]
            count[member, "@satisfaction", f"{score}|{quality}"] += 1
        elif not partial:
            count[member, "@satisfaction", f"~incomplete|{quality}"] += 1
    return count


async def _all(tenant: Tenant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = (await tenant.client.get("/v1/responses", params=parameters)).json()
        found += page["data"]
        cursor = page["next_cursor"]
    return found


def _random_answer(rng: random.Random) -> dict[str, Any]:
    sent = answer(rng.randrange(11), channel=rng.choice(CHANNELS))
    sent["answers"]["csat"] = rng.choice([1, 2, 3, 4, 5, "not_applicable"])
    if rng.random() < 0.5:
        sent["answers"]["reasons"] = rng.choice([["price"], ["speed", "price"]])
    if rng.random() < 0.3:
        del sent["answers"]["nps"]
        sent["status"] = "partial"
    if rng.random() < 0.7:
        sent["metadata"] = {"branch": rng.choice(["east", "west"])}
    days = timedelta(days=rng.randrange(20))
    return sent | {"occurred_at": (datetime.now(UTC) - days).isoformat()}


async def _change_one(tenant: Tenant, rng: random.Random, made: list[str]) -> httpx.Response:
    change = rng.choice(
        [
            {"answers": {"nps": rng.randrange(11)}},
            {"quality": rng.choice(["invalid", "duplicate", "ok"])},
            {"answers": {"csat": rng.choice([1, 5])}},
            {"remove": ["csat"]},
        ]
    )
    return await tenant.client.patch(rng.choice(made), json=change)


async def test_cells_equal_a_recount_under_any_order_of_events(
    tenant: Tenant, database: Database
) -> None:
    """Submissions, changes and folds in random order: cells plus tail are the rows, always."""
    survey = await publish(tenant)
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["branch"]})
    rng = random.Random(7)
    made: list[str] = []
    for step in range(150):
        move = rng.random()
        if move < 0.6 or not made:
            sent = await tenant.client.post(
                f"/v1/surveys/{survey}/responses", json=_random_answer(rng)
            )
            assert sent.status_code == 201, sent.text
            made.append(sent.headers["location"])
        elif move < 0.9:
            assert (await _change_one(tenant, rng, made)).status_code in {200, 422}
        else:
            await _fold(database, tenant)
        if step % 10 == 0:
            assert await _counted(database, tenant) == _recounted(await _all(tenant))
    for _ in range(2):
        responses = await _all(tenant)
        for by, filters in (
            ("channel", {}),
            ("branch", {}),
            (None, {"channel": ("web", "phone")}),
            ("channel", {"branch": ("east",)}),
            (None, {"branch": ("", "west"), "channel": ("web",)}),
        ):
            counted = await _counted(database, tenant, by, **filters)
            assert counted == _recounted(responses, by, **filters)
        await _fold(database, tenant)


async def test_days_are_local(tenant: Tenant, database: Database) -> None:
    """23:30 and 00:30 in Shanghai are two days there and one in UTC, folded or not."""
    survey = await publish(tenant)
    day = datetime.now(ZONE).replace(hour=0, minute=30, second=0, microsecond=0)
    day -= timedelta(days=3)
    for at in (day, day - timedelta(hours=1)):
        sent = answer(9, occurred_at=at.isoformat())
        await tenant.client.post(f"/v1/surveys/{survey}/responses", json=sent)
    for _ in range(2):
        for zone, expected in (("Asia/Shanghai", {1: 1, 2: 1}), ("UTC", {1: 2})):
            first = (day - timedelta(days=1)).date()
            start, end = first, first + timedelta(days=2)
            wanted = Slice(tenant.workspace.id, start, end, zone, questions=("nps",))
            async with database.snapshot() as session:
                found = await histogram(session, wanted, buckets=[start, start + timedelta(days=1)])
            assert {each.bucket: each.n for each in found} == expected
        await _fold(database, tenant)


async def test_a_changed_time_zone_rebuilds_the_cells(tenant: Tenant, database: Database) -> None:
    """After the change figures are right at once; the next fold builds the cells anew."""
    survey = await publish(tenant)
    for score in range(11):
        await tenant.client.post(f"/v1/surveys/{survey}/responses", json=answer(score))
    await _fold(database, tenant)
    before = await _counted(database, tenant)
    await tenant.client.patch("/v1/workspaces/current", json={"time_zone": "America/New_York"})
    for _ in range(2):
        assert await _counted(database, tenant) == before
        await _fold(database, tenant)
