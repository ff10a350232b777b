"""Sends responses and asks KPIs, for tests that recount every figure from the raw answers."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from app.db import Database
from app.responses.fold import fold
from tests.conftest import Tenant

#: A month that is over, in Shanghai: the usual period of these tests.
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
#: Noon of a day in it.
MIDDAY = "2026-10-15T12:00:00+08:00"

Sent = dict[str, Any]


def sent(answers: dict[str, Any], **fields: object) -> Sent:
    """A submission answered in the middle of October."""
    return {"answers": answers, "occurred_at": MIDDAY} | fields


async def submit(tenant: Tenant, survey: str, responses: Iterable[Sent]) -> list[str]:
    """Put every response under an id of its own; the ids of the stored ones, in order."""
    limit = asyncio.Semaphore(50)

    async def put(response: Sent) -> str:
        path = f"/v1/surveys/{survey}/responses/{uuid4()}"
        async with limit:
            answer = await tenant.client.put(path, json=response)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return list(await asyncio.gather(*map(put, responses)))


async def load(tenant: Tenant, survey: str, responses: Iterable[Sent]) -> None:
    """Send every response in one stream; all must be taken."""
    lines = [json.dumps({"submission_id": str(uuid4())} | each) for each in responses]
    answer = await tenant.client.post(
        f"/v1/surveys/{survey}/responses?outcomes=rejected",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    report = answer.json()
    assert report["created"] == len(lines), report


async def change(tenant: Tenant, response: str, **fields: object) -> None:
    """Change a response that was submitted."""
    answer = await tenant.client.patch(f"/v1/responses/{response}", json=fields)
    assert answer.status_code == 200, answer.text


async def ask(tenant: Tenant, path: str, **parameters: str | Sequence[str]) -> dict[str, Any]:
    """Ask a KPI of October (unless told otherwise); the answer."""
    params = {"from_": OCTOBER["from"], "to": OCTOBER["to"]} | parameters
    named = {name.rstrip("_"): value for name, value in params.items()}
    answer = await tenant.client.get(f"/v1/kpis/{path}", params=named)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def fold_all(database: Database, tenant: Tenant) -> None:
    """Fold everything of the workspace into the cells."""
    more = True
    while more:
        async with database.transaction() as session:
            more = await fold(session, tenant.workspace.id)
