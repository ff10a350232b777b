"""A workspace that withholds figures of fewer than five."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fastapi import FastAPI

from app import worker
from app.db import Database
from app.jobs import running
from tests.conftest import Tenant, open_tenant


@pytest.fixture
async def careful(app: FastAPI) -> AsyncIterator[Tenant]:
    """A workspace with the usual smallest cell, that declares `shop` as its dimension."""
    tenant = await open_tenant(app, "careful", minimum_cell_size=5, dimensions=["shop"])
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()


@pytest.fixture
def careful_drain(careful: Tenant, database: Database) -> Callable[[], Awaitable[int]]:
    """Runs the due jobs of that workspace; a failure is raised."""
    ours = {"workspace_id": str(careful.workspace.id)}

    async def drain() -> int:
        done = 0
        while job := await running.take(database, worker.HANDLERS, ours):
            if error := await running.attempt(database, worker.HANDLERS, job):
                raise error
            done += 1
        return done

    return drain
