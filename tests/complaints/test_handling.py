"""Handling cases over HTTP: events, corrections, messages, the timeline."""

from datetime import UTC, datetime, timedelta

from tests.complaints.makers import Json, answered, do, file, resolved, timeline
from tests.conftest import Tenant


async def test_a_case_from_receipt_to_close_is_in_the_timeline(tenant: Tenant) -> None:
    """Each event is one entry and one revision, with the states before and after and the author."""
    case = (await file(tenant.client))["id"]
    await do(tenant.client, case, "acknowledge")
    await do(tenant.client, case, "assess", severity="high")
    await do(tenant.client, case, "accept", assignee="ann", actor="ann")
    await do(tenant.client, case, "ask_customer", text="Which bill?")
    await do(tenant.client, case, "customer_message", role="integration", text="October's.")
    decision: Json = {"outcome": "upheld", "text": "We refund.", "recourse": "The ombudsman."}
    await do(tenant.client, case, "issue_response", actor="ann", remedy="10 EUR", **decision)
    await do(tenant.client, case, "accept_response", evidence="recording 7", note="calm")
    await do(tenant.client, case, "deliver_remedy", role="integration")
    read = await do(tenant.client, case, "close", role="supervisor", root_cause="tariff")
    entries = await timeline(tenant.client, case)
    assert [(entry["event"], entry["state_after"]) for entry in entries] == [
        ("file", "received"),
        ("acknowledge", "received"),
        ("assess", "received"),
        ("accept", "in_progress"),
        ("ask_customer", "waiting_customer"),
        ("customer_message", "in_progress"),
        ("issue_response", "response_issued"),
        ("accept_response", "resolved"),
        ("deliver_remedy", "resolved"),
        ("close", "closed"),
    ]
    assert [entry["number"] for entry in entries] == list(range(1, 11))
    before = [entry["state_before"] for entry in entries]
    assert before == [None] + [entry["state_after"] for entry in entries[:-1]]
    assert (entries[3]["actor"], entries[3]["role"]) == ("ann", "agent")
    assert entries[7]["details"] == {"evidence": "recording 7", "note": "calm"}
    assert entries[6]["labels"] == {"zh-CN": "正式答复", "en": "Answer"}
    assert (read["revision"], read["outcome"], read["root_cause"]) == (10, "upheld", "tariff")
    names = (
        "acknowledged assessed accepted first_responded responded first_resolved resolved closed"
    )
    assert all(read[f"{name}_at"] for name in names.split())


async def test_an_illegal_event_is_told_the_legal_ones(tenant: Tenant) -> None:
    """409 with `legal_events`, which are those that `transitions` lists for the role."""
    receipt = await file(tenant.client)
    refused = await do(tenant.client, receipt["id"], "close", 409, role="supervisor")
    assert refused["code"] == "illegal-transition"
    listed = await tenant.client.get(
        f"/v1/complaints/{receipt['id']}/transitions", params={"role": "supervisor"}
    )
    names = [each["event"] for each in listed.json()["data"]]
    assert refused["legal_events"] == names == ["reject", "merge_into", "escalate", "retype"]
    assert len(await timeline(tenant.client, receipt["id"])) == 1


async def test_transitions_name_what_each_event_needs(tenant: Tenant) -> None:
    """What stands on the case already is not required again; labels come in both languages."""
    receipt = await file(tenant.client)
    path = f"/v1/complaints/{receipt['reference']}/transitions"

    async def offered() -> dict[str, Json]:
        return {each["event"]: each for each in (await tenant.client.get(path)).json()["data"]}

    accept = (await offered())["accept"]
    assert accept["labels"] == {"zh-CN": "接单", "en": "Accept"}
    assert (accept["to"], accept["roles"]) == (["in_progress"], ["agent"])
    assert {"name": "assignee", "required": True} in accept["fields"]
    patched = await tenant.client.patch(f"/v1/complaints/{receipt['id']}", json={"assignee": "ann"})
    assert patched.status_code == 200
    assert {"name": "assignee", "required": False} in (await offered())["accept"]["fields"]
    assert (await offered())["merge_into"]["roles"] == ["agent", "supervisor"]


async def test_bodies_of_events_are_strict(tenant: Tenant) -> None:
    """An unknown event, a field of another event and a missing one are named by pointer."""
    case = (await file(tenant.client))["id"]
    unknown = await do(tenant.client, case, "explode", 422)
    stray = await do(tenant.client, case, "acknowledge", 422, assignee="ann")
    lacking = await do(tenant.client, case, "accept", 422)
    timed = await do(tenant.client, case, "timer", 422)
    forged = await do(tenant.client, case, "acknowledge", 422, role="timer")
    nul = await do(tenant.client, case, "ask_customer", 422, text="a\x00")
    found = [
        [(error["pointer"], error["code"]) for error in answer["errors"]]
        for answer in (unknown, stray, lacking, timed, forged, nul)
    ]
    assert found == [
        [("/event", "unknown-value")],
        [("/assignee", "unknown-field")],
        [("/assignee", "missing-field")],
        [("/event", "unknown-value")],
        [("/role", "unknown-value")],
        [("/text", "invalid-text")],
    ]


async def test_an_event_may_be_recorded_later_but_not_before_the_case(tenant: Tenant) -> None:
    """`occurred_at` is kept beside `recorded_at`, between the receipt and now."""
    received = datetime.now(UTC) - timedelta(days=2)
    case = (await file(tenant.client, received_at=received.isoformat()))["id"]
    at = received + timedelta(hours=1)
    read = await do(tenant.client, case, "acknowledge", occurred_at=at.isoformat())
    assert datetime.fromisoformat(read["acknowledged_at"]) == at
    entry = (await timeline(tenant.client, case))[-1]
    assert datetime.fromisoformat(entry["occurred_at"]) == at
    assert datetime.fromisoformat(entry["recorded_at"]) > at + timedelta(days=1)
    for wrong in (received - timedelta(seconds=1), datetime.now(UTC) + timedelta(minutes=6)):
        refused = await do(
            tenant.client, case, "accept", 422, assignee="a", occurred_at=wrong.isoformat()
        )
        assert refused["errors"][0]["code"] == "implausible-time"


async def test_corrections_go_to_the_timeline(tenant: Tenant) -> None:
    """Only what changes is noted, with before and after; nothing changed is no revision."""
    case = (await file(tenant.client))["id"]
    path = f"/v1/complaints/{case}"
    wanted: Json = {"category": None, "severity": "critical", "team": "north"}
    changed = await tenant.client.patch(path, json=wanted, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    assert {name: changed.json()[name] for name in wanted} == wanted
    same = await tenant.client.patch(path, json=wanted)
    stale = await tenant.client.patch(path, json={"team": "x"}, headers={"If-Match": '"1"'})
    cleared = await tenant.client.patch(path, json={"severity": None})
    assert same.headers["etag"] == '"2"'
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    assert (cleared.status_code, cleared.json()["errors"][0]["pointer"]) == (422, "/severity")
    entry = (await timeline(tenant.client, case))[-1]
    assert (entry["event"], entry["visibility"], entry["number"]) == ("change", "internal", 2)
    assert entry["details"] == {
        "category_before": "billing",
        "category_after": None,
        "severity_before": "medium",
        "severity_after": "critical",
        "team_before": None,
        "team_after": "north",
    }


async def test_a_stale_event_is_refused(tenant: Tenant) -> None:
    """If-Match on an event: 412 once anything has happened since."""
    case = (await file(tenant.client))["id"]
    path = f"/v1/complaints/{case}/events"
    headers = {"If-Match": '"1"'}
    first = await tenant.client.post(path, json={"event": "acknowledge"}, headers=headers)
    second = await tenant.client.post(
        path, json={"event": "accept", "assignee": "ann"}, headers=headers
    )
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert (second.status_code, second.json()["code"]) == (412, "precondition-failed")


async def test_messages_are_for_the_house_unless_said_otherwise(tenant: Tenant) -> None:
    """A note is internal; the first public word of a person is the first response."""
    case = (await file(tenant.client))["id"]
    path = f"/v1/complaints/{case}/messages"
    note = await tenant.client.post(path, json={"text": "Check the meter."})
    assert (note.status_code, note.json()["direction"]) == (201, "internal")
    robot = {"text": "We have it.", "visibility": "public", "role": "integration"}
    assert (await tenant.client.post(path, json=robot)).json()["direction"] == "outbound"
    read = (await tenant.client.get(f"/v1/complaints/{case}")).json()
    assert read["first_responded_at"] is None
    person = await tenant.client.post(path, json=robot | {"role": "agent", "actor": "ann"})
    read = (await tenant.client.get(f"/v1/complaints/{case}")).json()
    assert read["first_responded_at"] >= person.json()["occurred_at"][:19]
    page = (await tenant.client.get(path, params={"limit": 2})).json()
    rest = (await tenant.client.get(path, params={"cursor": page["next_cursor"]})).json()
    said = [message["text"] for message in page["data"] + rest["data"]]
    assert said == ["Check the meter.", "We have it.", "We have it."]


async def test_reopening_keeps_the_first_resolution(tenant: Tenant) -> None:
    """A reopened case counts the reopening and remembers when it was first resolved."""
    case = (await resolved(tenant.client))["id"]
    first = (await tenant.client.get(f"/v1/complaints/{case}")).json()["first_resolved_at"]
    read = await do(tenant.client, case, "reopen", reason="It came back.")
    assert (read["state"], read["reopen_count"]) == ("in_progress", 1)
    assert (read["first_resolved_at"], read["resolved_at"]) == (first, None)


async def test_the_way_to_an_external_body_and_back(tenant: Tenant) -> None:
    """Its decision is kept, and whether it differs from ours."""
    case = (await answered(tenant.client))["id"]
    body: Json = {"external_body": "Energy regulator", "external_reference": "12398-7"}
    read = await do(tenant.client, case, "refer_external", **body)
    assert (read["state"], read["external_body"]) == ("external_review", "Energy regulator")
    read = await do(tenant.client, case, "external_decision", outcome="not_upheld", to="closed")
    assert (read["state"], read["outcome"], read["overturned"]) == ("closed", "not_upheld", True)


async def test_a_new_pin_is_shown_once(tenant: Tenant) -> None:
    """A caller who never had a PIN, or lost it, gets one; the timeline says that, not which."""
    receipt = await file(tenant.client)
    made = await tenant.client.post(f"/v1/complaints/{receipt['id']}/pin")
    assert made.status_code == 201, made.text
    access = {"reference": receipt["reference"], "pin": made.json()["pin"]}
    assert (await tenant.public.post("/v1/complaint-tracking", json=access)).status_code == 200
    shown = await tenant.client.get(f"/v1/complaints/{receipt['id']}/timeline")
    assert shown.json()["data"][-1]["event"] == "pin_issued"
    assert made.json()["pin"] not in shown.text


async def test_categories_in_use(tenant: Tenant) -> None:
    """Free codes, the most frequent first."""
    for category in ("delivery", "billing", "billing", None):
        await file(tenant.client, category=category)
    answer = await tenant.client.get("/v1/complaint-categories")
    assert answer.json() == {
        "data": [{"category": "billing", "cases": 2}, {"category": "delivery", "cases": 1}]
    }
