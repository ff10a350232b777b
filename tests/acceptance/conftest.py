"""One workspace with all real inputs in it, for every test of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.acceptance.handling import Handled, handle_sample
from tests.acceptance.loads import Loaded, load_bulk, load_complaints, publish
from tests.acceptance.sources import BANK, CDNOW, CFPB, NEW_YORK
from tests.conftest import open_tenant

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip where the inputs are absent."""
    absent = [path.name for path in (CDNOW, BANK, CFPB) if not path.is_file()]
    reason = f"real inputs are not beside the repository: {', '.join(absent)}"
    for item in items:
        if absent and item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
async def loaded(app: FastAPI) -> AsyncIterator[Loaded]:
    """Customers, orders, a published survey with its responses, and complaints."""
    tenant = await open_tenant(
        app, "acceptance", time_zone=NEW_YORK.key, currency="USD", language="en"
    )
    loaded = Loaded(tenant, survey=await publish(tenant))
    loaded.reports = await load_bulk(loaded)
    loaded.receipts = await load_complaints(tenant)
    yield loaded
    await tenant.client.aclose()
    await tenant.public.aclose()


@pytest.fixture(scope="session")
async def handled(loaded: Loaded) -> list[Handled]:
    """Complaints that were handled as their rows say."""
    return await handle_sample(loaded)
