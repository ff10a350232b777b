"""Several people at one case, and cases merged while others look."""

import asyncio

from tests.complaints.makers import Json, do, file, timeline
from tests.conftest import Tenant


async def test_of_many_who_accept_at_once_one_does(tenant: Tenant) -> None:
    """The others are told that it is no longer possible, and what is."""
    case = (await file(tenant.client))["id"]
    path = f"/v1/complaints/{case}/events"
    answers = await asyncio.gather(
        *(
            tenant.client.post(path, json={"event": "accept", "assignee": f"agent-{i}"})
            for i in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    loser = next(answer for answer in answers if answer.status_code == 409).json()
    assert loser["code"] == "illegal-transition"
    assert "ask_customer" in loser["legal_events"]
    read = (await tenant.client.get(f"/v1/complaints/{case}")).json()
    assert read == winner
    assert [entry["event"] for entry in await timeline(tenant.client, case)] == ["file", "accept"]


async def test_parallel_notes_are_numbered_without_gaps(tenant: Tenant) -> None:
    """Twenty notes at once make twenty entries, each with its own number."""
    case = (await file(tenant.client))["id"]
    path = f"/v1/complaints/{case}/messages"
    await asyncio.gather(*(tenant.client.post(path, json={"text": f"n{i}"}) for i in range(20)))
    entries = await timeline(tenant.client, case)
    assert [entry["number"] for entry in entries] == list(range(1, 22))
    assert {entry["text"] for entry in entries[1:]} == {f"n{i}" for i in range(20)}


async def test_merging_keeps_the_earlier_receipt_and_leaves_a_tombstone(tenant: Tenant) -> None:
    """The parent counts from the earlier receipt; the child says where it went and stays."""
    parent = await file(tenant.client)
    child = await file(tenant.client, received_at="2026-01-02T03:04:05Z")
    await do(tenant.client, child["id"], "merge_into", into=parent["reference"])
    read = (await tenant.client.get(f"/v1/complaints/{parent['id']}")).json()
    tomb = (await tenant.client.get(f"/v1/complaints/{child['reference']}")).json()
    assert read["received_at_effective"] == "2026-01-02T03:04:05Z" < read["received_at"]
    assert (tomb["state"], tomb["merged_into"]) == ("merged", parent["id"])
    entry = (await timeline(tenant.client, parent["id"]))[-1]
    assert entry["event"] == "merged_from"
    assert entry["details"] == {"complaint": child["id"], "reference": child["reference"]}
    message: Json = {"role": "integration", "text": "Any news?"}
    told = await do(tenant.client, child["id"], "customer_message", **message)
    assert told["id"] == parent["id"]
    entry = (await timeline(tenant.client, parent["id"]))[-1]
    assert (entry["text"], entry["details"]["via"]) == ("Any news?", child["reference"])
    assert (await tenant.client.get(f"/v1/complaints/{child['id']}")).json()["state"] == "merged"
    assert (await do(tenant.client, child["id"], "reopen", 409, reason="x"))["legal_events"] == []


async def test_what_cannot_be_merged(tenant: Tenant, stranger: Tenant) -> None:
    """Not into itself, the unknown, another workspace's, an ended, or a stranger's case."""
    case = await file(tenant.client)
    ended = await file(tenant.client)
    await do(tenant.client, ended["id"], "resolve_now", text="ok", complainant_agreed=True)
    other = await file(tenant.client, customer="C-7")
    secret = await file(tenant.client, kind="report")
    foreign = await file(stranger.client)
    for into in (case["id"], "C-0000-0000-1", foreign["id"], foreign["reference"]):
        refused = await do(tenant.client, case["id"], "merge_into", 422, into=into)
        assert refused["errors"][0]["pointer"] == "/into"
    for into in (ended, other, secret):
        refused = await do(tenant.client, case["id"], "merge_into", 409, into=into["id"])
        assert refused["code"] == "illegal-transition"
    mixed = await do(
        tenant.client, case["id"], "merge_into", 409, into=secret["id"], class_case=True
    )
    assert mixed["code"] == "illegal-transition"
    merged = await do(tenant.client, case["id"], "merge_into", into=other["id"], class_case=True)
    assert merged["merged_into"] == other["id"]


async def test_two_merges_in_opposite_directions(tenant: Tenant) -> None:
    """One wins, the other finds its target gone; nobody waits for ever."""
    for _ in range(5):
        one, two = await file(tenant.client), await file(tenant.client)
        answers = await asyncio.gather(
            *(
                tenant.client.post(
                    f"/v1/complaints/{a['id']}/events",
                    json={"event": "merge_into", "into": b["id"]},
                )
                for a, b in ((one, two), (two, one))
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        reads = [
            (await tenant.client.get(f"/v1/complaints/{each['id']}")).json() for each in (one, two)
        ]
        assert sorted(read["state"] for read in reads) == ["merged", "received"]
