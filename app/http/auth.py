"""Who is asking and what they may do; every route declares its need, or cannot be built."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Protocol, get_args
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPBearer
from typing_extensions import override

from app.errors import Problem
from app.problems import Text

Scope = Literal[
    "surveys:rw",
    "responses:write",
    "responses:read",
    "responses:read_pii",
    "complaints:rw",
    "customers:rw",
    "kpi:read",
    "kpi:write",
    "webhooks:rw",
    "privacy:export",
    "privacy:erase",
    "admin",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
KeyKind = Literal["secret", "publishable"]
#: Stands among the scopes of a route, for the document, if a publishable key will do.
PUBLISHABLE = "publishable"


@dataclass(frozen=True)
class Credential:
    """An accepted API key. The workspace of a request comes from here and nowhere else."""

    workspace_id: UUID
    key_id: str
    kind: KeyKind
    scopes: frozenset[str]
    origins: frozenset[str] | None = None
    survey_ids: frozenset[UUID] | None = None

    @cached_property
    def workspace(self) -> str:
        """The workspace's id as text, for the log of every request."""
        return str(self.workspace_id)

    def may(self, scope: Scope) -> bool:
        """Whether a secret key holds the scope."""
        return scope in self.scopes

    def limit_to_surveys(self, survey_id: UUID) -> None:
        """Refuse a publishable key on a survey that it was not made for."""
        if self.survey_ids is not None and survey_id not in self.survey_ids:
            raise Problem("survey-not-allowed")


class Authenticator(Protocol):
    """Turns the text of a key into a credential (`workspaces.keys` does)."""

    async def authenticate(self, token: str) -> Credential | None:
        """The credential of a live key, or None for every other text, in equal time."""
        ...


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="`fbs_...` secret keys carry scopes; `fbp_...` publishable keys are for embeds.",
)


class Access(ABC):
    """What a route declares about its callers; `check` runs before anything is read or parsed."""

    scope: Scope | None = None
    publishable = False

    async def __call__(
        self, request: Request, _: Annotated[object, Depends(_bearer)]
    ) -> Credential | None:
        """What `check` found out."""
        credential: Credential | None = request.state.credential
        return credential

    @abstractmethod
    async def check(self, request: Request) -> Credential | None:
        """Let the caller pass, or raise 401 or 403."""


class Needs(Access):
    """A scope, and whether a publishable key will do."""

    def __init__(self, scope: Scope, *, publishable: bool = False) -> None:
        self.scope = scope
        self.publishable = publishable

    @override
    async def check(self, request: Request) -> Credential:
        """Authenticate and authorise."""
        credential = await authenticated(
            request.app.state.keys, request.headers.get("authorization")
        )
        admit(credential, self.scope, request.headers.get("origin"), publishable=self.publishable)
        return credential


class Open(Access):
    """A route that anybody may call; says why."""

    def __init__(self, why: str) -> None:
        self.why = why

    @override
    async def __call__(self) -> None:  # type: ignore[override] # no key: none is documented
        """Nothing is known about the caller."""

    @override
    async def check(self, request: Request) -> None:
        """Everybody passes."""


def needs(scope: Scope, *, publishable: bool = False) -> Credential:
    """Declare the scope of a route: `caller: Annotated[Credential, needs("kpi:read")]`."""
    # The scopes are for the document, which reads them; `check` does not.
    documented = [scope, PUBLISHABLE] if publishable else [scope]
    need = Needs(scope, publishable=publishable)
    return Security(need, scopes=documented)  # type: ignore[no-any-return]


def open_to_all(why: str) -> None:
    """Declare that a route needs no key: `_: Annotated[None, open_to_all("...")]`."""
    return Depends(Open(why))  # type: ignore[no-any-return]


def declared_need(dependant: Dependant) -> Access | None:
    """What a route declares, anywhere in its dependencies."""
    if isinstance(dependant.call, Access):
        return dependant.call
    found = (declared_need(each) for each in dependant.dependencies)
    return next((need for need in found if need is not None), None)


async def authenticated(keys: Authenticator, header: str | None) -> Credential:
    """The credential behind an `Authorization` header; 401, always the same, for anything else."""
    scheme, _, token = (header or "").partition(" ")
    credential = None
    if scheme.lower() == "bearer" and token:
        credential = await keys.authenticate(token.strip())
    if credential is None:
        raise Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
    return credential


def admit(
    credential: Credential, scope: Scope | None, origin: str | None, *, publishable: bool
) -> None:
    """Let the credential pass to a route, or say 403 and why.

    A secret key that arrives with an `Origin` header was put into a web page: it is refused, so
    that the mistake is found on the first day. Publishable keys are bound to their websites.
    """
    if credential.kind == "secret":
        if origin is not None:
            raise Problem("secret-key-in-browser")
        if scope is not None and scope not in credential.scopes:
            raise Problem("missing-scope", explanation=_missing(scope), extra={"scope": scope})
        return
    if not publishable:
        raise Problem("wrong-key-type")
    if origin is not None and credential.origins is not None and origin not in credential.origins:
        raise Problem("origin-not-allowed")


def _missing(scope: str) -> Text:
    return Text(f"The key lacks the scope {scope}.", f"该密钥缺少权限范围 {scope}。")
