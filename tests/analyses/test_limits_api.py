"""What an analysis may not do: take too long, grow too large, write, or cross workspaces."""

import random
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import text

from app.analyses import rows
from app.analyses.routes import router
from app.analyses.schemas import ResponseChoice
from app.analyses.service import Asking, understand
from app.analyses.variables import is_numeric
from app.db import Database
from app.errors import Problem
from app.http.route import ReadingRoute
from tests.analyses.asking import analyse, refused
from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, sent, submit
from tests.responses.builders import NPS, publish


async def test_an_analysis_that_takes_too_long_is_ended(
    app: FastAPI, tenant: Tenant, database: Database
) -> None:
    """A statement beyond the time for reports is 504 `report-too-slow`, though it is a POST."""
    survey = await publish(tenant)
    usual = app.state.settings
    app.state.settings = usual.model_copy(update={"report_timeout_ms": 100})
    try:
        async with database.transaction() as session:
            await session.execute(text("LOCK TABLE responses IN ACCESS EXCLUSIVE MODE"))
            refusal = await refused(tenant, "descriptive", survey=survey, items=["nps"])
    finally:
        app.state.settings = usual
    assert refusal[:2] == (504, "report-too-slow")


async def test_too_many_different_answers_are_refused(tenant: Tenant, database: Database) -> None:
    """More combinations than are worked on at once are 422 `analysis-too-large`."""
    survey = await publish(tenant, *({"type": "number", "key": key} for key in ("a", "b")))
    rng = random.Random(1)
    await submit(tenant, survey, [sent({"a": rng.random(), "b": rng.random()}) for _ in range(30)])
    found = await analyse(tenant, "correlation", survey=survey, items=["a", "b"])
    assert found["pairs"][0]["n"] == 30
    wanted = ResponseChoice.model_validate(OCTOBER | {"survey": survey})
    async with database.snapshot() as session:
        chosen, asked = await understand(session, Asking(tenant.workspace.id, 5_000), wanted)
        columns = rows.values(asked.several("/items", ["a", "b"], is_numeric))
        with pytest.raises(Problem, match="analysis-too-large"):
            await rows.tables(session, chosen, columns, [(0, 1)], most=29)


def test_analyses_that_are_answered_at_once_only_read() -> None:
    """PostgreSQL itself refuses writes in them."""
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) >= 8
    assert all(isinstance(route, ReadingRoute) for route in routes)


async def test_an_answer_is_kept_under_its_key(tenant: Tenant) -> None:
    """With an Idempotency-Key the first answer comes again, whatever was submitted since."""
    survey = await publish(tenant, NPS)
    body = {"survey": survey, "items": ["nps"]}
    path, key = "/v1/analyses/descriptive", {"Idempotency-Key": "once"}
    await submit(tenant, survey, [sent({"nps": 9})])
    first = await tenant.client.post(path, json=body, headers=key)
    await submit(tenant, survey, [sent({"nps": 1})])
    again = await tenant.client.post(path, json=body, headers=key)
    assert (first.status_code, first.content) == (200, again.content)
    assert (await tenant.client.post(path, json=body)).content != first.content


async def test_another_workspace_is_unknown(tenant: Tenant, stranger: Tenant) -> None:
    """A survey of somebody else is answered like one that nobody has, by every analysis."""
    survey = await publish(tenant, NPS)
    bodies: dict[str, dict[str, Any]] = {
        "descriptive": {"items": ["nps"]},
        "difference": {"item": "nps", "by": {"kind": "dimension", "dimension": "channel"}},
        "correlation": {"items": ["nps", "nps2"]},
        "words": {"question": "nps"},
        "drivers": {"outcome": "nps", "drivers": ["a", "b"]},
    }
    for path, body in bodies.items():
        refusal = await refused(stranger, path, survey=survey, **body)
        assert refusal == (404, "not-found", []), path
