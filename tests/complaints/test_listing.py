"""Lists of cases, who may see what, and walls between workspaces."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from app.db import Database
from app.workspaces import service as workspaces
from app.workspaces.schemas import ApiKeyCreate
from tests.complaints.makers import Json, do, file, timeline
from tests.conftest import Tenant, client_of


async def listed(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    """The ids of all pages of a list."""
    ids: list[str] = []
    cursor: dict[str, str | int] = {}
    while True:
        answer = await client.get("/v1/complaints", params=query | cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids += [each["id"] for each in page["data"]]
        if page["next_cursor"] is None:
            return ids
        cursor = {"cursor": page["next_cursor"]}


async def test_each_filter_selects_what_it_says(tenant: Tenant) -> None:
    """Kind, state, category, severity, channel, customer, time of receipt, open or ended."""
    old = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    a = (await file(tenant.client, kind="praise", severity="low"))["id"]
    b = (await file(tenant.client, category="delivery", channel="email", received_at=old))["id"]
    c = (await file(tenant.client, customer="客户 7"))["id"]
    await do(tenant.client, c, "withdraw", evidence="letter")
    cutoff = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    expected: list[tuple[dict[str, str | int], list[str]]] = [
        ({}, [c, b, a]),
        ({"limit": 1}, [c, b, a]),
        ({"kind": "praise"}, [a]),
        ({"state": "withdrawn"}, [c]),
        ({"category": "delivery"}, [b]),
        ({"severity": "low"}, [a]),
        ({"channel": "email"}, [b]),
        ({"customer": "客户 7"}, [c]),
        ({"received_from": cutoff}, [c, a]),
        ({"received_to": cutoff}, [b]),
        ({"open": "true"}, [b, a]),
        ({"open": "false"}, [c]),
        ({"kind": "complaint", "open": "true", "channel": "phone"}, []),
    ]
    for query, ids in expected:
        assert await listed(tenant.client, **query) == ids, query


async def test_an_incremental_pull_goes_in_the_order_of_change(tenant: Tenant) -> None:
    """What changed last comes last, page by page; nothing before the mark comes at all."""
    start = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    ids = [(await file(tenant.client))["id"] for _ in range(5)]
    await do(tenant.client, ids[1], "acknowledge")
    order = [ids[0], *ids[2:], ids[1]]
    assert await listed(tenant.client, updated_after=start, limit=2) == order
    mark = (await tenant.client.get(f"/v1/complaints/{ids[4]}")).json()["updated_at"]
    assert await listed(tenant.client, updated_after=mark) == [ids[1]]


@pytest.mark.parametrize(
    "query",
    [
        "state=open",
        "kind=Complaint",
        "open=maybe",
        "received_from=2026-01-01",
        "limit=0",
        "sort=x",
        "customer=%00",
    ],
)
async def test_a_wrong_filter_is_refused(tenant: Tenant, query: str) -> None:
    """Nothing is ignored: 422 names the parameter."""
    answer = await tenant.client.get(f"/v1/complaints?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"?{query.partition('=')[0]}"


@pytest.mark.parametrize("cursor", ["x", "WyI5Il0", "W10", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0"])
async def test_a_made_up_cursor_is_refused(tenant: Tenant, cursor: str) -> None:
    """400 for a cursor that no list gave, whatever numbers are in it."""
    case = (await file(tenant.client))["id"]
    for path in ("/v1/complaints", f"/v1/complaints/{case}/timeline"):
        answer = await tenant.client.get(path, params={"cursor": cursor})
        expected = (200, 400) if cursor == "WyI5Il0" and "timeline" in path else (400,)
        assert answer.status_code in expected


async def test_another_workspace_sees_nothing(tenant: Tenant, stranger: Tenant) -> None:
    """For every route a foreign case is exactly an unknown one, by id and by reference."""
    receipt = await file(tenant.client)
    known = [receipt["id"], receipt["reference"]]
    unknown = [str(uuid4()), "C-0000-0000-0", "x", "%00", "C-7F3K-9Q2M-X"]
    calls: list[tuple[str, str, Json | None]] = [
        ("GET", "", None),
        ("GET", "/transitions", None),
        ("GET", "/timeline", None),
        ("GET", "/messages", None),
        ("PATCH", "", {"severity": "low"}),
        ("POST", "/events", {"event": "acknowledge"}),
        ("POST", "/events", {"event": "merge_into", "into": receipt["id"]}),
        ("POST", "/messages", {"text": "x"}),
        ("POST", "/pin", None),
    ]
    for method, path, body in calls:
        bodies = set()
        for case in known + unknown:
            answer = (
                await stranger.client.request(method, f"/v1/complaints/{case}{path}", json=body)
                if body
                else await stranger.client.request(method, f"/v1/complaints/{case}{path}")
            )
            assert answer.status_code == 404, (method, path, case, answer.text)
            problem = answer.json()
            problem.pop("request_id")
            bodies.add(str(problem))
        assert len(bodies) == 1
    assert await listed(stranger.client) == []
    assert len(await timeline(tenant.client, receipt["id"])) == 1


async def test_two_workspaces_use_the_same_natural_key(tenant: Tenant, stranger: Tenant) -> None:
    """A natural key belongs to its workspace."""
    ids = {
        (await file(each.client, source_system="crm", external_id="1"))["id"]
        for each in (tenant, stranger)
    }
    assert len(ids) == 2


async def test_confidential_is_for_investigators(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    """Who is behind it, and what is marked restricted, needs `responses:read_pii`."""
    receipt = await file(
        tenant.client,
        identity_mode="confidential",
        contact={"name": "王"},
        metadata={"desk": "4"},
        source_system="crm",
        external_id="call-7",
    )
    path = f"/v1/complaints/{receipt['id']}"
    restricted = {"text": "The witness is X.", "visibility": "restricted"}
    assert (await tenant.client.post(f"{path}/messages", json=restricted)).status_code == 201
    pepper = app.state.settings.pepper.get_secret_value()
    async with database.transaction() as session:
        wanted = ApiKeyCreate(kind="secret", name="agents", scopes=["complaints:rw"])
        _, key = await workspaces.create_key(session, tenant.workspace.id, pepper, wanted)
    async with client_of(app, key) as agents:
        read = (await agents.get(path)).json()
        assert (read["customer"], read["contact"], read["metadata"]) == (None, None, {})
        assert read["external_id"] is None
        assert "C-42" not in (await agents.get("/v1/complaints")).text
        assert await listed(agents, customer="C-42") == []
        assert len(await timeline(agents, receipt["id"])) == 1
        assert (await agents.get(f"{path}/messages")).json()["data"] == []
    full = (await tenant.client.get(path)).json()
    assert (full["customer"], full["contact"]["name"]) == ("C-42", "王")
    assert await listed(tenant.client, customer="C-42") == [receipt["id"]]
    assert len(await timeline(tenant.client, receipt["id"])) == 2
