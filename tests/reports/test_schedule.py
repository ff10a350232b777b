"""Scheduled reports: each period once, whoever looks, however often, and after a pause too."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.db import Database
from app.reports.making import fail_report, make_report
from app.reports.scheduling import want_next_due
from tests.conftest import Tenant
from tests.reports.making import Drain, put

_DUE = "UPDATE report_definitions SET due_at = :at, due_end = :end WHERE workspace_id = :id"


async def _due_since(database: Database, tenant: Tenant, at: datetime) -> None:
    """Let the definitions of the workspace be due at a time that has passed."""
    values = {"at": at, "end": at.date(), "id": tenant.workspace.id}
    async with database.transaction() as session:
        await session.execute(text(_DUE), values)


async def _look(database: Database, at: datetime) -> int:
    """What one worker finds until nothing is due."""
    found = 0
    more = True
    while more:
        async with database.transaction() as session:
            more = await want_next_due(session, at)
        found += more
    return found


async def _reports(tenant: Tenant) -> list[dict[str, Any]]:
    answer = await tenant.client.get("/v1/reports")
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


async def test_two_workers_make_a_period_once(
    tenant: Tenant, database: Database, drain: Drain
) -> None:
    """Two that look at the same moment, again and again, make one report of the period."""
    await put(tenant, "shops", schedule={"hour": 8}, languages=["en"])
    at = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    await _due_since(database, tenant, at)
    await asyncio.gather(*(_look(database, at + timedelta(minutes=1)) for _ in range(4)))
    assert await drain() == 1
    [report] = await _reports(tenant)
    assert report["trigger"] == "scheduled"
    assert (report["period"]["from"], report["period"]["to"]) == ("2026-10-01", "2026-11-01")
    assert report["status"] == "ready"
    read = (await tenant.client.get("/v1/report-definitions/shops")).json()
    assert read["next_run_at"] == "2026-12-01T00:00:00Z"


async def test_putting_a_definition_anew_repeats_nothing(
    tenant: Tenant, database: Database
) -> None:
    """A period that was reported stays reported, whatever the definition's clock says later."""
    await put(tenant, "shops", schedule={"hour": 8})
    at = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    for _ in range(3):
        await _due_since(database, tenant, at)
        await _look(database, at + timedelta(minutes=1))
    assert len(await _reports(tenant)) == 1


async def test_what_was_missed_is_made_up_for(tenant: Tenant, database: Database) -> None:
    """After two months without a worker there are two reports, of two months."""
    await put(tenant, "shops", schedule={"hour": 8})
    await _due_since(database, tenant, datetime(2026, 10, 1, 0, 0, tzinfo=UTC))
    await _look(database, datetime(2026, 11, 5, 0, 0, tzinfo=UTC))
    periods = sorted(report["period"]["from"] for report in await _reports(tenant))
    assert periods == ["2026-09-01", "2026-10-01"]


async def test_nothing_is_due_before_its_hour(tenant: Tenant, database: Database) -> None:
    """A definition that was just put reports nothing of the past."""
    await put(tenant, "shops", schedule={"hour": 8})
    await _look(database, datetime.now(UTC))
    assert await _reports(tenant) == []


async def test_a_report_that_fails_for_good_says_why(tenant: Tenant, database: Database) -> None:
    """After the last attempt the report is failed, with the code of the problem, and stays so."""
    await put(tenant, "shops")
    queued = (await tenant.client.post("/v1/reports", json={"definition": "shops"})).json()
    ids = (tenant.workspace.id, UUID(queued["id"]))
    await fail_report(database, *ids, "database-unavailable")
    await make_report(database, *ids)
    read = (await tenant.client.get(f"/v1/reports/{queued['id']}")).json()
    assert (read["status"], read["problem"]) == ("failed", "database-unavailable")
    document = await tenant.client.get(f"/v1/reports/{queued['id']}/document")
    assert (document.status_code, document.json()["code"]) == (409, "report-not-ready")


async def test_a_worker_that_makes_it_twice_stores_one(tenant: Tenant, database: Database) -> None:
    """A job may run twice, even at once: there is one set of documents, and no error."""
    await put(tenant, "shops", languages=["en"])
    queued = (await tenant.client.post("/v1/reports", json={"definition": "shops"})).json()
    ids = (tenant.workspace.id, UUID(queued["id"]))
    await asyncio.gather(make_report(database, *ids), make_report(database, *ids))
    read = (await tenant.client.get(f"/v1/reports/{queued['id']}")).json()
    assert (read["status"], read["revision"]) == ("ready", 2)
    assert [each["format"] for each in read["documents"]] == ["html", "pdf"]
