"""Row 66 of the table of bad inputs: a service in trouble says so, and when to try again.

Each trouble is a real one of a real PostgreSQL, in a database of this module's own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from app import schema
from app.config import Settings
from app.db import raw_dsn
from app.main import create_app
from tests.conftest import Tenant, client_of, open_tenant
from tests.http.serving import Wire, serving
from tests.responses.builders import answer, publish

_ORIGIN = "https://shop.example"
_WEB = {"Origin": _ORIGIN}


@pytest.fixture(scope="module")
def own(settings: Settings, server_url: str) -> Settings:
    """Settings for a database that may be broken; time limits that a test can wait for."""
    name = make_url(settings.database_url).database or ""

    async def create() -> None:
        connection = await asyncpg.connect(raw_dsn(server_url))
        await connection.execute(f"CREATE DATABASE {name}_trouble TEMPLATE template0 ENCODING UTF8")
        await connection.close()

    asyncio.run(create())
    url = make_url(server_url).set(database=f"{name}_trouble")
    address = url.render_as_string(hide_password=False)
    schema.upgrade(address)
    changed = {
        "database_url": address,
        "pool_size": 2,
        "pool_timeout_seconds": 0.3,
        "lock_timeout_ms": 1_500,
    }
    return settings.model_copy(update=changed)


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[tuple[FastAPI, Tenant, str]]:
    """The application, a workspace in it, and a survey."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        tenant = await open_tenant(app, "trouble")
        yield app, tenant, await publish(tenant)
        await tenant.client.aclose()
        await tenant.public.aclose()


async def _sql(settings: Settings, statement: str) -> None:
    writes = {"default_transaction_read_only": "off"}
    connection = await asyncpg.connect(raw_dsn(settings.database_url), server_settings=writes)
    await connection.execute(statement)
    await connection.close()


def _check(answered: httpx.Response, code: str) -> None:
    """A problem 503 that says when to come back, readable by the page that asked."""
    assert (answered.status_code, answered.json()["code"]) == (503, code), answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    assert int(answered.headers["retry-after"]) >= 1
    if "origin" in answered.request.headers:
        assert answered.headers["access-control-allow-origin"] == _ORIGIN
        assert "Retry-After" in answered.headers["access-control-expose-headers"]


async def _submit(tenant: Tenant, survey: str) -> httpx.Response:
    """What a web page sends."""
    return await tenant.public.post(f"/v1/surveys/{survey}/responses", json=answer(), headers=_WEB)


async def test_no_database(own: Settings) -> None:
    """Nobody listens where the database should be: every route is 503 `database-unavailable`."""
    async with _running(own) as (_, tenant, survey):
        pass
    nowhere = "postgresql+asyncpg://postgres@127.0.0.1:1/none"
    app = create_app(own.model_copy(update={"database_url": nowhere}))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        secret = {"Authorization": f"Bearer {tenant.secret_key}"}
        public = {"Authorization": f"Bearer {tenant.publishable_key}"} | _WEB
        path = f"/v1/surveys/{survey}/responses"
        _check(await client.get("/v1/surveys", headers=secret), "database-unavailable")
        _check(await client.post(path, json=answer(), headers=public), "database-unavailable")
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert (await client.get("/livez")).status_code == 200


async def test_a_full_disk(own: Settings) -> None:
    """SQLSTATE 53100 is 503 `storage-full`, for one submission and for a bulk."""
    refuse = (
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$;"
        "CREATE TRIGGER full_disk BEFORE INSERT ON responses"
        " FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    async with _running(own) as (_, tenant, survey):
        await _sql(own, refuse)
        try:
            full = await _submit(tenant, survey)
            _check(full, "storage-full")
            assert full.headers["retry-after"] == "60"
            line = b'{"submission_id": "one", "answers": {"nps": 9}}\n'
            many = await tenant.client.post(
                f"/v1/surveys/{survey}/responses",
                content=line,
                headers={"Content-Type": "application/x-ndjson"},
            )
            _check(many, "storage-full")
        finally:
            await _sql(own, "DROP FUNCTION full_disk CASCADE")
        assert (await _submit(tenant, survey)).status_code == 201


async def test_a_read_only_standby(own: Settings) -> None:
    """On a server that only reads, writing is 503 and reading goes on; then writing does too."""
    database = make_url(own.database_url).database
    async with _running(own) as (_, tenant, survey):
        pass
    await _sql(own, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    app = create_app(own)
    path = f"/v1/surveys/{survey}"
    async with app.router.lifespan_context(app), client_of(app, tenant.secret_key) as client:
        try:
            assert (await client.get("/v1/surveys")).status_code == 200
            submitted = await client.post(f"{path}/responses", json=answer())
            _check(submitted, "database-unavailable")
            changed = await client.patch(path, json={"name": "x"})
            _check(changed, "database-unavailable")
        finally:
            await _sql(own, f"ALTER DATABASE {database} RESET default_transaction_read_only")
        # Connections that refused were dropped: the next are to a server that writes.
        assert (await client.post(f"{path}/responses", json=answer())).status_code == 201
        assert (await client.patch(path, json={"name": "x"})).status_code == 200


async def test_no_connection_is_free(own: Settings) -> None:
    """Requests that wait for a lock, and those that find no connection, are 503 `overloaded`."""
    async with _running(own) as (_, tenant, survey):
        blocker = await asyncpg.connect(raw_dsn(own.database_url))
        await blocker.execute(f"BEGIN; SELECT FROM surveys WHERE id = '{survey}' FOR UPDATE")
        answers = await asyncio.gather(
            *(tenant.client.patch(f"/v1/surveys/{survey}", json={"name": "x"}) for _ in range(4))
        )
        for each in answers:
            _check(each, "overloaded")
        await blocker.close()
        assert (await tenant.client.get("/v1/surveys")).status_code == 200


async def test_a_statement_takes_too_long(own: Settings) -> None:
    """A write that PostgreSQL gives up, on any route, is 503 `overloaded` and can be repeated."""
    hasty = own.model_copy(update={"lock_timeout_ms": 10_000, "statement_timeout_ms": 300})
    async with _running(hasty) as (_, tenant, survey):
        blocker = await asyncpg.connect(raw_dsn(own.database_url))
        await blocker.execute("BEGIN; LOCK TABLE responses, surveys IN EXCLUSIVE MODE")
        _check(await _submit(tenant, survey), "overloaded")
        changed = await tenant.client.patch(f"/v1/surveys/{survey}", json={"name": "x"})
        _check(changed, "overloaded")
        await blocker.close()
        assert (await _submit(tenant, survey)).status_code == 201


async def test_more_than_it_can_take(own: Settings) -> None:
    """More requests at once than one process takes are 503 `overloaded`, but never the probes."""
    async with _running(own) as (_, tenant, _survey):
        key = f"Host: x\r\nAuthorization: Bearer {tenant.secret_key}\r\n"
    half = (
        f"POST /v1/complaints HTTP/1.1\r\n{key}Content-Type: application/json\r\n"
        "Content-Length: 10\r\n\r\n12345"
    )
    busy = own.model_copy(update={"max_in_flight": 8, "access_log": False})
    with serving(create_app(busy), busy) as port:
        waiting = [Wire(port).send(half) for _ in range(8)]
        try:
            with Wire(port) as wire:
                refused = wire.send(f"GET /v1/surveys HTTP/1.1\r\n{key}\r\n").answer()
                assert (refused.status, refused.problem()) == (503, "overloaded")
                assert 1 <= int(refused.headers["retry-after"]) <= 5
                alive = wire.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").answer()
                assert alive.status == 200
        finally:
            for each in waiting:
                each.__exit__()
