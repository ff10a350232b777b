"""The route class: one request, one transaction, committed before the client hears of it.

FastAPI's own `yield` dependencies commit after the answer is sent, so that a failed commit has
been acknowledged already. Here the route owns the transaction: it opens with the first use,
and the answer, already rendered, leaves only when the commit has returned.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from functools import cached_property
from types import TracebackType
from typing import Annotated, Any, Self

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from app.db import Database
from app.errors import FieldError, Invalid, Problem
from app.http import idempotency
from app.http.auth import Credential, declared_need
from app.http.rendering import from_exception
from app.strict_json import MAX_DOCUMENT_KEYS, Json, parse

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class StrictRequest(Request):
    """A request whose JSON is read by the strict reader, once."""

    @override
    async def json(self) -> Json:
        """The body, parsed; see `strict_json.parse` for the problems it raises."""
        if not hasattr(self, "_strict"):
            self._strict = parse(await self.body(), max_keys=MAX_DOCUMENT_KEYS)
        return self._strict


class UnitOfWork:
    """The session of one request, opened when first asked for."""

    def __init__(self, database: Database, *, readonly: bool) -> None:
        self._database = database
        self._readonly = readonly
        self._stack = AsyncExitStack()
        self._session: AsyncSession | None = None

    async def session(self) -> AsyncSession:
        """The one session of this request, in a transaction."""
        if self._session is None:
            open_ = self._database.snapshot if self._readonly else self._database.transaction
            self._session = await self._stack.enter_async_context(open_())
        return self._session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Commit, or roll back if something was raised.

        Raises 503 `outcome-unknown` when PostgreSQL went away during the commit: it may have
        been done.
        """
        try:
            return await self._stack.__aexit__(kind, raised, trace)
        except Exception as error:
            commits = raised is None and not self._readonly
            if commits and from_exception(error).code == "database-unavailable":
                raise Problem("outcome-unknown", headers={"Retry-After": "1"}) from error
            raise


async def _session(request: Request) -> AsyncSession:
    unit: UnitOfWork = request.state.unit
    return await unit.session()


#: The session of a request that writes. Nobody commits it but the route class.
Session = Annotated[AsyncSession, Depends(_session)]
#: The session of a GET: one snapshot, in which PostgreSQL refuses writes.
ReadSession = Annotated[AsyncSession, Depends(_session)]


class Route(APIRoute):
    """Checks the key, the query and the body before the endpoint; commits after it."""

    only_reads = False
    """Whether it reads whatever its method: then in one snapshot, in which PostgreSQL refuses
    writes (an answer that is to be kept under an Idempotency-Key is written, though)."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path is this one's: the framework asks route after route, hundreds."""
        # Anywhere in the path, because a proxy may have put something before it.
        if self._beginning not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    @cached_property
    def _beginning(self) -> str:
        """What the path begins with, up to the first parameter."""
        return self.path.partition("{")[0]

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler; refuse to build a route that declares no need."""
        handle = super().get_route_handler()
        need = declared_need(self.dependant)
        if need is None:
            message = f"{self.path} declares no scope: use needs(...) or open_to_all(...)"
            raise TypeError(message)
        known_parameters = frozenset(_query_names(self.dependant))
        readonly = (self.methods or set()) <= _SAFE
        expects_json = self.body_field is not None

        async def handler(plain: Request) -> Response:
            request = StrictRequest(plain.scope, plain.receive)
            credential = await need.check(request)
            request.state.credential = credential
            _refuse_unknown_parameters(request, known_parameters)
            if expects_json:
                _require_json(request)
                await request.json()
            keeps = "idempotency-key" in request.headers
            reads = readonly or (self.only_reads and not keeps)
            async with UnitOfWork(request.app.state.database, readonly=reads) as unit:
                request.state.unit = unit
                return await self._answer(request, unit, handle, credential)

        return handler

    async def _answer(
        self,
        request: Request,
        unit: UnitOfWork,
        handle: Callable[[Request], Awaitable[Response]],
        credential: Credential | None,
    ) -> Response:
        """Run the endpoint at most once for an Idempotency-Key."""
        header = request.headers.get("idempotency-key")
        if request.method != "POST" or header is None or self._streams(request):
            return await handle(request)
        body = await request.json() if self.body_field is not None else None
        claim = await idempotency.claim(await unit.session(), header, request, body, credential)
        if claim.replay is not None:
            return claim.replay
        response = await handle(request)
        await claim.keep(response)
        return response

    def _streams(self, request: Request) -> bool:
        """Whether the endpoint reads the body itself: bulk lines carry their own natural keys."""
        sends_body = request.headers.get("content-length", "0") != "0"
        return self.body_field is None and (sends_body or "transfer-encoding" in request.headers)


class ReadingRoute(Route):
    """A POST whose question is too long for an address, and that changes nothing."""

    only_reads = True


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        annotation: Any = field.field_info.annotation
        if hasattr(annotation, "model_fields"):  # a model of parameters
            for name, inner in annotation.model_fields.items():
                yield inner.alias or name
        else:
            yield field.alias
    for each in dependant.dependencies:
        yield from _query_names(each)


def _refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """A filter that is misspelt must not silently select everything; nor may one be repeated."""
    unknown = [FieldError(f"?{name}", "unknown-parameter")
               for name in request.query_params if name not in known]  # fmt: skip
    if unknown:
        raise Invalid(*unknown)
    for name, value in request.query_params.multi_items():
        if "\x00" in value or "\ufffd" in value:
            raise Invalid(FieldError(f"?{name}", "invalid-text"))


def _require_json(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Problem("unsupported-media-type")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise Problem("unsupported-media-type")
