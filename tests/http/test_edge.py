"""The edge: names, headers, limits and grants of every answer, whoever gives it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from app.config import Settings
from app.http.auth import Credential, needs
from app.http.edge import Edge
from app.http.metrics import Traffic
from app.http.route import Route
from tests.conftest import Tenant, client_of
from tests.http.serving import CANARY, quick_settings, small_app

_PAGE = "https://shop.example.com"
_PUBLISHABLE = {"Authorization": "Bearer fbp_live_0123456789", "Origin": _PAGE}

embeds = APIRouter(prefix="/v1", route_class=Route)


@embeds.post("/embed/{survey}")
async def submit(survey: str, _: Annotated[Credential, needs("admin", publishable=True)]) -> str:
    """Stand for any route that a web page may call."""
    return survey


@embeds.get("/secret")
async def read(_: Annotated[Credential, needs("admin")]) -> str:
    """Stand for any route that needs a secret key."""
    return ""


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the small application."""
    async with client_of(small_app(quick_settings(), embeds)) as client:
        yield client


async def test_every_answer_has_an_id_and_the_headers_of_the_api(
    client: httpx.AsyncClient,
) -> None:
    """Successes and errors alike are named, typed exactly, uncacheable and inert in a browser."""
    answers = [
        await client.post("/v1/echo", content=b"x"),
        await client.get("/v1/nothing"),
        await client.get("/v1/boom"),
        await client.get("/v1/hot"),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 500, 500]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers
        assert not any(name.startswith("access-control") for name in answer.headers)
    for answer in answers[1:]:
        problem = answer.json()
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert CANARY not in answer.text


async def test_https_is_insisted_on_where_the_service_has_it() -> None:
    """An installation whose base address is https tells browsers to stay with it."""
    app = small_app(quick_settings(base_url="https://feedback.example.com"))
    async with client_of(app) as client:
        answer = await client.get("/v1/nothing")
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0198-7c11-trace_1", True),
        ("Root=1-67891233-abcdef012345678912345678", True),
        ("short", False),
        ("zhang wei", False),
        ('"},{"x":"', False),
        ("x" * 129, False),
    ],
)
async def test_a_request_id_is_kept_if_it_is_sane(
    client: httpx.AsyncClient, given: str, *, kept: bool
) -> None:
    """An id from a proxy is passed on; what could break a log line is replaced."""
    answer = await client.get("/v1/nothing", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept


async def test_a_page_may_ask_before_it_submits(client: httpx.AsyncClient) -> None:
    """The preflight names the methods of exactly this path, for this origin, without cookies."""
    asks = {"Origin": _PAGE, "Access-Control-Request-Method": "POST"}
    answer = await client.options("/v1/embed/1", headers=asks)
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["access-control-allow-origin"] == _PAGE
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "7200"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/secret", "/v1/nothing", "/v1/embed/1/2"])
async def test_secret_routes_grant_nothing(client: httpx.AsyncClient, path: str) -> None:
    """No preflight and no answer of a route for secret keys carries a CORS header."""
    asks = {"Origin": _PAGE, "Access-Control-Request-Method": "GET"}
    answers = [
        await client.options(path, headers=asks),
        await client.get(path, headers=_PUBLISHABLE),
    ]
    for answer in answers:
        assert answer.status_code in {401, 404, 405, 500}
        assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize(
    "origin", ["null", "https://", "https://a b", "a.example.com", "https://a/b", "https://a,b"]
)
async def test_an_origin_that_is_none_is_refused(client: httpx.AsyncClient, origin: str) -> None:
    """`null` and what is no origin get 403 without a grant, asked for or not."""
    asked = await client.options(
        "/v1/embed/1", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
    )
    sent = await client.post("/v1/embed/1", headers=_PUBLISHABLE | {"Origin": origin})
    for answer in (asked, sent):
        assert answer.status_code == 403
        assert answer.json()["code"] == "origin-not-allowed"
        assert "access-control-allow-origin" not in answer.headers


async def test_a_page_can_read_its_errors(app: FastAPI, tenant: Tenant) -> None:
    """Answers to a publishable key carry the grant whatever the status, except for strangers."""
    wanted = {"kind": "publishable", "name": "web", "origins": [_PAGE]}
    key = (await tenant.client.post("/v1/api-keys", json=wanted)).json()["key"]
    path = "/v1/surveys/00000000-0000-7000-8000-000000000000/responses"
    async with client_of(app, key) as client:
        unknown = await client.post(path, json={}, headers={"Origin": _PAGE})
        large = await client.post(path, content=b"x" * 70_000, headers={"Origin": _PAGE})
        stranger = await client.post(path, json={}, headers={"Origin": "https://evil.example"})
        no_page = await client.post(path, json={})
    assert (large.status_code, stranger.status_code) == (413, 403)
    for answer in (unknown, large):
        assert answer.headers["access-control-allow-origin"] == _PAGE
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["vary"] == "Origin"
    for answer in (stranger, no_page):
        assert "access-control-allow-origin" not in answer.headers
    assert stranger.json()["code"] == "origin-not-allowed"


async def test_more_than_can_be_served_is_told_to_come_back() -> None:
    """Beyond `max_in_flight` the answer is 503 with Retry-After; probes are still served."""
    settings = quick_settings(max_in_flight=8)
    inside, release = 0, asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside
        del receive
        if scope["path"] == "/v1/slow":
            inside += 1
            await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    traffic = Traffic()
    edge = Edge(slow, settings=settings, traffic=traffic)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=edge), base_url="http://test"
    ) as client:
        waiting = [asyncio.create_task(client.get("/v1/slow")) for _ in range(8)]
        while inside < 8:  # noqa: ASYNC110 - the condition is in our own application
            await asyncio.sleep(0)
        refused = await client.get("/v1/slow")
        probe = await client.get("/livez")
        release.set()
        served = await asyncio.gather(*waiting)
    assert refused.status_code == 503
    assert refused.json()["code"] == "overloaded"
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    assert probe.status_code == 200
    assert {answer.status_code for answer in served} == {200}
    assert traffic.in_flight == 0


async def test_answers_close_the_connection_while_draining(settings: Settings) -> None:
    """Once SIGTERM was announced, clients are sent elsewhere answer by answer."""
    app = small_app(settings)
    async with client_of(app) as client:
        assert "connection" not in (await client.get("/v1/nothing")).headers
        app.state.traffic.draining = True
        assert (await client.get("/v1/nothing")).headers["connection"] == "close"
