"""Makes, through the API, what a request needs to be there, and says where its effect is seen."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from app.db import Database
from tests.complaints.makers import complaint
from tests.customers.making import order
from tests.responses.builders import definition

Json = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """A request, and the SQL of a number that grows when its effect is committed."""

    path: str
    trace: str
    sent: Json = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Workshop:
    """Makes what the requests need to be there, each its own."""

    client: httpx.AsyncClient
    workspace: UUID
    database: Database
    """For what no request can make: what the background does."""

    async def made(self, path: str, body: Json, *, method: str = "POST") -> Json:
        """What the request answers; it must succeed."""
        answered = await self.client.request(method, path, json=body)
        assert answered.is_success, answered.text
        found: Json = answered.json()
        return found

    async def survey(self, *, published: bool = True) -> str:
        """The id of a new survey."""
        body = {"name": "a survey", "definition": definition()}
        id_ = str((await self.made("/v1/surveys", body))["id"])
        if published:
            published_ = await self.client.post(f"/v1/surveys/{id_}/publish")
            assert published_.is_success, published_.text
        return id_

    async def case(self) -> Json:
        """The receipt of a new complaint."""
        return await self.made("/v1/complaints", complaint(with_pin=True))

    async def ordered(self, name: str) -> None:
        """An order of 100 CNY."""
        body = order(name)
        del body["external_id"]
        await self.made(f"/v1/orders/{name}", body, method="PUT")

    def rows(self, table: str, condition: str = "true") -> str:
        """SQL that counts the workspace's rows."""
        where = f"workspace_id = '{self.workspace}' AND {condition}"
        return f"SELECT count(*) FROM {table} WHERE {where}"

    def revision(self, table: str, id_: str) -> str:
        """SQL that tells how often a row was changed."""
        where = f"workspace_id = '{self.workspace}' AND id = '{id_}'"
        return f"SELECT coalesce(max(revision), 0) FROM {table} WHERE {where}"
