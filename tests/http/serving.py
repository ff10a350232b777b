"""A real server in a thread, a small application behind the real edge, and raw sockets."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import DEMO_PEPPER, Settings
from app.http import rendering
from app.http.cors import Embeds
from app.http.edge import Edge
from app.http.metrics import Traffic
from app.server import configured

CANARY = "canary-13800138000"


def quick_settings(**changed: object) -> Settings:
    """Settings whose time limits a test can wait for; no database behind them."""
    values: dict[str, Any] = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "pepper": SecretStr(DEMO_PEPPER),
        "header_timeout_seconds": 1.0,
        "body_timeout_seconds": 1.0,
        "metrics_public": True,
        "access_log": False,
        "max_bulk_bytes": 1_048_576,
    }
    return Settings(**(values | changed))


def small_app(settings: Settings, *routers: APIRouter) -> FastAPI:
    """Routes that echo, fail and fail late, behind the edge; a hot path that fails too."""
    app = FastAPI(redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.traffic = Traffic()
    rendering.install(app)
    app.add_api_route("/v1/echo", _echo, methods=["POST", "PUT"])
    app.add_api_route("/v1/surveys/1/responses", _echo, methods=["POST"])
    app.add_api_route("/v1/boom", _boom, methods=["GET", "POST"])
    app.add_api_route("/v1/late", _late, methods=["GET"])
    for router in routers:
        app.include_router(router)
    app.add_middleware(
        Edge, settings=settings, traffic=app.state.traffic, embeds=Embeds(routers), hot=_hot
    )
    return app


async def _echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


async def _boom() -> None:
    message = f"something personal: {CANARY}"
    raise RuntimeError(message)


async def _late() -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a beginning"
        await _boom()

    return StreamingResponse(pieces())


def _hot(scope: Scope) -> ASGIApp | None:
    return _hot_boom if scope["path"] == "/v1/hot" else None


async def _hot_boom(scope: Scope, receive: Receive, send: Send) -> None:
    del receive, send
    scope["state"]["route"] = "/v1/hot"
    await _boom()


@contextmanager
def serving(app: FastAPI, settings: Settings) -> Iterator[int]:
    """Serve the application as `feedback serve` does; the port."""
    server = uvicorn.Server(configured(app, settings, host="127.0.0.1", port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()


@dataclass(frozen=True)
class Answer:
    """One HTTP answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> str:
        """The code of a problem document, which this must be."""
        assert self.headers["content-type"] == "application/problem+json", self
        code = json.loads(self.body)["code"]
        assert isinstance(code, str)
        return code


class Wire:
    """A raw connection that reads answers one after the other."""

    def __init__(self, port: int, *, timeout: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._buffer = b""

    def __enter__(self) -> Self:
        """Nothing is sent yet."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, *parts: bytes | str) -> Self:
        """Send bytes as they are; a server that hangs up meanwhile is no error."""
        try:
            for part in parts:
                self._socket.sendall(part.encode("latin-1") if isinstance(part, str) else part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def answer(self) -> Answer:
        """Read one whole answer."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name not in headers, f"{name} is repeated"
            headers[name] = value
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(int(status_line.split(" ")[1]), headers, body)

    def is_open(self) -> bool:
        """Whether the server still listens on this connection: it answers a good request."""
        self.send("POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok")
        try:
            answer = self.answer()
        except (EOFError, ConnectionResetError):
            return False
        return answer.status == 200 and answer.body == b"ok"

    def closes_within(self, seconds: float) -> bool:
        """Whether the server hangs up, without a further word, in this time."""
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        received = self._socket.recv(65_536)
        if not received:
            raise EOFError
        self._buffer += received
