"""Nothing acknowledged is lost and nothing counts twice, whatever is killed under load.

Real processes: two workers that serve, a PostgreSQL with its durability on, and a client that
keeps a ledger of what it was told.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from app.config import DEMO_PEPPER, Settings
from app.main import create_app
from app.responses.fold import fold
from tests.conftest import open_tenant
from tests.customers.making import NDJSON, ndjson
from tests.proofs.durable import Durable, children_of, durable_server, kill
from tests.proofs.evidence import Place
from tests.proofs.ledger import Ledger, Load
from tests.responses.builders import answer, publish
from tests.test_server import Service, service

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

#: How long after PostgreSQL accepts connections again the next acknowledgement may take.
_RECOVERY_SECONDS = 8.0


@pytest.fixture(scope="module")
def durable() -> Iterator[Durable]:
    """A server of this module's own."""
    with durable_server() as durable:
        yield durable


@pytest.fixture(scope="module")
def running(durable: Durable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`feedback serve --workers 2` on it."""
    log = tmp_path_factory.mktemp("service") / "log"
    with service(durable.url, log, "--workers", "2", FEEDBACK_ACCESS_LOG="false") as running:
        yield running
        running.stop()


@pytest.fixture
async def at(
    durable: Durable, running: Service, request: pytest.FixtureRequest
) -> AsyncIterator[Place]:
    """A workspace of this test's own with a published survey."""
    settings = Settings(database_url=durable.url, pepper=SecretStr(DEMO_PEPPER), environment="test")
    app = create_app(settings)
    tenant = await open_tenant(app, request.node.name)
    survey = await publish(tenant)
    headers = {"Authorization": f"Bearer {tenant.secret_key}"}
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=running.url, headers=headers, limits=limits) as client:
        yield Place(tenant, client, survey, app.state.database)
    await app.state.database.close()


def _workers(running: Service) -> list[int]:
    """The processes that serve (the third child only watches over shared memory)."""
    return [
        pid
        for pid in children_of(running.process.pid)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def _fold(at: Place) -> bool:
    """One step of the rollup, as the background does it; False if it could not be done."""
    try:
        async with at.database.transaction() as session:
            await fold(session, at.tenant.workspace.id)
    except (DBAPIError, OSError):
        return False
    return True


async def _check(at: Place, ledger: Ledger) -> None:
    """The ledger and the service tell the same story."""
    rows = await at.rows()
    stored = {row["submission_key"]: row for row in rows}
    assert len(stored) == len(rows), "a submission is there twice"
    receipts = {name: json.loads(text) for name, text in ledger.acknowledged.items()}
    assert not set(receipts) - set(stored), "acknowledged and lost"
    assert not set(stored) - set(ledger.sent), "nobody sent these"
    for name, receipt in receipts.items():
        row = stored[name]
        assert (receipt["id"], receipt["content_sha256"]) == (row["id"], row["hash"])
    for name, row in stored.items():
        assert row["answers"] == ledger.sent[name]["answers"]
        assert row["events"] == 1, name
    assert await at.count_events() == len(rows)
    assert sorted(await at.listed()) == sorted(row["id"] for row in rows)
    for question in ("nps", "csat"):
        recount = Counter(ledger.sent[name]["answers"][question] for name in stored)
        assert await at.counted(question) == recount
        assert await _fold(at)
        assert await at.counted(question) == recount


async def test_nothing_acknowledged_is_lost_to_kill_9(
    at: Place, durable: Durable, running: Service, tmp_path: Path
) -> None:
    """Workers and PostgreSQL are killed under load, eight times; every promise made is kept.

    What was acknowledged is there once, with the content that was sent, one event and one count;
    nothing else is there. Errors meanwhile are 503 with Retry-After, or no answer.
    """
    chance = random.Random(5)
    ledger = Ledger(tmp_path / "ledger")
    accidents = ["worker"] * 4 + ["postgres"] * 4
    chance.shuffle(accidents)
    async with Load(at.client, at.survey, ledger, seed=5) as load:
        for accident in accidents:
            await load.progress(chance.randint(50, 200), within_seconds=60)
            if accident == "worker":
                kill(chance.choice(_workers(running)))
            else:
                durable.kill()
                await asyncio.to_thread(durable.start)
                await _fold(at)
        await load.progress(50, within_seconds=60)
    assert not ledger.wrong
    assert ledger.outcomes["fail"] == 0
    assert ledger.outcomes["info"] > 0
    assert len(ledger.acknowledged) > 300
    assert running.process.poll() is None
    await _check(at, ledger)


async def test_a_restart_of_postgres_is_survived(
    at: Place, durable: Durable, tmp_path: Path
) -> None:
    """`pg_ctl restart -m fast` under load, three times: 503 with Retry-After, and nothing else.

    Every kind of request is on its way meanwhile. The service goes on by itself, soon.
    """
    ledger = Ledger(tmp_path / "ledger")
    stop = asyncio.Event()
    bulk = await publish(at.tenant)
    others = [
        asyncio.create_task(_other_traffic(at, bulk, ledger, stop, seed)) for seed in range(3)
    ]
    async with Load(at.client, at.survey, ledger, seed=7) as load:
        for _ in range(3):
            await load.progress(100, within_seconds=60)
            await asyncio.to_thread(durable.stop, "fast")
            await asyncio.sleep(0.3)
            await asyncio.to_thread(durable.start)
            await load.progress(1, within_seconds=_RECOVERY_SECONDS)
        stop.set()
        await asyncio.gather(*others)
    assert not ledger.wrong
    assert ledger.outcomes["fail"] == 0
    # The processes lived on: nobody was left without an answer.
    assert not [line for line in _lines(ledger) if line[0] == "info" and "problems" not in line[2]]
    await _check(at, ledger)


def _lines(ledger: Ledger) -> list[list[str]]:
    return [json.loads(line) for line in ledger.file.read_text().splitlines()]


async def _other_traffic(
    at: Place, bulk: str, ledger: Ledger, stop: asyncio.Event, seed: int
) -> None:
    """Everything else that people do: reading, figures, cases, customers, bulk."""
    chance = random.Random(seed)
    lines = ndjson({**answer(), "submission_id": f"b-{n}"} for n in range(3_000))
    people = ndjson({"external_id": f"p-{n}", "segment": "gold"} for n in range(3_000))
    case = {"kind": "complaint", "channel": "web", "description": "It broke."}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/v1/responses", {}),
        ("GET", f"/v1/kpis/nps?survey={at.survey}", {}),
        ("POST", "/v1/complaints", {"json": case}),
        ("PUT", "/v1/customers/one", {"json": {"segment": "gold"}}),
        ("POST", f"/v1/surveys/{bulk}/responses", {"content": lines, "headers": NDJSON}),
        ("POST", "/v1/customers", {"content": people, "headers": NDJSON}),
    ]
    while not stop.is_set():
        method, path, sent = chance.choice(requests)
        answered = await at.client.request(method, path, timeout=30, **sent)
        if not answered.is_success:
            ledger.judge(f"{method} {path}", answered)
            await asyncio.sleep(0.05)


async def test_two_hundred_copies_at_once_are_one_response(at: Place, running: Service) -> None:
    """200 connections to both processes send one submission at the same moment.

    There is one row, one event and one count, and all 200 answers are the same bytes.
    """
    before = {pid: _sockets(pid) for pid in _workers(running)}
    ready = [await _connected(running.port) for _ in range(200)]
    assert all(_sockets(pid) - count > 20 for pid, count in before.items())
    body = json.dumps(answer(8)).encode()
    head = (
        f"PUT /v1/surveys/{at.survey}/responses/one HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {at.tenant.secret_key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    for _, writer in ready:
        writer.write(head.encode() + body)
    answers = await asyncio.gather(*(_answer(reader) for reader, _ in ready))
    for _, writer in ready:
        writer.close()
    assert {status for status, _ in answers} == {201}
    assert len({text for _, text in answers}) == 1
    ledger = {json.loads(text)["id"] for _, text in answers}
    assert [row["id"] for row in await at.rows()] == list(ledger)
    assert await at.count_events() == 1
    assert await at.counted("nps") == Counter([8])


def _sockets(pid: int) -> int:
    """How many sockets a process holds."""
    return sum(
        str(file.readlink()).startswith("socket:") for file in Path(f"/proc/{pid}/fd").iterdir()
    )


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _connected(port: int) -> Connection:
    """A connection that a worker has taken: it has answered once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    status, _ = await _answer(reader)
    assert status == 200
    return reader, writer


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = next(
        int(line.split(":")[1])
        for line in head.split("\r\n")
        if line.lower().startswith("content-length")
    )
    return int(head.split(" ")[1]), await reader.readexactly(length)


def test_workers_do_not_outlive_their_parent(durable: Durable, tmp_path: Path) -> None:
    """After kill -9 of the parent its workers end in order, and their port is free again."""
    with service(durable.url, tmp_path / "log", "--workers", "2") as running:
        workers = _workers(running)
        assert len(workers) == 2
        running.process.kill()
        deadline = time.monotonic() + 20
        while any(_lives(pid) for pid in workers):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with pytest.raises(httpx.ConnectError):
            running.client.get("/livez")


def _lives(pid: int) -> bool:
    """Whether it runs; a dead child that nobody has reaped does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
