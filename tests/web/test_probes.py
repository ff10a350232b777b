"""What a load balancer and an orchestrator ask."""

import asyncio
import os

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.config import Settings
from app.db import Database
from app.main import create_app
from app.web.readiness import Probe
from tests.conftest import client_of
from tests.http.serving import quick_settings


async def test_a_working_service_is_ready(app: FastAPI) -> None:
    """Reachable, migrated and writable: ready, by GET and by HEAD, without a key."""
    async with client_of(app) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 200, answer.text
        assert (await client.head("/readyz")).status_code == 200
        assert (await client.head("/livez")).status_code == 200
    assert answer.json() == {
        "status": "ready",
        "components": {
            "database": "ok",
            "migrations": "ok",
            "durability": "relaxed",  # the server of the tests gives it up for speed
            "writable": "ok",
        },
    }


async def test_without_its_database_the_service_lives_but_is_not_ready() -> None:
    """No server at the address: `/livez` is well, `/readyz` says 503 and which component."""
    app = create_app(quick_settings())
    async with client_of(app) as client:
        alive = await client.get("/livez")
        ready = await client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    problem = ready.json()
    assert problem["code"] == "not-ready"
    assert ready.headers["retry-after"] == "2"
    assert problem["components"]["database"] == "down"
    assert "127.0.0.1" not in ready.text
    await app.state.database.close()


async def test_a_stopping_service_is_not_ready(settings: Settings) -> None:
    """After SIGTERM was announced nothing new is sent here, although all components are well."""
    app = create_app(settings)
    app.state.traffic.draining = True
    async with client_of(app) as client:
        ready = await client.get("/readyz")
        alive = await client.get("/livez")
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert ready.json()["components"]["database"] == "ok"
    await app.state.database.close()


async def test_the_state_of_the_schema_decides(database: Database) -> None:
    """A database that lacks a migration is not ready; one of a newer release still serves."""
    probe = Probe(database)
    assert (await probe.readiness()).migrations == "ok"
    assert await _with_version(probe, "20261122_workspaces") == "behind"
    assert await _with_version(probe, "of_a_newer_release") == "ahead"


async def test_a_database_without_tables_is_behind(settings: Settings) -> None:
    """Nothing was migrated: not ready, and no error."""
    empty = settings.model_copy(update={"database_url": _sibling(settings, "postgres")})
    database = Database(empty)
    state = await Probe(database).readiness()
    assert (state.database, state.migrations, state.ready) == ("ok", "behind", False)
    await database.close()


async def test_a_read_only_server_is_not_ready(settings: Settings) -> None:
    """A standby, or a server set to read-only after a failover, gets no requests."""
    name = f"feedback_read_only_{os.getpid()}"
    database = Database(settings)
    admin = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        read_only = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
        await connection.execute(text(read_only))
    standby = Database(settings.model_copy(update={"database_url": _sibling(settings, name)}))
    state = await Probe(standby).readiness()
    assert (state.database, state.writable, state.ready) == ("ok", "read_only", False)
    await standby.close()
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await database.close()


async def test_many_who_ask_at_once_share_one_answer(database: Database) -> None:
    """A hundred callers cost one look at the database; the answer is a second old at most."""
    probe = Probe(database)
    states = await asyncio.gather(*(probe.readiness() for _ in range(100)))
    assert len({id(state) for state in states}) == 1


async def _with_version(probe: Probe, version: str) -> str:
    """What the probe says while the database claims to be at `version`."""
    probe._asked_at = float("-inf")
    change = text("UPDATE alembic_version SET version_num = :version RETURNING version_num")
    read = text("SELECT version_num FROM alembic_version")
    async with probe._database.engine.begin() as connection:
        before = await connection.scalar(read)
        await connection.execute(change, {"version": version})
    try:
        return (await probe.readiness()).migrations
    finally:
        async with probe._database.engine.begin() as connection:
            await connection.execute(change, {"version": before})


def _sibling(settings: Settings, name: str) -> str:
    return make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
