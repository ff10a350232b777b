"""Taking contacts in over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.complaints.models import (
    Complaint,
    ComplaintEvent,
    ComplaintReceipt,
    ComplaintReference,
)
from app.complaints.references import parse_reference, secret_hash
from app.db import Database
from app.events.models import Event
from tests.complaints.makers import Json, complaint, file, timeline
from tests.conftest import Tenant

TRICKY = "<script>alert(1)</script> {{7*7}} ${jndi:x} '; DROP TABLE x; 👩‍👩‍👧‍👦 𠀀𠮷 e\u0301 \u202e"


def hours_ago(hours: float) -> str:
    """A time in the past, as clients send it."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


async def test_filing_answers_a_receipt_and_keeps_only_hashes(
    tenant: Tenant, database: Database
) -> None:
    """The reference has its check character; the secret and the PIN are nowhere in the tables."""
    answer = await tenant.client.post("/v1/complaints", json=complaint(with_pin=True))
    receipt = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/complaints/{receipt['id']}"
    assert parse_reference(receipt["reference"]) == receipt["reference"]
    assert receipt["state"] == "received"
    assert receipt["public_status"] == {
        "code": "received",
        "label": "Received",
        "labels": {"zh-CN": "已受理", "en": "Received"},
    }
    assert (receipt["possible_duplicate_of"], receipt["repeat_no"]) == (None, 1)
    async with database.snapshot() as session:
        stored = await session.scalar(
            select(ComplaintReceipt).where(ComplaintReceipt.complaint_id == UUID(receipt["id"]))
        )
    assert stored is not None
    assert stored.secret_hash == secret_hash(receipt["tracking_secret"])
    assert stored.pin_hash is not None
    assert receipt["pin"].encode() not in stored.pin_hash
    read = await tenant.client.get(answer.headers["location"])
    assert receipt["tracking_secret"] not in read.text
    assert read.headers["etag"] == '"1"'


async def test_a_case_is_found_by_id_and_by_reference(tenant: Tenant) -> None:
    """As printed, as typed, and by id it is the same; what it holds is what was sent."""
    sent = complaint(
        subject="Bill",
        severity="high",
        contact={"name": "王小明", "email": "w@example.com", "phone": "+86 138 0000 0000"},
        on_behalf_of={"name": "Li", "relation": "mother", "authorised": True},
        occurred_at="2026-11-01T08:00:00+08:00",
        received_at="2026-11-02T08:00:00.5+08:00",
        remedy_sought="refund",
        order="O-1",
        response=str(uuid4()),
        metadata={"campaign": "autumn", "score": 3, "vip": True},
    )
    receipt = await file(tenant.client, **sent)
    reference: str = receipt["reference"]
    paths = [receipt["id"], reference, reference.lower(), reference[2:].replace("-", "")]
    reads = [await tenant.client.get(f"/v1/complaints/{path}") for path in paths]
    assert len({read.content for read in reads}) == 1
    read: Json = reads[0].json()
    for name in sent.keys() - {"occurred_at", "received_at", "contact"}:
        assert read[name] == sent[name], name
    assert read["contact"] == sent["contact"]
    assert read["occurred_at"] == "2026-11-01T00:00:00Z"
    assert read["received_at"] == read["received_at_effective"] == "2026-11-02T00:00:00.500000Z"
    assert read["expression_of_dissatisfaction"] is True
    assert read["recorded_at"] > read["received_at"]


async def test_what_people_write_is_kept_byte_for_byte(tenant: Tenant) -> None:
    """Markup, templates, emoji, CJK beyond the basic plane: stored and answered as they came."""
    receipt = await file(tenant.client, description=TRICKY, subject=TRICKY)
    read = (await tenant.client.get(f"/v1/complaints/{receipt['id']}")).json()
    assert read["description"] == TRICKY == read["subject"]
    path = f"/v1/complaints/{receipt['id']}/messages"
    said = await tenant.client.post(path, json={"text": TRICKY, "visibility": "public"})
    assert said.status_code == 201
    access = {"reference": receipt["reference"], "secret": receipt["tracking_secret"]}
    seen = (await tenant.public.post("/v1/complaint-tracking", json=access)).json()
    assert seen["description"] == TRICKY == seen["messages"][0]["text"]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"description": "a\x00b"}, "/description", "invalid-text"),
        ({"contact": {"email": "a\x00@b"}}, "/contact/email", "invalid-text"),
        ({"metadata": {"a": "\x00"}}, "/metadata/a", "invalid-text"),
        ({"kind": "Complaint"}, "/kind", "unknown-value"),
        ({"kind": None}, "/kind", "missing-field"),
        ({"severity": "urgent"}, "/severity", "unknown-value"),
        ({"occurred_at": "2026-11-01T08:00:00"}, "/occurred_at", "timezone-required"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at", "implausible-time"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "/received_at", "implausible-time"),
        ({"source_system": "crm"}, "/external_id", "missing-field"),
        ({"external_id": "1"}, "/source_system", "missing-field"),
        ({"response": "no-uuid"}, "/response", "wrong-type"),
        ({"contact": {}}, "/contact", "too-few-items"),
        ({"state": "closed"}, "/state", "unknown-field"),
        ({"response_expected": "yes"}, "/response_expected", "wrong-type"),
    ],
)
async def test_what_does_not_fit_is_refused(
    tenant: Tenant, fields: Json, pointer: str, code: str
) -> None:
    """Each error is named by its place and its code, and nothing is stored."""
    answer = await tenant.client.post("/v1/complaints", json=complaint(**fields))
    assert answer.status_code == 422
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert (await tenant.client.get("/v1/complaints")).json()["data"] == []


async def test_an_anonymous_contact_keeps_no_identity(tenant: Tenant, database: Database) -> None:
    """Whatever leads to a person is refused, and no column or entry holds anything of the kind."""
    leads: Json = {
        "customer": "C-42",
        "contact": {"phone": "123"},
        "metadata": {"ip": "10.0.0.1"},
        "on_behalf_of": {"name": "x", "authorised": False},
        "order": "O-1",
        "response": str(uuid4()),
    }
    bare = {"kind": "report", "identity_mode": "anonymous", "customer": None}
    for name, value in leads.items():
        sent = complaint(**(bare | {name: value}))
        for client in (tenant.client, tenant.public):
            answer = await client.post("/v1/complaints", json=sent)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["code"] == "not-identified"
            assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    receipt = await file(tenant.public, **bare)
    async with database.snapshot() as session:
        row = await session.scalar(select(Complaint).where(Complaint.id == UUID(receipt["id"])))
        entry = await session.scalar(
            select(ComplaintEvent).where(ComplaintEvent.complaint_id == UUID(receipt["id"]))
        )
    assert row is not None
    assert entry is not None
    kept = [row.customer, row.contact, row.complainant, row.on_behalf_of, row.order, row.response]
    assert kept == [None] * 6
    assert row.details == {}
    assert (entry.actor, entry.text, entry.details) == (None, None, {"repeat_no": 1})


async def test_a_crew_cannot_visit_nobody(tenant: Tenant) -> None:
    """A fault cannot be reported anonymously: the profile of the kind says so."""
    sent = complaint(kind="fault_repair", identity_mode="anonymous", customer=None)
    answer = await tenant.public.post("/v1/complaints", json=sent)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/identity_mode"


async def test_a_publishable_key_gets_the_receipt_only(tenant: Tenant) -> None:
    """It files and sees its receipt; it reads no case and sets nothing of the house's own."""
    receipt = await file(tenant.public, channel="web")
    assert receipt["tracking_secret"]
    house = ("state", "possible_duplicate_of", "repeat_no", "pin")
    assert [receipt[name] for name in house] == [None] * 4
    for fields in (
        {"received_at": hours_ago(1)},
        {"source_system": "crm", "external_id": "1"},
        {"with_pin": True},
    ):
        answer = await tenant.public.post("/v1/complaints", json=complaint(**fields))
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong-key-type")
    path = f"/v1/complaints/{receipt['id']}"
    refused = [
        await tenant.public.get("/v1/complaints"),
        await tenant.public.get(path),
        await tenant.public.get(f"{path}/timeline"),
        await tenant.public.get(f"{path}/messages"),
        await tenant.public.get(f"{path}/transitions"),
        await tenant.public.get("/v1/complaint-categories"),
        await tenant.public.patch(path, json={"severity": "low"}),
        await tenant.public.post(f"{path}/events", json={"event": "acknowledge"}),
        await tenant.public.post(f"{path}/messages", json={"text": "x"}),
        await tenant.public.post(f"{path}/pin"),
    ]
    assert {answer.json()["code"] for answer in refused} == {"wrong-key-type"}


async def test_a_natural_key_is_filed_once(tenant: Tenant) -> None:
    """The same content is the same case, without its secret; other content is a conflict."""
    sent = complaint(source_system="crm", external_id="T-1")
    first = await tenant.client.post("/v1/complaints", json=sent)
    again = await tenant.client.post("/v1/complaints", json=sent)
    other = await tenant.client.post("/v1/complaints", json=sent | {"description": "Other."})
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json() | {"tracking_secret": None}
    assert again.headers["location"] == first.headers["location"]
    assert other.json()["code"] == "submission-conflict"
    assert len(await timeline(tenant.client, first.json()["id"])) == 1


async def test_an_idempotency_key_replays_the_receipt(tenant: Tenant) -> None:
    """The stored answer comes back byte for byte, the secret with it; nothing is filed again."""
    headers = {"Idempotency-Key": "once"}
    first = await tenant.client.post("/v1/complaints", json=complaint(), headers=headers)
    again = await tenant.client.post("/v1/complaints", json=complaint(), headers=headers)
    assert first.content == again.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await tenant.client.get("/v1/complaints")).json()["data"]) == 1


async def test_two_hundred_at_once_make_one_case(tenant: Tenant, database: Database) -> None:
    """One natural key, 200 parallel posts: one case, one event, one reference, equal answers."""
    sent = complaint(source_system="crm", external_id="T-200")

    async def post() -> tuple[int, Json]:
        while True:  # an honest client waits when it is told that the service is busy
            answer = await tenant.client.post("/v1/complaints", json=sent)
            if answer.status_code != 503:
                return answer.status_code, answer.json()
            await asyncio.sleep(float(answer.headers["retry-after"]))

    answers = await asyncio.gather(*(post() for _ in range(200)))
    assert sorted(status for status, _ in answers) == [200] * 199 + [201]
    bodies = [body | {"tracking_secret": None} for _, body in answers]
    assert all(body == bodies[0] for body in bodies)
    assert len([body for _, body in answers if body["tracking_secret"]]) == 1
    workspace_id = tenant.workspace.id
    async with database.snapshot() as session:
        counts = [
            await session.scalar(
                select(func.count()).select_from(table).where(table.workspace_id == workspace_id)
            )
            for table in (Complaint, ComplaintEvent, ComplaintReceipt, ComplaintReference)
        ]
        filed = await session.scalar(
            select(func.count())
            .select_from(Event)
            .where(Event.workspace_id == workspace_id, Event.type == "complaint.filed")
        )
    assert (counts, filed) == ([1, 1, 1, 1], 1)
