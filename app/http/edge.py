"""The edge: what every request passes first and every answer last, whoever serves it between.

Pure ASGI, because it stands before the hot path too. It names each request, refuses what need
not be read, limits what is read, turns whatever is raised into a problem without dropping the
connection, adds the headers of the API, counts, and logs.
"""

import random
import re
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log
from app.config import Settings
from app.errors import Problem
from app.http import cors
from app.http.cors import Embeds
from app.http.intake import METHODS, Intake, Limits, linger
from app.http.metrics import Traffic
from app.http.rendering import from_exception, note, problem_response

#: Asked first: the application that serves this request without FastAPI, or None.
Hot = Callable[[Scope], ASGIApp | None]

#: The same under any load, or nobody could tell what is the matter.
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._=:\-]{8,128}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
]
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_CLOSE = (b"connection", b"close")


class Edge:
    """The outermost middleware.

    `hot` is asked before the routes are. What it returns is called with the guarded `receive`
    (413 and 408 are raised from it as problems) and may raise any `Problem`. It tells the log
    who asked by `scope["state"]["credential"]` and where by `scope["state"]["route"]`, the
    template of the path. An answer's own headers win over the ones added here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        traffic: Traffic,
        embeds: Embeds | None = None,
        hot: Hot | None = None,
    ) -> None:
        self.app = app
        self.hot = hot
        self.traffic = traffic
        self.embeds = embeds or Embeds()
        self.limits = Limits(settings)
        self.max_in_flight = settings.max_in_flight
        self.access_log = settings.access_log
        https = settings.base_url.startswith("https:")
        self.security = [*_SECURITY, _HTTPS_ONLY] if https else _SECURITY
        self.security_names = frozenset(name for name, _ in self.security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; never raises what the application raised."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(self, scope, receive, send)
        self.traffic.in_flight += 1
        try:
            answer = exchange.early_answer()
            if answer is not None:
                await answer(scope, receive, exchange.send)
                return
            app = self.hot(scope) if self.hot is not None else None
            await (app or self.app)(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the connection must survive whatever it is
            await exchange.fail(error)
        finally:
            self.traffic.in_flight -= 1
            exchange.close()


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_edge", "_grant", "_id_header", "_intake", "_raw_receive", "_scope", "_send",
        "_started_at", "_state", "_status", "receive",
    )  # fmt: skip

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self._started_at = perf_counter()
        self._edge = edge
        self._scope = scope
        self._raw_receive = self.receive = receive
        self._send = send
        self._status = 0
        self._intake: Intake | None = None
        self._grant: cors.Headers | None = None
        self._state: dict[str, Any] = scope.setdefault("state", {})
        self._id_header = (b"x-request-id", b"")

    def early_answer(self) -> Response | None:
        """Name the request; answer it at once where that needs no application."""
        scope, edge = self._scope, self._edge
        headers: dict[bytes, bytes] = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        if given is None or _REQUEST_ID.fullmatch(given) is None:
            given = b"%020x" % random.getrandbits(80)
        self._id_header = (b"x-request-id", given)
        self._state["request_id"] = given.decode()
        origin = headers.get(b"origin")
        try:
            if origin is not None:
                preflight = self._meet(origin, headers)
                if preflight is not None:
                    return preflight
            problem = edge.limits.refuse(scope, headers)
            if problem is None and edge.traffic.in_flight > edge.max_in_flight:
                problem = self._overload()
            if problem is None:
                self._intake = edge.limits.intake(scope, headers, self._raw_receive)
                if self._intake is not None:
                    self.receive = self._intake.receive
                    problem = self._intake.refuse()
        except Problem as refused:
            problem = refused
        return None if problem is None else problem_response(problem, scope)

    def _meet(self, origin: bytes, headers: dict[bytes, bytes]) -> Response | None:
        """Greet a web page: answer its preflight, or grant it the answer to come."""
        scope = self._scope
        path = scope["path"]
        preflight = scope["method"] == "OPTIONS" and b"access-control-request-method" in headers
        if not preflight and not cors.is_publishable(headers.get(b"authorization")):
            return None
        if not cors.is_web_origin(origin):
            raise Problem("origin-not-allowed")
        if not preflight:
            self._grant = self._edge.embeds.grant(path, origin)
            return None
        allowed = self._edge.embeds.preflight(path, origin)
        if allowed is None:
            return None
        self._state["route"] = "preflight"
        response = Response(status_code=204)
        response.raw_headers = allowed
        return response

    def _overload(self) -> Problem | None:
        if self._scope["path"] in _PROBES:
            return None
        # Not all at the same moment again.
        retry_after = str(random.randint(1, 5))  # noqa: S311
        return Problem("overloaded", headers={"Retry-After": retry_after})

    def send(self, message: Message) -> Awaitable[None]:
        """Pass a message on; the first with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = self._complete(message.get("headers", ()))
        elif (
            self._intake is not None
            and self._intake.overflowed
            and not message.get("more_body", False)
        ):
            return linger(self._raw_receive, self._send, message)
        return self._send(message)

    def _complete(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        edge = self._edge
        complete = [*headers, self._id_header]
        if self._grant is not None and self._state.get("problem") != "origin-not-allowed":
            complete += self._grant
        names = {name for name, _ in complete}
        if names.isdisjoint(edge.security_names):
            complete += edge.security
        else:
            complete += [header for header in edge.security if header[0] not in names]
        if edge.traffic.draining:
            complete.append(_CLOSE)
        return complete

    async def fail(self, error: Exception) -> None:
        """Answer with the problem that an exception means.

        After the answer began nothing can be said any more: the server closes the connection
        of an answer that was not completed.
        """
        if isinstance(error, ClientDisconnect):
            error = Problem("client-disconnected")
        problem = from_exception(error, self._scope["method"])
        note(self._scope, error, problem)
        if self._status == 0:
            answer = problem_response(problem, self._scope)
            await answer(self._scope, self._raw_receive, self.send)

    def close(self) -> None:
        """Count and log."""
        seconds = perf_counter() - self._started_at
        scope, state = self._scope, self._state
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = str(state.get("route") or getattr(scope.get("route"), "path", "none"))
        status = self._status or 499  # the client left, or we are being shut down
        self._edge.traffic.record(method, route, status, seconds)
        if status == 500 or "exception" in state:
            self._report(route, status)
        if self._edge.access_log:
            credential = state.get("credential")
            log.access(
                method,
                route,
                status,
                seconds,
                state["request_id"],
                "" if credential is None else credential.workspace,
                "" if credential is None else credential.key_id,
                state.get("problem", ""),
            )

    def _report(self, route: str, status: int) -> None:
        state = self._state
        log.log.error(
            "request.failed",
            route=route,
            status=status,
            request_id=state["request_id"],
            problem=state.get("problem"),
            exception=state.get("exception"),
            sqlstate=state.get("sqlstate"),
            where=state.get("where"),
        )
