"""No route that changes something answers before PostgreSQL has committed it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr

from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.main import ROUTERS, create_app
from tests.conftest import open_tenant
from tests.http.serving import serving
from tests.proofs.durable import Durable, durable_server
from tests.proofs.mutations import MUTATIONS, READ_ONLY
from tests.proofs.workshop import Change, Workshop

_SAFE = {"GET", "HEAD", "OPTIONS"}
#: Nothing may answer in this time after all are waiting.
_SILENCE_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0
_UNAVAILABLE = {"database-unavailable", "outcome-unknown"}


@pytest.fixture(scope="module")
def durable() -> Iterator[Durable]:
    """A server of this module's own."""
    with durable_server() as durable:
        yield durable


@pytest.fixture(scope="module")
def settings(durable: Durable) -> Settings:
    """Time limits that no wait of these tests reaches, and a connection for every request."""
    return Settings(
        database_url=durable.url,
        pepper=SecretStr(DEMO_PEPPER),
        environment="test",
        access_log=False,
        pool_size=60,
        pool_timeout_seconds=60,
        writer_connections=4,
        lock_timeout_ms=60_000,
        statement_timeout_ms=60_000,
        report_timeout_ms=60_000,
        command_timeout_seconds=60,
    )


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The address of the service, served for real."""
    with serving(create_app(settings), settings) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def at(
    settings: Settings, address: str, durable: Durable, request: pytest.FixtureRequest
) -> AsyncIterator[Workshop]:
    """A workspace of this test's own, reached through the real server."""
    app = create_app(settings)
    tenant = await open_tenant(app, request.node.name)
    await app.state.database.close()
    database = Database.of(settings)
    headers = {"Authorization": f"Bearer {tenant.secret_key}"}
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=address, headers=headers, limits=limits, timeout=_PATIENCE_SECONDS
    ) as client:
        try:
            yield Workshop(client, tenant.workspace.id, database)
        finally:
            durable.release_commits()
            await database.close()


@dataclass(frozen=True)
class Attempt:
    """A request under way: its task ends with the head of the answer, or with the error."""

    name: str
    change: Change
    before: int
    task: asyncio.Task[httpx.Response]


async def _begin(at: Workshop, durable: Durable) -> list[Attempt]:
    """Send every mutation at once; returns when all of them wait in their commits."""
    wanted = [(name, await make(at)) for name, makers in MUTATIONS.items() for make in makers]
    before = _effects(durable, (change for _, change in wanted))
    durable.hold_commits()
    attempts = [
        Attempt(name, change, seen, asyncio.create_task(_send(at.client, name, change)))
        for (name, change), seen in zip(wanted, before, strict=True)
    ]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    # The two submissions may share a commit.
    while await asyncio.to_thread(durable.commits_held) < len(attempts) - 1:
        early = [attempt for attempt in attempts if attempt.task.done()]
        assert not early, [(each.name, each.task.result().status_code) for each in early]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return attempts


async def _send(client: httpx.AsyncClient, name: str, change: Change) -> httpx.Response:
    method = name.partition(" ")[0]
    request = client.build_request(method, change.path, **change.sent)
    return await client.send(request, stream=True)


def _effects(durable: Durable, changes: Iterable[Change]) -> list[int]:
    """What can be seen of each now."""
    columns = ", ".join(f"({change.trace})" for change in changes)
    return [int(value) for value in durable.ask(f"SELECT {columns}").split("|")]


def _seen(durable: Durable, attempts: list[Attempt]) -> dict[str, int]:
    """By how much each effect differs from before."""
    now = _effects(durable, (attempt.change for attempt in attempts))
    return {
        f"{attempt.name} {attempt.change.path}": value - attempt.before
        for attempt, value in zip(attempts, now, strict=True)
    }


def test_every_mutating_route_has_a_request() -> None:
    """A new route that may change something fails here until it is in the table."""
    found = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in (route.methods or set()) - _SAFE
    }
    assert found == set(MUTATIONS) | set(READ_ONLY)
    assert not set(MUTATIONS) & set(READ_ONLY)


async def test_nothing_answers_before_its_commit(at: Workshop, durable: Durable) -> None:
    """While commits wait no mutation answers and none can be seen, but reading goes on.

    The wait is PostgreSQL's own: it waits for a standby that never comes. Once it need not, all
    answer, and every effect is there.
    """
    wanted = {"kind": "secret", "name": "never used before", "scopes": ["surveys:rw"]}
    fresh = await at.made("/v1/api-keys", wanted)
    attempts = await _begin(at, durable)
    await asyncio.sleep(_SILENCE_SECONDS)
    assert [attempt.name for attempt in attempts if attempt.task.done()] == []
    assert set(_seen(durable, attempts).values()) == {0}
    for key in (fresh["key"], None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        read = await at.client.get("/v1/surveys", headers=headers)
        assert read.status_code == 200
    durable.release_commits()
    answers = await asyncio.gather(*(attempt.task for attempt in attempts))
    wrong = [
        (attempt.name, answer.status_code, await answer.aread())
        for attempt, answer in zip(attempts, answers, strict=True)
        if answer.status_code != attempt.change.status
    ]
    assert not wrong
    for answer in answers:
        await answer.aclose()
    assert all(grown > 0 for grown in _seen(durable, attempts).values()), _seen(durable, attempts)


async def test_a_failed_commit_is_never_acknowledged(at: Workshop, durable: Durable) -> None:
    """When PostgreSQL crashes in the middle of their commits all hear 503, and none hears 2xx.

    What was acknowledged before is there after the restart, and the service goes on by itself.
    """
    kept = await at.survey()
    attempts = await _begin(at, durable)
    await asyncio.to_thread(durable.stop, "immediate")
    answers = await asyncio.gather(*(attempt.task for attempt in attempts))
    for attempt, answer in zip(attempts, answers, strict=True):
        body = await answer.aread()
        assert answer.status_code == 503, (attempt.name, answer.status_code, body)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in _UNAVAILABLE, attempt.name
        assert int(answer.headers["retry-after"]) >= 1
        await answer.aclose()
    await asyncio.to_thread(durable.start)
    durable.release_commits()
    read = await at.client.get(f"/v1/surveys/{kept}")
    assert read.status_code == 200
    assert read.json()["status"] == "published"
    assert (await at.client.put("/v1/customers/after", json={})).status_code == 201
