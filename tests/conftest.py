"""A real PostgreSQL, a fresh database for each worker, and one workspace for each test.

Tests share a database and never a workspace: that is quick, and it keeps the promise that
nothing crosses between workspaces under constant test.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from xdist.remote import Producer

from app import worker
from app.config import DEMO_PEPPER, Settings
from app.db import Database, raw_dsn
from app.demo import postgres
from app.http.auth import SCOPES
from app.jobs import running
from app.main import create_app
from app.workspaces import service as workspaces
from app.workspaces.models import Workspace
from app.workspaces.schemas import ApiKeyCreate
from tests.conformance import conforms
from tests.dealing import ByGroup, rank_of

ROOT = Path(__file__).parent.parent
_START = """
import json, sys
import app.process, app.server
from app.config import Settings
from app.main import create_app, document

create_app(Settings(database_url="postgres://x/y"))
document()
print(json.dumps(sorted(sys.modules)))
"""

# How long an example takes says something about the machine, and nothing about the service.
hypothesis.settings.register_profile(
    "patient",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: rank_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    """Deal the tests out to the workers by what they share."""
    return ByGroup(config, log)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of a PostgreSQL server: FEEDBACK_TEST_SERVER, or an embedded one.

    The embedded server gives up durability for speed; tests of durability start their own.
    """
    if given := os.environ.get("FEEDBACK_TEST_SERVER"):
        yield given
        return
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    directory = tmp_path_factory.mktemp(f"pg-{worker_id}")
    server = postgres.start(directory, settings=quick | {"max_connections": "120"})
    yield server.url("postgres")
    server.discard()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this xdist worker, or `main`."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def database_url(server_url: str, worker_id: str) -> str:
    """A database made by the migrations, new for each run and each xdist worker."""
    name = f"feedback_{worker_id}_{os.getpid()}"

    async def create() -> None:
        connection = await asyncpg.connect(raw_dsn(server_url))
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        await connection.close()

    asyncio.run(create())
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    config = Config(ROOT / "alembic.ini", toml_file=ROOT / "pyproject.toml")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
    return url


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    """The settings of the service under test."""
    return Settings(
        database_url=database_url,
        pepper=SecretStr(DEMO_PEPPER),
        environment="test",
        pool_size=10,
        metrics_public=True,
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, started."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
def database(app: FastAPI) -> Database:
    """The database of the application."""
    database: Database = app.state.database
    return database


@pytest.fixture(scope="session")
def loaded_by_the_api() -> frozenset[str]:
    """The modules of a fresh interpreter that has made the application and its document."""
    command = [sys.executable, "-c", _START]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(json.loads(said.stdout))


@dataclass(frozen=True)
class Tenant:
    """A workspace with a client for each kind of key."""

    workspace: Workspace
    client: httpx.AsyncClient
    """Sends the secret key, which holds every scope."""
    public: httpx.AsyncClient
    """Sends the publishable key."""
    secret_key: str
    publishable_key: str


async def open_tenant(app: FastAPI, name: str, **fields: Any) -> Tenant:
    """Make a workspace with both kinds of keys; unless told otherwise it withholds nothing."""
    fields = {"minimum_cell_size": 1} | fields
    pepper = app.state.settings.pepper.get_secret_value()
    async with app.state.database.transaction() as session:
        workspace = await workspaces.create_workspace(session, name=name, **fields)
        secret = ApiKeyCreate(kind="secret", name="all", scopes=list(SCOPES))
        _, secret_key = await workspaces.create_key(session, workspace.id, pepper, secret)
        public = ApiKeyCreate(kind="publishable", name="web")
        _, public_key = await workspaces.create_key(session, workspace.id, pepper, public)
    return Tenant(
        workspace=workspace,
        client=_watched(client_of(app, secret_key)),
        public=_watched(client_of(app, public_key)),
        secret_key=secret_key,
        publishable_key=public_key,
    )


def _watched(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Let every answer that the client receives be judged by the OpenAPI document."""
    client.event_hooks["response"].append(conforms)
    return client


def client_of(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    """An HTTP client of the application in this process."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@pytest.fixture
async def tenant(app: FastAPI, request: pytest.FixtureRequest) -> AsyncIterator[Tenant]:
    """A workspace of this test's own, in Asia/Shanghai with CNY."""
    tenant = await open_tenant(app, request.node.name)
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()


@pytest.fixture
async def careful(app: FastAPI, request: pytest.FixtureRequest) -> AsyncIterator[Tenant]:
    """A workspace of this test's own that withholds figures of fewer than 5, as is the default."""
    tenant = await open_tenant(app, request.node.name, minimum_cell_size=5)
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[Tenant]:
    """Another workspace, which must see nothing."""
    tenant = await open_tenant(app, "stranger")
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()


@pytest.fixture
def drain(tenant: Tenant, database: Database) -> Callable[[], Awaitable[int]]:
    """Runs this workspace's due jobs as the background would, and answers how many there were.

    They are those whose payload names the workspace as `workspace_id`; a failure is raised.
    """
    ours = {"workspace_id": str(tenant.workspace.id)}

    async def drain() -> int:
        done = 0
        while job := await running.take(database, worker.HANDLERS, ours):
            if error := await running.attempt(database, worker.HANDLERS, job):
                raise error
            done += 1
        return done

    return drain
