"""What the tests of complaints file and do."""

from typing import Any, cast

import httpx

Json = dict[str, Any]


def complaint(**fields: object) -> Json:
    """The body of an ordinary complaint."""
    usual: Json = {
        "kind": "complaint",
        "channel": "phone",
        "category": "billing",
        "description": "The bill is wrong.",
        "customer": "C-42",
    }
    wanted = usual | fields
    return {name: value for name, value in wanted.items() if value is not None}


async def file(client: httpx.AsyncClient, **fields: object) -> Json:
    """File a complaint that fits; the receipt."""
    answer = await client.post("/v1/complaints", json=complaint(**fields))
    assert answer.status_code == 201, answer.text
    return cast("Json", answer.json())


async def do(
    client: httpx.AsyncClient, case: str, event: str, status: int = 200, **fields: object
) -> Json:
    """Cause an event and expect the status."""
    answer = await client.post(f"/v1/complaints/{case}/events", json={"event": event, **fields})
    assert answer.status_code == status, answer.text
    return cast("Json", answer.json())


async def answered(client: httpx.AsyncClient, **fields: object) -> Json:
    """A case that was answered; its receipt."""
    receipt = await file(client, **fields)
    await do(client, receipt["id"], "accept", assignee="ann")
    decision: Json = {
        "outcome": "upheld",
        "text": "You are right.",
        "recourse": "Ask the ombudsman.",
    }
    await do(client, receipt["id"], "issue_response", actor="ann", **decision)
    return receipt


async def resolved(client: httpx.AsyncClient, **fields: object) -> Json:
    """A case that was settled at once; its receipt."""
    receipt = await file(client, **fields)
    await do(client, receipt["id"], "resolve_now", text="Settled.", complainant_agreed=True)
    return receipt


async def timeline(client: httpx.AsyncClient, case: str) -> list[Json]:
    """The whole timeline of a case."""
    answer = await client.get(f"/v1/complaints/{case}/timeline", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    return cast("list[Json]", answer.json()["data"])


def access(receipt: Json, **more: object) -> Json:
    """The reference and the secret of a receipt."""
    return {"reference": receipt["reference"], "secret": receipt["tracking_secret"], **more}
