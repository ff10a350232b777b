"""What a complainant can do with a receipt."""

from fastapi import FastAPI

from tests.complaints.makers import access, answered, do, file, resolved, timeline
from tests.conftest import Tenant, client_of

PATH = "/v1/complaint-tracking"


async def test_the_complainant_sees_what_concerns_them(app: FastAPI, tenant: Tenant) -> None:
    """Public steps and texts without a key, in the reader's language; nothing of the house."""
    receipt = await file(tenant.client)
    case = receipt["id"]
    await do(tenant.client, case, "assess", severity="low", note="a grumbler")
    await do(tenant.client, case, "accept", assignee="ann-the-agent")
    await do(tenant.client, case, "ask_customer", text="Which bill?", actor="ann-the-agent")
    await tenant.client.post(f"/v1/complaints/{case}/messages", json={"text": "internal word"})
    async with client_of(app) as nobody:
        headers = {"Accept-Language": "zh-CN,zh;q=0.9"}
        answer = await nobody.post(PATH, json=access(receipt), headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    seen = answer.json()
    assert seen["public_status"] == {
        "code": "waiting_for_you",
        "label": "待您补充",
        "labels": {"zh-CN": "待您补充", "en": "Waiting for you"},
    }
    labels = [step["labels"]["en"] for step in seen["timeline"]]
    assert labels == ["Received", "Accept", "Ask the complainant"]
    assert [(m["sender"], m["text"]) for m in seen["messages"]] == [("organisation", "Which bill?")]
    assert (seen["actions"], seen["may_write"]) == (["withdraw"], True)
    for hidden in ("grumbler", "ann-the-agent", "internal word", "C-42", "severity"):
        assert hidden not in answer.text


async def test_an_answer_of_the_complainant_resumes_the_case(tenant: Tenant) -> None:
    """A message moves on a case that waited for it, and only that."""
    receipt = await file(tenant.client)
    await do(tenant.client, receipt["id"], "accept", assignee="ann")
    await do(tenant.client, receipt["id"], "ask_customer", text="Which bill?")
    body = access(receipt, text="October's. 𠀀")
    sent = await tenant.public.post(f"{PATH}/messages", json=body)
    assert (sent.status_code, sent.json()["public_status"]["code"]) == (201, "being_handled")
    assert sent.json()["messages"][-1]["text"] == "October's. 𠀀"
    assert sent.json()["messages"][-1]["sender"] == "complainant"
    entry = (await timeline(tenant.client, receipt["id"]))[-1]
    told = (entry["event"], entry["role"], entry["actor"])
    assert told == ("customer_message", "complainant", None)


async def test_thank_you_does_not_reopen(tenant: Tenant) -> None:
    """A message to a resolved case is kept and leaves it resolved; reopening is a decision."""
    receipt = await resolved(tenant.client)
    sent = await tenant.public.post(f"{PATH}/messages", json=access(receipt, text="Thanks!"))
    assert sent.json()["public_status"]["code"] == "resolved"
    wanted = access(receipt, event="reopen", reason="It is back.")
    lacking = await tenant.public.post(f"{PATH}/events", json=access(receipt, event="reopen"))
    assert lacking.json()["errors"][0]["pointer"] == "/reason"
    again = await tenant.public.post(f"{PATH}/events", json=wanted)
    assert again.json()["public_status"]["code"] == "being_handled"
    assert again.json()["messages"][-1]["text"] == "It is back."


async def test_the_complainant_accepts_rejects_and_withdraws(tenant: Tenant) -> None:
    """What is legal happens, with the recourse shown; what is not is 409 with what is."""
    receipt = await answered(tenant.client)
    seen = (await tenant.public.post(PATH, json=access(receipt))).json()
    assert [m["text"] for m in seen["messages"]] == ["You are right.", "Ask the ombudsman."]
    assert seen["actions"] == ["withdraw", "accept_response", "reject_response"]
    wanted = access(receipt, event="reject_response", reason="Not enough.")
    rejected = await tenant.public.post(f"{PATH}/events", json=wanted)
    assert rejected.json()["public_status"]["code"] == "being_handled"
    read = (await tenant.client.get(f"/v1/complaints/{receipt['id']}")).json()
    assert read["escalation_level"] == 1
    early = await tenant.public.post(
        f"{PATH}/events", json=access(receipt, event="accept_response")
    )
    assert (early.status_code, early.json()["code"]) == (409, "illegal-transition")
    assert "withdraw" in early.json()["legal_events"]
    gone = await tenant.public.post(f"{PATH}/events", json=access(receipt, event="withdraw"))
    assert gone.json()["public_status"]["labels"]["zh-CN"] == "已撤回"
    assert (gone.json()["actions"], gone.json()["may_write"]) == ([], False)
    closed = await tenant.public.post(f"{PATH}/messages", json=access(receipt, text="x"))
    assert closed.status_code == 409
    for event in ("close", "accept", "escalate"):
        forbidden = await tenant.public.post(f"{PATH}/events", json=access(receipt, event=event))
        assert forbidden.status_code == 422


async def test_a_merged_case_leads_on_without_opening_the_other(tenant: Tenant) -> None:
    """The old receipt works and says where it went; in a class case nobody reads the other's."""
    child = await file(tenant.client, customer="C-1")
    parent = await file(tenant.client, customer="C-2", description="Another person's words.")
    await do(tenant.client, child["id"], "merge_into", into=parent["id"], class_case=True)
    sent = await tenant.public.post(f"{PATH}/messages", json=access(child, text="And mine?"))
    seen = sent.json()
    assert sent.status_code == 201
    assert seen["public_status"]["code"] == "merged"
    assert seen["continues_as"]["reference"] == parent["reference"]
    assert seen["continues_as"]["public_status"]["code"] == "received"
    assert seen["messages"][-1]["text"] == "And mine?"
    assert "Another person" not in sent.text
    other = await tenant.public.post(PATH, json=access(parent))
    assert "And mine?" not in other.text
    assert (await timeline(tenant.client, parent["id"]))[-1]["text"] == "And mine?"
