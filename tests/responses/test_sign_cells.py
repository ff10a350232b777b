"""How responses came, from cells: equal to a recount of the rows at every moment."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.db import Database
from app.recounts.findings import Difference
from app.responses.cells import Slice
from app.responses.durations import LEAST
from app.responses.fold import fold
from app.responses.sign_cells import Told, read_signs
from app.responses.sign_recount import recount_signs
from tests.conftest import Tenant
from tests.responses.builders import CHECK, CSAT, NPS, REASONS, WHY, answer, definition, publish

Json = dict[str, Any]
ZONE = ZoneInfo("Asia/Shanghai")
FAST = 0.6
ASKED = (NPS, CSAT, REASONS, WHY, CHECK)
#: From a few days to some months, ending within and between months.
SPANS = ((0, 1), (3, 40), (12, 75), (0, 150), (100, 150), (60, 61))


async def _fold(database: Database, tenant: Tenant) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await fold(session, tenant.workspace.id)


async def _all(tenant: Tenant) -> list[Json]:
    found: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = (await tenant.client.get("/v1/responses", params=parameters)).json()
        found += page["data"]
        cursor = page["next_cursor"]
    return found


def _recounted(responses: list[Json], survey: str, start: date, end: date) -> Told:
    """The same from the responses as the API shows them: brute force."""
    flags: Counter[str] = Counter()
    names: list[str] = []
    took: dict[int, list[float]] = defaultdict(list)
    for each in responses:
        day = datetime.fromisoformat(each["occurred_at"]).astimezone(ZONE).date()
        counts = each["quality"] in {"ok", "flagged"} and each["status"] != "dismissed"
        if each["survey"] != survey or not counts or not start <= day < end:
            continue
        flags.update(each["flags"])
        if each["customer"] is not None:
            names.append(each["customer"])
        if each["status"] == "complete" and each["duration_seconds"] is not None:
            took[each["version"]].append(each["duration_seconds"])
    return Told(
        flags=flags,
        named=len(names),
        customers=len(set(names)),
        timed=sum(map(len, took.values())),
        fast=sum(each < FAST * median(of) for of in took.values() for each in of),
    )


async def _agree(database: Database, tenant: Tenant, surveys: list[str]) -> None:
    """Cells and what came after them say what the responses say, for every span."""
    responses = await _all(tenant)
    today = datetime.now(ZONE).date()
    for survey in surveys:
        for first, last in SPANS:
            start, end = today - timedelta(days=last), today - timedelta(days=first - 1)
            wanted = Slice(tenant.workspace.id, start, end, ZONE.key, (UUID(survey),))
            async with database.snapshot() as session:
                found = await read_signs(session, wanted, FAST)
            assert found == _recounted(responses, survey, start, end)
    assert not (await _differences(database, tenant))


async def _differences(
    database: Database, tenant: Tenant, sample: int | None = None
) -> Sequence[Difference]:
    async with database.snapshot() as session:
        found = await recount_signs(session, tenant.workspace.id, sample)
    assert found.blocks
    return found.differences


async def _ask_once_more(tenant: Tenant, survey: str) -> None:
    """Publish a second version, which later responses answer."""
    asked = definition(NPS, CSAT, REASONS, WHY | {"key": "also"}, CHECK)
    changed = await tenant.client.patch(f"/v1/surveys/{survey}", json={"definition": asked})
    assert changed.status_code == 200, changed.text
    published = await tenant.client.post(f"/v1/surveys/{survey}/publish")
    assert published.status_code == 200, published.text


def _random_answer(rng: random.Random) -> Json:
    sent = answer(rng.randrange(11), occurred_at=_moment(rng))
    if rng.random() < 0.5:
        sent["answers"]["reads"] = rng.choice(("speed", "price"))
    if rng.random() < 0.2:
        del sent["answers"]["nps"]
        sent["status"] = "partial"
    if rng.random() < 0.1:
        sent |= {"answers": {}, "status": "dismissed"}
    if rng.random() < 0.8:
        sent["customer"] = f"c{rng.randrange(8)}"
    if rng.random() < 0.8:
        exact = rng.choice((0.5, 1.0, 20.0, 64.0, 65.0, 65.5))
        sent["duration_seconds"] = rng.choice((exact, rng.uniform(0, 200)))
    return sent


def _moment(rng: random.Random) -> str:
    return (datetime.now(UTC) - timedelta(days=149 * rng.random())).isoformat()


async def _move(tenant: Tenant, rng: random.Random, surveys: list[str], made: list[str]) -> None:
    """A response comes, or one of those that came is changed."""
    if rng.random() < 0.7 or not made:
        path = f"/v1/surveys/{rng.choice(surveys)}/responses"
        sent = await tenant.client.post(path, json=_random_answer(rng))
        assert sent.status_code == 201, sent.text
        made.append(sent.headers["location"])
        return
    change = rng.choice(
        [
            {"quality": rng.choice(["invalid", "duplicate", "ok"])},
            {"answers": {"nps": rng.randrange(11)}},
            {"answers": {"reads": "price"}},
            {"status": "complete"},
        ]
    )
    changed = await tenant.client.patch(rng.choice(made), json=change)
    assert changed.status_code in {200, 409, 422}, changed.text


@pytest.mark.parametrize("seed", [1, 2])
async def test_cells_equal_a_recount_under_any_order_of_events(
    tenant: Tenant, database: Database, seed: int
) -> None:
    """Submissions, changes and folds in random order: signs, medians and customers are exact."""
    surveys = [await publish(tenant, *ASKED), await publish(tenant, *ASKED)]
    rng = random.Random(seed)
    made: list[str] = []
    for step in range(120):
        await _move(tenant, rng, surveys, made)
        if rng.random() < 0.1 or step == 10:
            await _fold(database, tenant)
        if step == 50:
            await _ask_once_more(tenant, surveys[0])
        if step % 12 == 11:
            await _agree(database, tenant, surveys)
    await _fold(database, tenant)
    await _agree(database, tenant, surveys)


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE sign_cells SET n = n + 1 WHERE sign = 'took' AND grain = 'month'",
        "UPDATE sign_cells SET name = name || '?' WHERE sign = 'flag'",
        "DELETE FROM sign_cells WHERE sign = 'named' AND grain = 'day'",
        "UPDATE duration_cells SET n = n + 1 WHERE true",
        "UPDATE duration_cells SET bucket = bucket + 1 WHERE true",
        "DELETE FROM return_cells WHERE grain = 'month' AND grain_before = 'day'",
        "UPDATE return_cells SET n = n + 1 WHERE grain = 'day' AND grain_before = 'month'",
    ],
)
async def test_every_wrong_cell_is_found(database: Database, tenant: Tenant, wrong: str) -> None:
    """A recount of everything, and one of a sample, find what is wrong in any of the tables."""
    survey = await publish(tenant, *ASKED)
    rng = random.Random(5)
    for _ in range(40):
        await _move(tenant, rng, [survey], [])
    hasty = answer(9, duration_seconds=0.5, answers={"nps": 9, "csat": 4, "why": "x"})
    await tenant.client.post(f"/v1/surveys/{survey}/responses", json=hasty)
    await _fold(database, tenant)
    for sample in (None, 50):
        assert not await _differences(database, tenant, sample)
    async with database.transaction() as session:
        named = {"workspace_id": tenant.workspace.id}
        done = await session.execute(
            text(f"{wrong} AND workspace_id = :workspace_id RETURNING 1"), named
        )
        assert done.first()
    for sample in (None, 50):
        assert await _differences(database, tenant, sample)


def test_buckets_reach_over_all_durations() -> None:
    """Ascending from a second to more than the week that a response takes at most."""
    assert list(LEAST) == sorted(set(LEAST))
    assert LEAST[0] == 1
    assert LEAST[-1] > 604_800
