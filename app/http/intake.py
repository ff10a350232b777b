"""Reading a request: what is refused by its head alone, and the body under a cap and a clock."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

from starlette.types import Message, Receive, Scope, Send

from app.config import Settings
from app.errors import Problem

#: Methods that some route may have; everything else is 405 without looking further.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_URL_BYTES = 8_192
MAX_HEADER_BYTES = 32_768
MAX_HEADERS = 100
#: A body of at most this size is let run out after a refusal, so that the connection lives on.
_SMALL_BODY = 1_048_576
_LINGER_SECONDS = 2.0
_TICK_SECONDS = 0.25
#: Headers that mean something once only: with two of them, two readers might take different ones.
_SINGLE = frozenset(
    {b"host", b"authorization", b"content-type", b"content-encoding", b"origin",
     b"idempotency-key", b"x-request-id"}
)  # fmt: skip
_BULK_TYPES = (b"application/x-ndjson", b"application/ndjson", b"application/jsonl", b"text/csv")

Headers = Mapping[bytes, bytes]


class Limits:
    """What one request may take, from the settings."""

    def __init__(self, settings: Settings) -> None:
        self._submission = settings.max_submission_bytes
        self._json = settings.max_body_bytes
        self._bulk = settings.max_bulk_bytes
        self._seconds = settings.body_timeout_seconds
        self._patience = Patience()

    def refuse(self, scope: Scope, headers: Headers) -> Problem | None:
        """The problem that the head alone shows, if any; nothing of the body is read."""
        raw = scope["headers"]
        if len(raw) > MAX_HEADERS or len(b"".join(chain.from_iterable(raw))) > MAX_HEADER_BYTES:
            return Problem("headers-too-large")
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            return Problem("uri-too-long")
        if scope["method"] not in METHODS:
            return Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(METHODS))})
        return self._misshapen(scope, headers)

    @staticmethod
    def _misshapen(scope: Scope, headers: Headers) -> Problem | None:
        if len(headers) != len(scope["headers"]) and _repeats(scope):
            return Problem("invalid-request-line")
        if b"host" not in headers and scope["http_version"] == "1.1":
            return Problem("invalid-request-line")
        encoding = headers.get(b"content-encoding")
        if encoding is not None and encoding.strip().lower() not in {b"identity", b""}:
            return Problem("unsupported-encoding")
        return None

    def intake(self, scope: Scope, headers: Headers, receive: Receive) -> "Intake | None":
        """The reader of the body, or None where there is no body to read."""
        length = headers.get(b"content-length")
        if (length is None or length == b"0") and b"transfer-encoding" not in headers:
            return None
        bulk = headers.get(b"content-type", b"").lower().startswith(_BULK_TYPES)
        path = scope["path"]
        if bulk:
            cap = self._bulk
        elif path.startswith("/v1/surveys/") and "/responses" in path:
            cap = self._submission
        else:
            cap = self._json
        declared = 0
        if length is not None:  # an absurdly long number must not be converted
            declared = int(length) if length.isdigit() and len(length) < 20 else sys.maxsize
        return Intake(receive, cap, declared, self._patience, seconds=self._seconds, renewed=bulk)


def _repeats(scope: Scope) -> bool:
    names = [name for name, _ in scope["headers"] if name in _SINGLE]
    return len(names) != len(set(names))


class Patience:
    """Ends waits that last too long, with one timer for all of them.

    `asyncio.timeout` around each would cost more than everything else at the edge together;
    here a wait is an entry in a dictionary, and ends up to a quarter of a second late.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._ticking = False

    async def wait(self, receive: Receive, until: float) -> Message:
        """The next message; TimeoutError if it has not come at `until`, in the loop's time."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a server runs each request in a task
        self._waiting[task] = until
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)
        try:
            return await receive()
        except asyncio.CancelledError:
            if task in self._expired and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._waiting.pop(task, None)
            self._expired.discard(task)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task in [task for task, until in self._waiting.items() if until <= now]:
            del self._waiting[task]
            self._expired.add(task)
            task.cancel()
        self._ticking = bool(self._waiting)
        if self._ticking:
            loop.call_later(_TICK_SECONDS, self._tick)


class Intake:
    """The `receive` of a request with a body.

    The whole body must arrive within `seconds`; with `renewed` (bulk, which may take as long as
    it needs) only each pause is limited. Raises 413 and 408; both end the connection, because
    what would follow on it is the rest of the body.
    """

    __slots__ = (
        "_cap", "_declared", "_left", "_patience", "_receive", "_renewed", "_seconds", "_until",
        "finished", "overflowed",
    )  # fmt: skip

    def __init__(
        self,
        receive: Receive,
        cap: int,
        declared: int,
        patience: Patience,
        *,
        seconds: float,
        renewed: bool,
    ) -> None:
        self._receive = receive
        self._patience = patience
        self._cap = self._left = cap
        self._seconds = seconds
        self._renewed = renewed
        self._until = 0.0
        self._declared = declared
        self.finished = False
        self.overflowed = False

    def refuse(self) -> Problem | None:
        """413 for a declared length over the cap, before a byte of it is read."""
        if self._declared <= self._cap:
            return None
        if self._declared <= _SMALL_BODY:
            return Problem("content-too-large")
        self.overflowed = True
        return Problem("content-too-large", headers={"Connection": "close"})

    async def receive(self) -> Message:
        """The next piece of the body."""
        if self.finished:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        if self._until == 0.0 or self._renewed:
            self._until = now + self._seconds
        try:
            message = await self._patience.wait(self._receive, self._until)
        except TimeoutError:
            self.finished = True
            raise Problem("request-timeout", headers={"Connection": "close"}) from None
        if message["type"] == "http.disconnect":
            # Half a body must not be taken for a whole one.
            self.finished = True
            raise Problem("client-disconnected")
        if not message.get("more_body", False):
            self.finished = True
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.overflowed = not self.finished
            self.finished = True
            raise Problem("content-too-large", headers={"Connection": "close"})
        return message


async def linger(receive: Receive, send: Send, last: Message) -> None:
    """Send the end of an answer to somebody who is still sending, so that it is read.

    Closing with unread bytes resets the connection, and a reset can overtake the answer.
    """
    await send({**last, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while (await receive()).get("more_body", False):
                pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
