"""Bulk intake: reading streams of lines, chunks as transactions, and the report."""

import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from app.config import Settings
from app.db import Database
from app.fields import Count, Input, ShortText
from app.http import rendering
from app.http.auth import open_to_all
from app.http.bulk import Bulk, BulkResult, Item, Outcome, chunks, load
from app.http.physical_lines import MAX_LINE_BYTES
from app.http.route import Route

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}


class Reading(Input):
    """What the made-up lines of these tests say."""

    external_id: ShortText
    count: Count


async def keep(
    session: AsyncSession, _workspace_id: UUID, items: Sequence[Item[Reading]]
) -> list[Outcome]:
    """Store readings; the table refuses counts of 666."""
    for item in items:
        await session.execute(
            text("INSERT INTO bulk_readings VALUES (:key, :count) ON CONFLICT DO NOTHING"),
            {"key": item.value.external_id, "count": item.value.count},
        )
    return [Outcome(item.line, item.value.external_id, "created") for item in items]


def bulk_app(settings: Settings) -> FastAPI:
    """An application with one bulk route in chunks of 100, and one that only reads."""
    router = APIRouter(route_class=Route)

    @router.post("/readings", response_model=BulkResult)
    async def load_readings(
        request: Request, options: Bulk, _: Annotated[None, open_to_all("a test")]
    ) -> StreamingResponse:
        """Store readings."""
        return await load(request, options, UUID(int=0), Reading, keep, size=100)

    @router.post("/lines")
    async def count_lines(
        request: Request, _: Annotated[None, open_to_all("a test")], size: int = 2_000
    ) -> list[int]:
        """How many lines each chunk had."""
        return [len(each) async for each in chunks(request, size=size, parsed=False)]

    app = FastAPI()
    app.state.settings = settings
    app.state.database = Database(settings)
    rendering.install(app)
    app.include_router(router)
    return app


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that application, over a table of its own."""
    app = bulk_app(settings.model_copy(update={"max_bulk_bytes": 4_000_000}))
    database: Database = app.state.database
    async with database.transaction() as session:
        await session.execute(
            text("CREATE TABLE bulk_readings (key text PRIMARY KEY, n bigint CHECK (n <> 666))")
        )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    async with database.transaction() as session:
        await session.execute(text("DROP TABLE bulk_readings"))
    await database.close()


def ndjson(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows, one JSON document a line."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def named(prefix: str, count: int) -> list[dict[str, Any]]:
    """That many readings with names of their own."""
    return [{"external_id": f"{prefix}-{n}", "count": n} for n in range(count)]


async def post(
    client: httpx.AsyncClient, body: bytes, headers: dict[str, str] = NDJSON, query: str = ""
) -> dict[str, Any]:
    """The report of a load that succeeds."""
    answer = await client.post(f"/readings{query}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    BulkResult.model_validate_json(answer.content)
    report: dict[str, Any] = answer.json()
    return report


async def stored(settings: Settings, prefix: str) -> int:
    """How many readings of that name are committed."""
    database = Database(settings)
    async with database.snapshot() as session:
        query = text("SELECT count(*) FROM bulk_readings WHERE key LIKE :p")
        found = await session.scalar(query, {"p": f"{prefix}%"})
    await database.close()
    return int(found or 0)


async def test_every_line_has_its_own_outcome(client: httpx.AsyncClient) -> None:
    """Each kind of bad line is rejected alone, with its number, its key and the reason."""
    bad = {
        b'{"external_id": "t1", "count": 1': ("malformed-json", ""),
        b'{"external_id": "t2", "count": NaN}': ("malformed-json", ""),
        b'{"external_id": "t3", "count": 1e400}': ("number-out-of-range", "/count"),
        b'{"external_id": "t4", "count": 9223372036854775808}': ("number-out-of-range", "/count"),
        b'{"external_id": "t5", "count": "9"}': ("wrong-type", "/count"),
        b'{"external_id": "t6", "external_id": "x", "count": 1}': ("duplicate-key", ""),
        b'{"external_id": "t7\\u0000", "count": 1}': ("invalid-text", "/external_id"),
        b'{"external_id": "t8\\ud800", "count": 1}': ("malformed-json", ""),
        b'{"external_id": "t9", "count": 1, "extra": 1}': ("unknown-field", "/extra"),
        b'{"external_id": "t10"}': ("missing-field", "/count"),
        b'{"external_id": "t\xff", "count": 1}': ("invalid-encoding", ""),
        b"[" * 30 + b"]" * 30: ("too-deep", ""),
        b"[1]": ("wrong-type", ""),
        b"7": ("wrong-type", ""),
        b'{"external_id": "' + b"x" * MAX_LINE_BYTES + b'", "count": 1}': ("too-long", ""),
    }
    good = b'{"external_id": "good", "count": 1}'
    body = good + b"\r\n\n  \n" + b"\n".join(bad) + b"\n" + good
    report = await post(client, body)
    first, *rejected, last = report["outcomes"]
    assert (first["line"], first["status"], first["key"]) == (1, "created", "good")
    assert (last["line"], last["status"]) == (4 + len(bad), "created")
    found = [(each["errors"][0]["code"], each["errors"][0]["pointer"]) for each in rejected]
    assert found == list(bad.values())
    assert [each["line"] for each in rejected] == list(range(4, 4 + len(bad)))
    assert rejected[8]["key"] == "t9"
    assert (report["received"], report["created"]) == (len(bad) + 2, 2)


async def test_reasons_are_in_the_language_of_the_reader(client: httpx.AsyncClient) -> None:
    """Details come in Chinese to those who ask for it."""
    report = await post(client, b"{\n", NDJSON | {"Accept-Language": "zh-CN"})
    assert report["outcomes"][0]["errors"][0]["detail"] == "请求体不是有效的 JSON"


async def test_a_line_refused_by_the_database_fails_alone(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    """Constraints broken by two of 250 lines reject these two and store the other 248."""
    rows = named("poison", 250)
    rows[30]["count"] = rows[130]["count"] = 666
    report = await post(client, ndjson(rows), query="?outcomes=rejected")
    assert [(each["line"], each["key"]) for each in report["outcomes"]] == [
        (31, "poison-30"),
        (131, "poison-130"),
    ]
    assert {each["errors"][0]["code"] for each in report["outcomes"]} == {"conflict"}
    assert (report["created"], report["rejected"]) == (248, 2)
    assert await stored(settings, "poison") == 248


async def test_a_dry_run_reports_and_stores_nothing(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    """The report is that of a real load, broken lines included, and no row is left."""
    rows = named("dry", 120)
    rows[7]["count"] = 666
    dry = await post(client, ndjson(rows), query="?dry_run=true")
    assert await stored(settings, "dry") == 0
    assert await post(client, ndjson(rows)) == dry
    assert await stored(settings, "dry") == 119


async def test_the_report_can_list_rejected_lines_only(client: httpx.AsyncClient) -> None:
    """`outcomes=rejected` counts every line and lists the rejected ones."""
    body = ndjson(named("quiet", 3)) + b"nonsense\n"
    report = await post(client, body, query="?outcomes=rejected")
    assert report["received"] == 4
    assert [each["line"] for each in report["outcomes"]] == [4]


async def test_csv_cells_are_read_as_the_type_of_their_field(client: httpx.AsyncClient) -> None:
    """A byte order mark, quoted cells with line breaks and commas, and numbers from text."""
    body = (
        '\ufeffexternal_id,count\r\n"a,1",5\r\n"say ""line\r\nbreak""",6\r\n\r\n'
        'plain,x\r\nshort\r\n"unclosed,1\r\n'
    ).encode()
    report = await post(client, body, CSV)
    found = [(o["line"], o["key"], o["status"]) for o in report["outcomes"]]
    assert found == [
        (2, "a,1", "created"),
        (3, 'say "line\r\nbreak"', "created"),
        (6, "plain", "rejected"),
        (7, None, "rejected"),
        (8, None, "rejected"),
    ]
    codes = [o["errors"][0]["code"] for o in report["outcomes"][2:]]
    assert codes == ["wrong-type", "too-few-items", "invalid-format"]


async def test_a_json_array_or_object_is_taken_whole(client: httpx.AsyncClient) -> None:
    """Members have outcomes; a document that is no JSON, or too long, is refused whole."""
    json_type = {"Content-Type": "application/json"}
    members = b' [ {"external_id": "m1", "count": 1} , {"count": 1, "count": 2},7] '
    report = await post(client, members, json_type)
    assert [o["status"] for o in report["outcomes"]] == ["created", "rejected", "rejected"]
    assert [o["errors"][0]["code"] for o in report["outcomes"][1:]] == [
        "duplicate-key",
        "wrong-type",
    ]
    alone = await post(client, b'{"external_id": "m2", "count": 1}', json_type)
    assert alone["created"] == 1
    assert (await post(client, b"[]", json_type))["received"] == 0
    refusals = {
        b"": 400, b"[": 400, b"[1,]": 400, b"[1 2]": 400, b"[1]x": 400, b"[NaN]": 400,
        b'[{"a":}]': 400, b"\xff": 400, b"[" * 100_000: 400, b"null": 422, b'"x"': 422, b"7": 422,
        json.dumps([1] * 1_001).encode(): 422,
    }  # fmt: skip
    for body, status in refusals.items():
        answer = await client.post("/readings", content=body, headers=json_type)
        assert answer.status_code == status, (body[:20], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        ({}, 415, "unsupported-media-type"),
        ({"Content-Type": "text/csv; charset=utf-16"}, 415, "unsupported-media-type"),
        (NDJSON | {"Content-Encoding": "gzip"}, 415, "unsupported-encoding"),
        (NDJSON | {"Content-Length": "4000001"}, 413, "content-too-large"),
    ],
)
async def test_other_bodies_are_refused(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    """Unknown types, encodings and announced sizes are refused before a line is read."""
    answer = await client.post("/readings", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_stream_without_end_is_cut(client: httpx.AsyncClient) -> None:
    """A body that announces no length is refused once it passes the limit."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"\n" * 65_536

    answer = await client.post("/readings", content=endless(), headers=NDJSON)
    assert answer.status_code == 413


async def test_chunks_have_the_size_that_was_asked(client: httpx.AsyncClient) -> None:
    """However the blocks arrive, only the last chunk is smaller."""

    async def blocks() -> AsyncIterator[bytes]:
        for n in range(95):
            yield b'{"external_id": "c%d",' % n
            yield b' "count": 1}\n{}\n'

    answer = await client.post("/lines?size=60", content=blocks(), headers=NDJSON)
    assert answer.json() == [60, 60, 60, 10]


async def test_memory_does_not_grow_with_the_body(client: httpx.AsyncClient) -> None:
    """A body of 3.9 MB passes through with little memory, however many lines it has."""
    line = b'{"external_id": "memory", "count": 1}\n'

    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield line * 1_000

    async def peak() -> int:
        tracemalloc.reset_peak()
        answer = await client.post("/lines?size=500", content=body(), headers=NDJSON)
        assert sum(answer.json()) == 100_000
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        await peak()
        before = tracemalloc.get_traced_memory()[0]
        assert await peak() - before < 2_000_000
    finally:
        tracemalloc.stop()
