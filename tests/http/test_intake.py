"""Bodies under a cap and a clock, and requests that end before they are whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.http.edge import Edge
from app.http.metrics import Traffic
from tests.conftest import client_of
from tests.http.serving import quick_settings, small_app


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the small application."""
    async with client_of(small_app(quick_settings())) as client:
        yield client


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "identity, gzip"])
async def test_compressed_bodies_are_not_unpacked(client: httpx.AsyncClient, encoding: str) -> None:
    """Content-Encoding other than identity is 415 and names what is wrong."""
    answer = await client.post("/v1/echo", content=b"x", headers={"Content-Encoding": encoding})
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported-encoding"
    plain = await client.post("/v1/echo", content=b"x", headers={"Content-Encoding": "identity"})
    assert plain.status_code == 200


@pytest.mark.parametrize(
    ("path", "type_", "cap"),
    [
        ("/v1/surveys/1/responses", "application/json", 65_536),
        ("/v1/echo", "application/json", 1_048_576),
        ("/v1/surveys/1/responses", "application/x-ndjson", 2_097_152),
        ("/v1/echo", "text/csv; charset=utf-8", 2_097_152),
    ],
)
async def test_the_cap_depends_on_what_is_sent(path: str, type_: str, cap: int) -> None:
    """A body of exactly the cap passes; one byte more is 413, declared or only counted."""
    app = small_app(quick_settings(max_bulk_bytes=2_097_152))

    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield b"x" * (size - 1)
        yield b"x"

    async with client_of(app) as client:
        headers = {"Content-Type": type_}
        fits = await client.post(path, content=b"x" * cap, headers=headers)
        declared = await client.post(path, content=b"x" * (cap + 1), headers=headers)
        counted = await client.post(path, content=pieces(cap + 1), headers=headers)
    assert fits.status_code == 200
    for answer in (declared, counted):
        assert answer.status_code == 413
        assert answer.json()["code"] == "content-too-large"


async def test_half_a_body_is_never_a_whole_one() -> None:
    """When the client leaves before the end of the body, the application sees no body at all."""
    read: list[bytes] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        message = await receive()
        while message.get("more_body", False):
            read.append(message["body"])
            message = await receive()
        read.append(b"the end")

    edge = Edge(application, settings=quick_settings(), traffic=Traffic())
    coming: list[Message] = [
        {"type": "http.request", "body": b'{"a": 1}', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await edge(_post_scope([(b"content-length", b"100")]), receive, send)
    assert read == [b'{"a": 1}']
    assert json.loads(sent[1]["body"])["code"] == "client-disconnected"


async def test_being_cancelled_is_not_an_error_of_the_edge() -> None:
    """A server that cancels a request at shutdown sees it end as cancelled, not answered."""
    started = asyncio.Event()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send
        started.set()
        await receive()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        pytest.fail(f"nothing may be sent: {message}")

    traffic = Traffic()
    edge = Edge(application, settings=quick_settings(), traffic=traffic)
    task = asyncio.create_task(edge(_post_scope([(b"content-length", b"9")]), never, send))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert traffic.in_flight == 0


def _post_scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/echo",
        "raw_path": b"/v1/echo",
        "query_string": b"",
        "headers": [(b"host", b"test"), *headers],
    }
