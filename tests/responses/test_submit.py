"""Submitting responses over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text

from app.db import Database
from tests.conftest import Tenant
from tests.responses.builders import answer, definition, publish


async def _count(database: Database, tenant: Tenant, table: str, where: str = "true") -> int:
    async with database.snapshot() as session:
        query = text(f"SELECT count(*) FROM {table} WHERE workspace_id = :w AND {where}")
        return int((await session.execute(query, {"w": tenant.workspace.id})).scalar_one())


async def test_a_response_is_stored_and_can_be_read(tenant: Tenant) -> None:
    """What was submitted is returned byte for byte, emoji and rare characters included."""
    survey = await publish(tenant)
    words = "很好 👩‍👩‍👧 𠮷 <script>alert(1)</script> '; DROP TABLE x"
    sent = answer(9, metadata={"branch": "east", "vip": True})
    sent["answers"] |= {"why": words, "reasons": ["price"]}
    receipt = await tenant.public.post(f"/v1/surveys/{survey}/responses", json=sent)
    assert receipt.status_code == 201, receipt.text
    read = (await tenant.client.get(receipt.headers["location"])).json()
    assert read["answers"] == sent["answers"]
    assert read["metadata"] == {"branch": "east", "vip": True}
    assert (read["version"], read["channel"], read["language"]) == (1, "web", "en")
    assert read["assurance"] == "open"


async def test_the_same_submission_is_one_for_ever(tenant: Tenant, database: Database) -> None:
    """200 parallel sendings of one id: one row, one event, and 200 equal answers."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses/{uuid4()}"
    answers = await asyncio.gather(*(tenant.client.put(url, json=answer()) for _ in range(200)))
    assert {each.status_code for each in answers} == {201}, answers[0].text
    assert len({each.content for each in answers}) == 1
    assert await _count(database, tenant, "responses") == 1
    assert await _count(database, tenant, "events", "type = 'response.received'") == 1
    replayed = [each for each in answers if "idempotent-replayed" in each.headers]
    assert len(replayed) == 199


async def test_other_content_under_the_same_id_is_a_conflict(tenant: Tenant) -> None:
    """A submission id stands for one content: 409, and the first stays."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses/device-7:42"
    first = await tenant.public.put(url, json=answer(9))
    second = await tenant.public.put(url, json=answer(3))
    assert second.status_code == 409
    assert second.json()["code"] == "submission-conflict"
    reordered = {"channel": "web", "language": "en", "answers": {"csat": 4, "nps": 9}}
    again = await tenant.public.put(url, json=reordered | {"sent_at": "2026-01-01T00:00:00Z"})
    assert again.content == first.content


async def test_an_idempotency_key_does_the_same(tenant: Tenant) -> None:
    """POST with a key: repeated it answers the same, with other content it is refused."""
    survey = await publish(tenant)
    url, headers = f"/v1/surveys/{survey}/responses", {"Idempotency-Key": "k-1"}
    first = await tenant.public.post(url, json=answer(9), headers=headers)
    again = await tenant.public.post(url, json=answer(9), headers=headers)
    other = await tenant.public.post(url, json=answer(8), headers=headers)
    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_answers_are_judged_by_the_version(tenant: Tenant) -> None:
    """Each wrong answer is named with its pointer and code; nothing is stored."""
    survey = await publish(tenant)
    sent = {"answers": {"csat": 9, "reasons": ["nonsense"], "ghost": 1}}
    refused = await tenant.public.post(f"/v1/surveys/{survey}/responses", json=sent)
    assert refused.status_code == 422
    assert {(each["pointer"], each["code"]) for each in refused.json()["errors"]} == {
        ("/answers/nps", "missing-answer"),
        ("/answers/csat", "answer-out-of-range"),
        ("/answers/reasons/0", "unknown-choice"),
        ("/answers/ghost", "unknown-question"),
    }
    listed = await tenant.client.get("/v1/responses")
    assert listed.json()["data"] == []


async def test_a_closed_survey_takes_only_what_was_answered_before(tenant: Tenant) -> None:
    """409 with the closing time; an answer given before, and sent late, is still taken."""
    survey = await publish(tenant)
    before = datetime.now(UTC) - timedelta(minutes=1)
    closed = await tenant.client.post(f"/v1/surveys/{survey}/close")
    assert closed.status_code == 200
    url = f"/v1/surveys/{survey}/responses"
    late = await tenant.public.post(url, json=answer())
    assert (late.status_code, late.json()["code"]) == (409, "survey-closed")
    assert late.json()["closed_at"] == closed.json()["closed_at"]
    queued = await tenant.public.post(url, json=answer(occurred_at=before.isoformat()))
    assert queued.status_code == 201


async def test_a_wrong_clock_is_corrected_and_kept(tenant: Tenant) -> None:
    """`sent_at` says how wrong the device's clock is: the time is corrected, the claim kept."""
    survey = await publish(tenant)
    wrong = datetime.now(UTC) - timedelta(days=400)
    sent = answer(occurred_at=wrong.isoformat(), sent_at=(wrong + timedelta(minutes=5)).isoformat())
    receipt = await tenant.public.post(f"/v1/surveys/{survey}/responses", json=sent)
    read = (await tenant.client.get(receipt.headers["location"])).json()
    occurred = datetime.fromisoformat(read["occurred_at"])
    assert abs(datetime.now(UTC) - timedelta(minutes=5) - occurred) < timedelta(minutes=1)
    assert datetime.fromisoformat(read["claimed_at"]) == wrong
    assert read["flags"] == ["clock_drift"]


async def test_an_implausible_time_is_refused_from_the_public(tenant: Tenant) -> None:
    """Two days in the future: 422 from a web page; an import with a secret key is flagged."""
    survey = await publish(tenant)
    sent = answer(occurred_at=(datetime.now(UTC) + timedelta(days=2)).isoformat())
    url = f"/v1/surveys/{survey}/responses"
    refused = await tenant.public.post(url, json=sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "implausible-time")
    taken = await tenant.client.post(url, json=sent)
    read = (await tenant.client.get(taken.headers["location"])).json()
    assert "implausible_time" in read["flags"]


async def test_other_workspaces_see_nothing(tenant: Tenant, stranger: Tenant) -> None:
    """A foreign survey or response is 404, equal to one that never was."""
    survey = await publish(tenant)
    mine = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=answer())
    foreign = await stranger.client.get(mine.headers["location"])
    unknown = await stranger.client.get(f"/v1/responses/{uuid4()}")
    assert foreign.status_code == unknown.status_code == 404
    assert _without_id(foreign.json()) == _without_id(unknown.json())
    submitted = await stranger.client.post(f"/v1/surveys/{survey}/responses", json=answer())
    assert submitted.status_code == 404


def _without_id(problem: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name != "request_id"}


async def test_a_partial_response_is_continued(tenant: Tenant) -> None:
    """The sender goes on under its submission id; others cannot; a complete one is final."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses/phone-1"
    partial = {"answers": {"csat": 4}, "status": "partial"}
    started = await tenant.public.put(url, json=partial)
    location = started.headers["location"]
    proof = {"submission_id": "phone-1"}
    wrong = await tenant.public.patch(location, json={"submission_id": "x", "status": "complete"})
    assert wrong.status_code == 404
    lacking = await tenant.public.patch(location, json=proof | {"status": "complete"})
    assert lacking.json()["errors"][0]["code"] == "missing-answer"
    done = await tenant.public.patch(
        location, json=proof | {"answers": {"nps": 10}, "status": "complete"}
    )
    assert done.status_code == 200, done.text
    assert done.json()["answers"] == {"csat": 4, "nps": 10}
    final = await tenant.public.patch(location, json=proof | {"answers": {"nps": 0}})
    assert (final.status_code, final.json()["code"]) == (409, "response-complete")
    stale = await tenant.client.patch(
        location, json={"quality": "invalid"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412


async def test_personal_answers_need_their_own_scope(tenant: Tenant) -> None:
    """A key without `responses:read_pii` gets the names of what is withheld, not the content."""
    wanted = {"kind": "secret", "name": "bi", "scopes": ["responses:read"]}
    key = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    contact = {"type": "contact", "key": "contact", "fields": [{"field": "email"}]}
    survey = await publish(tenant, {"type": "nps", "key": "nps"}, contact)
    sent = {"answers": {"nps": 9, "contact": {"email": "wang@example.com"}}}
    receipt = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=sent)
    assert receipt.status_code == 201, receipt.text
    reader = {"Authorization": f"Bearer {key}"}
    read = await tenant.client.get(receipt.headers["location"], headers=reader)
    assert read.json()["answers"] == {"nps": 9}
    assert read.json()["redacted"] == ["contact"]
    assert "wang@example.com" not in read.text


async def test_hidden_fields_must_be_declared(tenant: Tenant) -> None:
    """A page may send the hidden fields that the survey declares, and no others."""
    survey = await publish(tenant, hidden_fields=["branch"])
    url = f"/v1/surveys/{survey}/responses"
    taken = await tenant.public.post(url, json=answer(hidden_fields={"branch": "east"}))
    read = (await tenant.client.get(taken.headers["location"])).json()
    assert read["metadata"] == {"branch": "east"}
    refused = await tenant.public.post(url, json=answer(hidden_fields={"admin": True}))
    assert refused.json()["errors"][0]["pointer"] == "/hidden_fields/admin"


async def test_an_older_version_is_still_answered(tenant: Tenant) -> None:
    """A device that shows version 1 answers version 1 until that is retired."""
    survey = await publish(tenant)
    changed = {"definition": definition(title={"en": "New", "zh-CN": "新"})}
    await tenant.client.patch(f"/v1/surveys/{survey}", json=changed)
    await tenant.client.post(f"/v1/surveys/{survey}/publish")
    url = f"/v1/surveys/{survey}/responses"
    old = await tenant.public.post(url, json=answer(version=1))
    new = await tenant.public.post(url, json=answer())
    assert (old.json()["version"], new.json()["version"]) == (1, 2)
    await tenant.client.post(f"/v1/surveys/{survey}/versions/1/retire")
    retired = await tenant.public.post(url, json=answer(version=1))
    assert (retired.status_code, retired.json()["code"]) == (409, "survey-version-retired")
