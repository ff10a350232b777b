"""The log: one JSON line for each request, and nothing personal in any of them."""

import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.log import SINK, log
from tests.conftest import Tenant, client_of
from tests.http.serving import CANARY, quick_settings, small_app


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log writes during a test."""
    SINK.flush()
    SINK.stream = stream = io.StringIO()
    yield stream
    SINK.flush()
    SINK.stream = None


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the small application, whose requests are logged."""
    async with client_of(small_app(quick_settings(access_log=True))) as client:
        yield client


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    """The lines so far."""
    SINK.flush()
    return [json.loads(line) for line in written.getvalue().splitlines()]


async def test_a_request_is_one_line(client: httpx.AsyncClient, written: io.StringIO) -> None:
    """The line tells method, route template, status, time and id, and nothing of the query."""
    answer = await client.post("/v1/echo?a=b", content=b"x", headers={"X-Request-Id": "trace-0001"})
    assert answer.status_code == 200
    [line] = lines(written)
    assert 0 <= line.pop("ms") < 1_000
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "method": "POST",
        "route": "/v1/echo",
        "status": 200,
        "request_id": "trace-0001",
    }


@pytest.mark.parametrize("path", ["/v1/boom", "/v1/hot"])
async def test_an_unexpected_error_is_told_without_its_text(
    client: httpx.AsyncClient, written: io.StringIO, path: str
) -> None:
    """Class and place of the exception are logged under the request's id; its message is not."""
    answer = await client.get(path)
    error, request = lines(written)
    assert error["event"] == "request.failed"
    assert error["level"] == "error"
    assert error["exception"] == "RuntimeError"
    assert error["route"] == request["route"] == path
    assert error["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert "http/edge.py" in error["where"]
    assert CANARY not in written.getvalue()


async def test_nothing_personal_is_logged(
    app: FastAPI, tenant: Tenant, written: io.StringIO
) -> None:
    """Canaries in bodies, paths, queries, headers and keys never reach a line of the log."""
    canary = CANARY
    headers = {
        "User-Agent": canary,
        "Referer": f"https://x/{canary}",
        "X-Request-Id": f"<{canary}>",
        "Idempotency-Key": canary,
        "Accept-Language": canary,
        "Cookie": canary,
    }
    body = {"kind": "secret", "name": canary, "scopes": [canary], canary: canary}
    await tenant.client.post("/v1/api-keys", json=body, headers=headers)
    await tenant.client.post("/v1/api-keys", json={"kind": "publishable", "name": canary})
    await tenant.client.get(f"/v1/surveys/{canary}", headers=headers)
    await tenant.client.get(f"/v1/surveys?{canary}={canary}")
    await tenant.client.post(f"/v1/surveys/{canary}/responses", json=body, headers=headers)
    await tenant.client.get(f"/{canary}")
    await tenant.client.put(f"/v1/customers/{canary}", json={"name": "\x00" + canary})
    async with client_of(app, f"fbs_live_{canary}") as stranger:
        await stranger.get("/v1/surveys", headers=headers)
    logged = lines(written)
    assert len([line for line in logged if line["event"] == "request"]) == 8
    assert canary not in written.getvalue()
    assert tenant.secret_key not in written.getvalue()
    known = [line for line in logged if "workspace" in line]
    assert {line["workspace"] for line in known} == {str(tenant.workspace.id)}
    assert all(line["key"] in tenant.secret_key for line in known)


async def test_access_lines_can_be_switched_off(written: io.StringIO) -> None:
    """With `access_log` off only failures are told."""
    async with client_of(small_app(quick_settings(access_log=False))) as client:
        await client.get("/v1/nothing")
        await client.get("/v1/boom")
    assert [line["event"] for line in lines(written)] == ["request.failed"]


def test_unknown_fields_and_control_characters_stay_out(written: io.StringIO) -> None:
    """A field that is not on the list is dropped; a line break cannot forge a line."""
    log.warning("job.failed", job="fold\n{\x1b[31m", answers=CANARY, exception=ValueError(CANARY))
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["exception"] == "ValueError"
    assert "answers" not in json.loads(line)
    assert "\x1b" not in line
    assert CANARY not in line
