"""A workspace that withholds figures of fewer than five."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.conftest import Tenant, open_tenant


@pytest.fixture
async def careful(app: FastAPI) -> AsyncIterator[Tenant]:
    """A workspace with the usual smallest cell, that declares `shop` as its dimension."""
    tenant = await open_tenant(app, "careful", minimum_cell_size=5, dimensions=["shop"])
    yield tenant
    await tenant.client.aclose()
    await tenant.public.aclose()
