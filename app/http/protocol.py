"""uvicorn's HTTP/1.1 protocol with the limits that it lacks: heads, silence, unread answers.

uvicorn waits for ever for the rest of a request's head, keeps any amount of it in memory, and
waits for ever for a client that does not read. What is malformed is answered with a problem
instead of plain text. Bodies are limited in `edge`, where the route is known.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.errors import Problem
from app.http.corked import CorkedTransport

#: Bytes that may arrive without completing a head or adding to a body (chunk extensions and
#: trailers too). Above the edge's own limit, which answers in the reader's language.
_MAX_SILENT_BYTES = 65_536
_UNREAD_SECONDS = 30.0
_LINGER_SECONDS = 2.0
_HEADER_SECONDS = 10.0


def _raw_answer(code: str) -> bytes:
    """A whole answer, for when there is no request yet that an application could answer."""
    problem = Problem(code)
    body = json.dumps(problem.rendered("en", "")).encode()
    head = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        "cache-control: no-store\r\n"
        "x-content-type-options: nosniff\r\n"
        "content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


_MALFORMED = _raw_answer("invalid-request-line")
_TOO_LARGE = _raw_answer("headers-too-large")


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

    The head of a request must be complete `header_timeout_seconds` after the connection was
    made or the last answer was sent; that covers a connection that is never used, and the rest
    of a body that nobody wanted.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        state = getattr(self.app, "state", None)
        settings = getattr(state, "settings", None)
        self._patience: float = getattr(settings, "header_timeout_seconds", _HEADER_SECONDS)
        self._awaiting_since: float | None = None
        self._check: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._progressed = False
        self._silent_bytes = 0
        self._refused = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = CorkedTransport(transport, self.loop)  # type: ignore[assignment]
        self._awaiting_since = self.loop.time()
        self._check = self.loop.call_later(self._patience, self._check_patience)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._check, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def _check_patience(self) -> None:
        """One timer for the life of the connection; requests only note the time."""
        left = self._patience
        if self._awaiting_since is not None:
            left += self._awaiting_since - self.loop.time()
        if left > 0:
            self._check = self.loop.call_later(left, self._check_patience)
        elif self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()
            self._check = self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)

    @override
    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._progressed = False
        super().data_received(data)
        if self._progressed:
            self._silent_bytes = 0
            return
        self._silent_bytes += len(data)
        if self._silent_bytes > _MAX_SILENT_BYTES and not self._refused:
            self._refuse(_TOO_LARGE if self._awaiting_since is not None else _MALFORMED)

    @override
    def on_headers_complete(self) -> None:
        self._progressed = True
        self._awaiting_since = None
        super().on_headers_complete()
        # Trailers would be appended to the head that the application has already judged.
        self.headers = []

    @override
    def on_body(self, body: bytes) -> None:
        self._progressed = True
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._progressed = True
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._awaiting_since = self.loop.time()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(_MALFORMED)

    def _refuse(self, answer: bytes) -> None:
        """Answer and hear no more; close after a moment, so that the answer is read first."""
        self._refused = True
        cycle = self.cycle  # None before the first request, whatever its type says
        if cycle is not None and not cycle.response_complete:  # type: ignore[redundant-expr]
            busy = cycle.response_started or bool(self.pipeline)
            cycle.disconnected = True
            cycle.message_event.set()
            if busy:  # in the middle of another answer
                self.transport.abort()
                return
        self.transport.write(answer)
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
