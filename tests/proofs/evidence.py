"""What is there after the accidents: as SQL shows it, as the API lists it, as the KPIs count it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from app.db import Database
from tests.conftest import Tenant


@dataclass(frozen=True)
class Place:
    """A workspace with a survey, reached through the processes."""

    tenant: Tenant
    client: httpx.AsyncClient
    survey: str
    database: Database

    async def rows(self) -> list[dict[str, Any]]:
        """Every response as SQL shows it."""
        async with self.database.engine.connect() as connection:
            found = await connection.exec_driver_sql(
                "SELECT r.id::text, r.submission_key, encode(r.content_hash, 'hex') AS hash,"
                " r.answers, (SELECT count(*) FROM events e WHERE e.subject = r.id::text"
                " AND e.workspace_id = r.workspace_id AND e.type = 'response.received') AS events"
                f" FROM responses r WHERE r.survey_id = '{self.survey}'"
            )
            return [dict(row) for row in found.mappings()]

    async def count_events(self) -> int:
        """How many arrivals were told of."""
        async with self.database.engine.connect() as connection:
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM events WHERE type = 'response.received'"
                f" AND data ->> 'survey' = '{self.survey}'"
            )
            return int(found.scalar_one())

    async def listed(self) -> list[str]:
        """The ids of every response as the API lists them."""
        ids: list[str] = []
        query = {"survey": self.survey, "limit": "500"}
        while True:
            answered = await self.client.get("/v1/responses", params=query, timeout=30)
            assert answered.status_code == 200, answered.text
            page = answered.json()
            ids += [each["id"] for each in page["data"]]
            if page["next_cursor"] is None:
                return ids
            query["cursor"] = page["next_cursor"]

    async def counted(self, question: str) -> Counter[int]:
        """How often each score was given, as the KPIs count."""
        answered = await self.client.get(
            f"/v1/kpis/{question}/distribution", params={"survey": self.survey}, timeout=30
        )
        assert answered.status_code == 200, answered.text
        return _scores(answered.json())


def _scores(distribution: dict[str, Any]) -> Counter[int]:
    counts = distribution["counts"]
    return Counter({int(each["code"]): each["n"] for each in counts if each["counted"]})
