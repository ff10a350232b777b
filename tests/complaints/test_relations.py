"""What a filed contact has to do with others, what is told of it, and what it counts as."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.complaints.models import (
    Complaint,
    counting,
)
from app.db import Database
from app.events.models import Event
from tests.complaints.makers import Json, do, file, resolved
from tests.conftest import Tenant


def hours_ago(hours: float) -> str:
    """A time in the past, as clients send it."""
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


async def test_a_probable_duplicate_is_told_and_never_merged(tenant: Tenant) -> None:
    """Same person, same category, open, within 30 days: linked; anything else is not."""
    first = await file(tenant.client, contact={"email": "A@Example.com"}, customer=None)
    same = await file(tenant.client, contact={"email": "a@example.COM"}, customer=None)
    assert same["possible_duplicate_of"] == first["id"]
    assert same["state"] == "received"
    others: list[Json] = [
        {"contact": {"email": "b@example.com"}, "customer": None},
        {"contact": {"email": "a@example.com"}, "customer": None, "category": "delivery"},
        {"contact": {"email": "a@example.com"}, "customer": None, "identity_mode": "confidential"},
        {"customer": "C-7", "received_at": hours_ago(31 * 24)},
        {"customer": "C-7"},
    ]
    for fields in others:
        assert (await file(tenant.client, **fields))["possible_duplicate_of"] is None


async def test_a_repetition_is_counted_and_the_third_goes_up(tenant: Tenant) -> None:
    """The same matter after its end counts on; at three a supervisor must look."""
    first = await resolved(tenant.client)
    second = await resolved(tenant.client)
    third = await file(tenant.client)
    assert [each["repeat_no"] for each in (first, second, third)] == [1, 2, 3]
    read = (await tenant.client.get(f"/v1/complaints/{third['id']}")).json()
    assert (read["repeat_of"], read["escalation_level"]) == (second["id"], 1)


async def test_events_tell_what_happened_and_nothing_personal(
    tenant: Tenant, database: Database
) -> None:
    """Filing, moving, retyping and merging are told, without names, texts or customers."""
    one, two = await file(tenant.client), await file(tenant.client)
    await do(tenant.client, one["id"], "accept", assignee="zoe")
    await do(tenant.client, one["id"], "retype", role="supervisor", kind="opinion", reason="x")
    await do(tenant.client, one["id"], "merge_into", into=two["reference"])
    query = (
        select(Event)
        .where(Event.workspace_id == tenant.workspace.id, Event.type.startswith("complaint."))
        .order_by(Event.id)
    )
    async with database.snapshot() as session:
        events = (await session.scalars(query)).all()
    told = [(event.type, event.subject) for event in events]
    assert told == [
        ("complaint.filed", one["id"]),
        ("complaint.filed", two["id"]),
        ("complaint.state_changed", one["id"]),
        ("complaint.retyped", one["id"]),
        ("complaint.state_changed", one["id"]),
        ("complaint.merged", one["id"]),
    ]
    assert "C-42" not in str([event.data for event in events])
    assert "zoe" not in str([event.data for event in events])


async def test_what_a_complaint_rate_counts(tenant: Tenant, database: Database) -> None:
    """Complaints and whatever fits their definition; no merged, mistaken or duplicate cases."""
    counted = {
        (await file(tenant.client, customer="1"))["id"],
        (
            await file(
                tenant.client,
                kind="opinion",
                expression_of_dissatisfaction=True,
                response_expected=True,
            )
        )["id"],
    }
    await file(tenant.client, kind="praise")
    await file(tenant.client, kind="opinion", expression_of_dissatisfaction=True)
    merged, spam = await file(tenant.client, customer="1"), await file(tenant.client)
    hard = await file(tenant.client)
    await do(tenant.client, merged["id"], "merge_into", into=next(iter(counted)), class_case=True)
    rejection: Json = {"role": "supervisor", "text": "No."}
    await do(tenant.client, spam["id"], "reject", reason_code="spam", **rejection)
    await do(tenant.client, hard["id"], "reject", reason_code="malicious", **rejection)
    counted.add(hard["id"])
    async with database.snapshot() as session:
        found = await session.scalars(
            select(Complaint.id).where(Complaint.workspace_id == tenant.workspace.id, counting())
        )
        assert {str(id_) for id_ in found} == counted


async def test_the_kinds_are_told_in_both_languages(tenant: Tenant) -> None:
    """Eight kinds, as a call centre names them; both sorts of keys may read them."""
    answer = await tenant.public.get("/v1/complaint-kinds")
    kinds = {kind["kind"]: kind for kind in answer.json()["data"]}
    assert {name: kind["labels"]["zh-CN"] for name, kind in kinds.items()} == {
        "fault_repair": "故障报修",
        "consulting": "业务咨询",
        "enquiry": "信息查询",
        "complaint": "投诉",
        "report": "举报",
        "opinion": "意见",
        "suggestion": "建议",
        "praise": "表扬",
    }
    assert [name for name, kind in kinds.items() if kind["counts_as_complaint"]] == ["complaint"]
    assert not kinds["fault_repair"]["anonymous_allowed"]
    assert kinds["report"]["anonymous_allowed"]
