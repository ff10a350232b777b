"""The form of API keys, and the ring that recognises them quickly and in equal time."""

import asyncio
import hashlib
import hmac
import re
import secrets
import string
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.db import Database, now
from app.http.auth import Credential, KeyKind
from app.workspaces.models import ApiKey

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PUBLISHABLE = re.compile(r"fbp_live_([0-9A-Za-z]{22})", re.ASCII)
_SECRET = re.compile(r"fbs_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})", re.ASCII)
#: A revoked key is refused by every process within this time.
REFRESH_SECONDS = 1.0
#: `last_used_at` is written at most this often for a key: it is for people, not for audits.
LAST_USED_SECONDS = 60.0
_CACHE_SIZE = 10_000


def base62(number: int, length: int) -> str:
    """The number in base 62, padded to `length` digits."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_secret_key() -> tuple[str, str, str]:
    """A fresh secret key: (whole text, key id, secret of 256 bits).

    The last six characters are a CRC32 of what stands before them: a typing error or a scanner's
    guess is refused without asking the database.
    """
    key_id = base62(secrets.randbits(71), 12)
    secret = base62(secrets.randbits(256), 43)
    body = f"fbs_live_{key_id}_{secret}"
    return f"{body}_{_checksum(body)}", key_id, secret


def new_publishable_key() -> tuple[str, str]:
    """A fresh publishable key: (whole text, key id). It identifies; it is no secret."""
    key_id = base62(secrets.randbits(130), 22)
    return f"fbp_live_{key_id}", key_id


def _checksum(body: str) -> str:
    return base62(zlib.crc32(body.encode()), 6)


def hashed(pepper: str, secret: str) -> bytes:
    """HMAC-SHA-256 under the pepper: a stolen database opens nothing.

    256 random bits need no slow hash.
    """
    return hmac.digest(pepper.encode(), secret.encode(), hashlib.sha256)


@dataclass(frozen=True)
class _Entry:
    credential: Credential | None
    secret_hash: bytes
    expires_at: datetime | None
    read_at: float


_NOBODY = _Entry(None, bytes(32), None, 0.0)


class KeyRing:
    """Recognises keys; remembers each for a second, so that revoking one works everywhere."""

    def __init__(self, database: Database, pepper: str) -> None:
        self._database = database
        self._pepper = pepper
        self._entries: dict[str, _Entry] = {}
        self._accepted: dict[str, _Entry] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._used: dict[str, float] = {}

    async def authenticate(self, token: str) -> Credential | None:
        """The credential of a live key. Every other text gets None after the same work.

        A token that was accepted is remembered with what was known of its key, and as long.
        """
        entry = self._accepted.get(token)
        if entry is None or time.monotonic() - entry.read_at > REFRESH_SECONDS:
            entry = await self._recognised(token)
            if entry is None or entry.credential is None:
                return None
            if len(self._accepted) >= _CACHE_SIZE:
                self._accepted.clear()
            self._accepted[token] = entry
        if entry.expires_at is not None and entry.expires_at <= now():
            return None
        return entry.credential

    async def _recognised(self, token: str) -> _Entry | None:
        if found := _SECRET.fullmatch(token):
            key_id, secret, checksum = found.groups()
            if _checksum(token[:-7]) != checksum:
                return None
            entry = await self._entry(key_id, "secret")
            given = hashed(self._pepper, secret)
            return entry if hmac.compare_digest(given, entry.secret_hash) else None
        if found := _PUBLISHABLE.fullmatch(token):
            return await self._entry(found[1], "publishable")
        return None

    def forget(self, key_id: str) -> None:
        """Drop a key from this process at once, when it was changed here."""
        self._entries.pop(f"secret:{key_id}", None)
        self._entries.pop(f"publishable:{key_id}", None)
        self._accepted.clear()

    async def _entry(self, key_id: str, kind: KeyKind) -> _Entry:
        """What is known of a key; of many who ask at once, one reads."""
        name = f"{kind}:{key_id}"
        entry = self._entries.get(name)
        if entry is not None and time.monotonic() - entry.read_at <= REFRESH_SECONDS:
            return entry
        asked_at = time.monotonic()
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            entry = self._entries.get(name)
            if entry is None or entry.read_at < asked_at:
                entry = await self._read(key_id, kind)
                if len(self._entries) >= _CACHE_SIZE:
                    self._entries.clear()
                    self._locks.clear()
                self._entries[name] = entry
        return entry

    async def _read(self, key_id: str, kind: KeyKind) -> _Entry:
        read_at = time.monotonic()
        async with self._database.transaction() as session:
            key = await session.scalar(
                select(ApiKey).where(ApiKey.key_id == key_id, ApiKey.kind == kind)
            )
            if key is None or key.revoked_at is not None:
                return _Entry(None, _NOBODY.secret_hash, None, read_at)
        if read_at - self._used.get(key_id, -LAST_USED_SECONDS) >= LAST_USED_SECONDS:
            self._used[key_id] = read_at
            await self._note_use(key_id)
        return _Entry(_credential(key, kind), key.secret_hash or bytes(32), key.expires_at, read_at)

    async def _note_use(self, key_id: str) -> None:
        """Write `last_used_at`, if that can be done at once.

        Whoever only reads must be served where PostgreSQL cannot write: by a standby, or while
        commits wait for their disk. This one does not wait; it may be lost.
        """
        with suppress(DBAPIError, OSError):
            async with self._database.transaction() as session:
                await session.execute(text("SET LOCAL synchronous_commit = off"))
                await session.execute(
                    update(ApiKey).where(ApiKey.key_id == key_id).values(last_used_at=now())
                )


def _credential(key: ApiKey, kind: KeyKind) -> Credential:
    surveys: frozenset[UUID] | None = None
    if key.survey_ids is not None:
        surveys = frozenset(key.survey_ids)
    return Credential(
        workspace_id=key.workspace_id,
        key_id=key.key_id,
        kind=kind,
        scopes=frozenset(key.scopes),
        origins=frozenset(key.origins) if key.origins is not None else None,
        survey_ids=surveys,
    )
