"""Sends the bodies over HTTP as a client would: bulk routes, and many requests at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx

from tests.acceptance import bodies
from tests.acceptance.bodies import Json
from tests.acceptance.sources import cfpb_rows
from tests.conftest import Tenant

AT_ONCE = 16
NDJSON = "application/x-ndjson"
CSV = "text/csv"


@dataclass
class Loaded:
    """The workspace with everything in it, and what the service answered meanwhile."""

    tenant: Tenant
    survey: str = ""
    reports: dict[str, Json] = field(default_factory=dict)
    receipts: list[tuple[int, Json]] = field(default_factory=list)
    """Status and receipt of each complaint, in the order of the file."""

    async def get(self, path: str, **params: str | int) -> Json:
        """The answer of a GET that succeeds; `from_` stands for `from`."""
        named = {name.rstrip("_"): value for name, value in params.items()}
        answer = await self.tenant.client.get(f"/v1/{path}", params=named)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    async def kpi(self, path: str, **params: str | int) -> Json:
        """The answer of a KPI."""
        return await self.get(f"kpis/{path}", **params)

    async def everything(self, path: str, **params: str | int) -> list[Json]:
        """All items of a list, page by page."""
        return [item async for item in self._pages(path, params)]

    async def _pages(self, path: str, params: dict[str, str | int]) -> AsyncIterator[Json]:
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=500, **params, **cursor)
            for item in page["data"]:
                yield item
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}


async def send(tenant: Tenant, path: str, body: bytes, media_type: str) -> Json:
    """The report of a bulk upload."""
    answer = await tenant.client.post(
        f"/v1/{path}", content=body, headers={"Content-Type": media_type}
    )
    assert answer.status_code == 200, answer.text
    report: Json = answer.json()
    return report


async def load_bulk(loaded: Loaded) -> dict[str, Json]:
    """Customers and orders as NDJSON, the moved orders as CSV, the responses as NDJSON."""
    tenant = loaded.tenant
    responses = f"surveys/{loaded.survey}/responses"
    return {
        "customers": await send(tenant, "customers", bodies.ndjson(bodies.customers()), NDJSON),
        "orders": await send(tenant, "orders", bodies.ndjson(bodies.orders()), NDJSON),
        "moved": await send(tenant, "orders", bodies.as_csv(bodies.moved_orders()), CSV),
        "responses": await send(tenant, responses, bodies.ndjson(bodies.responses()), NDJSON),
    }


async def load_complaints(tenant: Tenant) -> list[tuple[int, Json]]:
    """One POST each, several at once: status and receipt, in the order of the file."""
    free = asyncio.Semaphore(AT_ONCE)

    async def post(body: Json) -> tuple[int, Json]:
        async with free:
            answer = await _patiently(tenant.client, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.status_code, answer.json()

    sent = [bodies.complaint(row, number) for number, row in enumerate(cfpb_rows())]
    return await asyncio.gather(*map(post, sent))


async def _patiently(client: httpx.AsyncClient, body: Json) -> httpx.Response:
    while True:
        answer = await client.post("/v1/complaints", json=body)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["retry-after"]))


async def publish(tenant: Tenant) -> str:
    """Keep figures by gender, and publish the questionnaire; its id."""
    declared = await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["gender"]})
    assert declared.status_code == 200, declared.text
    created = await tenant.client.post("/v1/surveys", json=bodies.questionnaire())
    assert created.status_code == 201, created.text
    survey = str(created.json()["id"])
    published = await tenant.client.post(f"/v1/surveys/{survey}/publish")
    assert published.status_code == 200, published.text
    return survey
