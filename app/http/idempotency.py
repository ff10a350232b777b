"""A repeated POST does its work once: the key and the answer are stored with the effect.

Only successes are stored, in the transaction of the work itself: after an error nothing is
kept and repeating is right. A duplicate in flight waits on the unique index for the first.
"""

import hashlib
import json
from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy import LargeBinary, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, WorkspaceKey, sqlstate
from app.errors import Problem
from app.http.auth import Credential
from app.strict_json import Json

#: A key is kept at least this long: a weekend's outage must be replayable.
KEPT_DAYS = 7
_LOCK_NOT_AVAILABLE = "55P03"
_KEPT_HEADERS = ("location", "etag", "content-type")


class IdempotencyKey(Base):
    """The answer that a key received, by workspace, kind of credential and route."""

    __tablename__ = "idempotency_keys"

    workspace_id: Mapped[WorkspaceKey]
    credential_kind: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[str | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


def fingerprint(*parts: Json) -> str:
    """SHA-256 over canonical JSON: the same content in another order or spacing is the same."""
    canonical = json.dumps(
        parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def clean_key(header: str) -> str:
    """The key in the header: bare, or as a structured-field string in quotes."""
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= len(key) <= 255 or not key.isprintable() or not key.isascii():
        raise Problem("invalid-idempotency-key")
    return key


@dataclass
class Claim:
    """A key that this request owns until its transaction ends, or the answer to replay."""

    session: AsyncSession
    identity: dict[str, object]
    replay: Response | None = None

    async def keep(self, response: Response) -> None:
        """Store a success beside its effect; anything else rolls the claim back with the rest.

        Without a credential there is no workspace to keep it in, and nothing is claimed.
        """
        if not self.identity:
            return
        headers = {name: response.headers[name] for name in _KEPT_HEADERS
                   if name in response.headers}  # fmt: skip
        await self.session.execute(
            update(IdempotencyKey)
            .filter_by(**self.identity)
            .values(
                status=response.status_code, headers=json.dumps(headers), body=bytes(response.body)
            )
        )


async def claim(
    session: AsyncSession,
    header: str,
    request: Request,
    body: Json,
    credential: Credential | None,
) -> Claim:
    """Take the key, or find what it answered.

    Raises 422 `idempotency-key-reused` for another payload, 409 `idempotency-in-progress` when
    the first request is still running after the lock timeout.
    """
    if credential is None:
        return Claim(session, {})
    identity: dict[str, object] = {
        "workspace_id": credential.workspace_id,
        "credential_kind": credential.kind,
        "route": f"{request.method} {request.url.path}",
        "key": clean_key(header),
    }
    print_ = fingerprint(str(request.url.query), body)
    claimed = insert(IdempotencyKey).values(fingerprint=print_, **identity)
    try:
        taken = await session.scalar(claimed.on_conflict_do_nothing().returning(IdempotencyKey.key))
    except DBAPIError as error:
        if sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise Problem("idempotency-in-progress", headers={"Retry-After": "1"}) from None
        raise
    if taken is not None:
        return Claim(session, identity)
    stored = await session.scalar(select(IdempotencyKey).filter_by(**identity))
    if stored is None or stored.body is None or stored.status is None:
        raise Problem("idempotency-in-progress", headers={"Retry-After": "1"})
    if stored.fingerprint != print_:
        raise Problem("idempotency-key-reused")
    return Claim(session, identity, _replay(stored))


def _replay(stored: IdempotencyKey) -> Response:
    response = Response(stored.body, status_code=stored.status or 200)
    for name, value in json.loads(stored.headers or "{}").items():
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response
