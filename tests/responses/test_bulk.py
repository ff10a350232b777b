"""Many responses in one stream."""

import asyncio
import json
from typing import Any

from sqlalchemy import text

from app.db import Database
from tests.conftest import Tenant
from tests.responses.builders import answer, publish

NDJSON = {"Content-Type": "application/x-ndjson"}


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


async def test_every_line_has_its_outcome(tenant: Tenant) -> None:
    """Good lines are stored, bad ones are named with their reason, and the rest goes on."""
    survey = await publish(tenant)
    body = _lines([answer(9, submission_id="a"), answer(11, submission_id="b")])
    body += b'{"answers": {"nps": NaN}, "submission_id": "c"}\n\n'
    body += _lines([answer(3, submission_id="a"), answer(5), answer(9, submission_id="a")])
    url = f"/v1/surveys/{survey}/responses"
    report = (await tenant.client.post(url, content=body, headers=NDJSON)).json()
    found = {each["line"]: (each["status"], each["errors"]) for each in report["outcomes"]}
    assert {line: status for line, (status, _) in found.items()} == {
        1: "created", 2: "rejected", 3: "rejected", 5: "rejected", 6: "rejected", 7: "unchanged"
    }  # fmt: skip
    assert found[2][1][0]["pointer"] == "/answers/nps"
    assert found[5][1][0]["code"] == "conflict"
    assert found[6][1][0]["pointer"] == "/submission_id"
    counts = [report[name] for name in ("received", "created", "unchanged", "rejected")]
    assert counts == [6, 1, 1, 4]


async def test_a_second_load_changes_nothing(tenant: Tenant, database: Database) -> None:
    """The whole stream again: every line `unchanged`, no row and no event more."""
    survey = await publish(tenant)
    rows = [answer(number % 11, submission_id=f"s-{number}") for number in range(4_500)]
    url = f"/v1/surveys/{survey}/responses?outcomes=rejected"
    first, second = [
        (await tenant.client.post(url, content=_lines(rows), headers=NDJSON)).json()
        for _ in range(2)
    ]
    assert (first["created"], first["unchanged"]) == (4_500, 0)
    assert (second["created"], second["unchanged"], second["outcomes"]) == (0, 4_500, [])
    async with database.snapshot() as session:
        for table in ("responses", "events"):
            query = text(
                f"SELECT count(*) FROM {table} WHERE workspace_id = :w"
                + (" AND type = 'response.received'" if table == "events" else "")
            )
            counted = await session.execute(query, {"w": tenant.workspace.id})
            assert counted.scalar_one() == 4_500


async def test_a_submission_named_in_two_chunks_is_the_first(tenant: Tenant) -> None:
    """Lines thousands apart have the outcomes that they would have one by one, in their order."""
    survey = await publish(tenant)
    rows = [answer(number % 11, submission_id=f"s-{number}") for number in range(6_000)]
    again = [answer(0, submission_id="s-0"), answer(5, submission_id="s-1"), answer(12)]
    rows[2_001:2_001] = again
    rows.append(answer(9, submission_id="s-1"))
    url = f"/v1/surveys/{survey}/responses"
    report = (await tenant.client.post(url, content=_lines(rows), headers=NDJSON)).json()
    outcomes = report["outcomes"]
    assert [each["line"] for each in outcomes] == list(range(1, len(rows) + 1))
    later = {2_002: "unchanged", 2_003: "rejected", 2_004: "rejected", 6_004: "rejected"}
    for each in outcomes:
        assert each["status"] == later.get(each["line"], "created"), each
    assert outcomes[2_001]["id"] == outcomes[0]["id"]


async def test_streams_and_single_sendings_meet(tenant: Tenant) -> None:
    """The same submissions at the same time, in two streams and one by one: each is one."""
    survey = await publish(tenant)
    rows = [answer(number % 11, submission_id=f"m-{number}") for number in range(300)]
    url = f"/v1/surveys/{survey}/responses"
    single = [
        tenant.client.put(
            f"{url}/{row['submission_id']}",
            json={name: value for name, value in row.items() if name != "submission_id"},
        )
        for row in rows[::10]
    ]
    streams = [tenant.client.post(url, content=_lines(rows), headers=NDJSON) for _ in range(2)]
    answers = await asyncio.gather(*streams, *single)
    assert all(each.status_code in {200, 201} for each in answers)
    created = sum(each.json()["created"] for each in answers[:2])
    fresh = sum("idempotent-replayed" not in each.headers for each in answers[2:])
    assert created + fresh == 300


async def test_a_dry_run_stores_nothing(tenant: Tenant) -> None:
    """The report as it would be, and no response."""
    survey = await publish(tenant)
    body = _lines([answer(9, submission_id="a")])
    url = f"/v1/surveys/{survey}/responses?dry_run=true"
    report = (await tenant.client.post(url, content=body, headers=NDJSON)).json()
    assert report["created"] == 1
    assert (await tenant.client.get("/v1/responses")).json()["data"] == []


async def test_a_stream_needs_a_secret_key(tenant: Tenant) -> None:
    """A web page cannot stream, and other media types are 415."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses"
    public = await tenant.public.post(url, content=b"{}\n", headers=NDJSON)
    assert (public.status_code, public.json()["code"]) == (403, "wrong-key-type")
    other = await tenant.client.post(url, content=b"a", headers={"Content-Type": "text/plain"})
    assert other.status_code == 415


async def test_a_line_stores_what_a_single_sending_stores(tenant: Tenant) -> None:
    """Signs that mean something to COPY, in every field that is free text, and all the others."""
    survey = await publish(tenant)
    url = f"/v1/surveys/{survey}/responses"
    said = '\\ \\N "quoted" \t \r\n \u0001 {a,b} é 客户 😀 \\u0041'
    body: dict[str, Any] = {
        "answers": {"nps": 3, "why": said},
        "language": "zh-Hant-TW",
        "customer": "C\t\\N\\\r\x1e1",
        "occurred_at": "2026-11-01T10:00:00.123456+08:00",
        "duration_seconds": 0.5,
        "metadata": {"said": said, "n": 1.5, "empty": ""},
        "status": "partial",
        "test": True,
    }
    plain: dict[str, Any] = {"answers": {"nps": 9}, "occurred_at": "2026-11-01T10:00:00Z"}
    for number, each in enumerate([body, plain]):
        single = await tenant.client.put(f"{url}/single-{number}", json=each)
        assert single.status_code == 201, single.text
        line = json.dumps(each | {"submission_id": f"line-{number}"}).encode()
        report = (await tenant.client.post(url, content=line, headers=NDJSON)).json()
        assert report["created"] == 1, report
    stored = {
        each.pop("submission_id"): {
            name: value
            for name, value in each.items()
            if name not in {"id", "received_at", "updated_at"}
        }
        for each in (await tenant.client.get("/v1/responses")).json()["data"]
    }
    for number, each in enumerate([body, plain]):
        assert stored[f"line-{number}"] == stored[f"single-{number}"]
        assert stored[f"line-{number}"]["answers"] == each["answers"]
