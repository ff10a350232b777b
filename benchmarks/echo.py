"""The floor: a bare ASGI application that parses the same JSON and answers as many bytes."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

_ANSWER = json.dumps({"id": "0" * 36, "received_at": "2026-01-01T00:00:00.000000Z"} | {
    "survey": "0" * 36, "version": 1, "submission_id": None, "status": "complete",
    "content_sha256": "0" * 64,
}).encode()  # fmt: skip
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_ANSWER)).encode()),
]


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Read the body, parse it, answer 201."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    json.loads(body)
    await send({"type": "http.response.start", "status": 201, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})
