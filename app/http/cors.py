"""Which answers a script of another website may read: those to a publishable key."""

import re
from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.http.auth import declared_need

Headers = list[tuple[bytes, bytes]]

_METHODS = b"access-control-allow-methods"
_ORIGIN = b"access-control-allow-origin"
#: A serialised web origin, apps' own schemes too; `null` (sandboxed frames, files) is none.
_WEB_ORIGIN = re.compile(rb"[a-z][a-z0-9+.\-]*://[A-Za-z0-9.\-_~%:\[\]]{1,253}")
_EXPOSED = b"Retry-After, X-Request-Id, ETag, Location, Idempotent-Replayed"
_ALLOWED = b"authorization, content-type, idempotency-key, if-match, accept-language"
_PUBLISHABLE = b"fbp_"


class Embeds:
    """The routes that take a publishable key, as their declarations say.

    Only they send CORS headers, and never the one for credentials: there are no cookies, so
    the key in the request is all the authority that there is. Which websites may use a key is
    decided with the key, by `auth.admit`.
    """

    def __init__(self, routers: Iterable[APIRouter] = ()) -> None:
        self._paths: list[tuple[re.Pattern[str], frozenset[str]]] = []
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    need = declared_need(route.dependant)
                    if need is not None and need.publishable:
                        self._paths.append((route.path_regex, frozenset(route.methods or ())))

    def methods(self, path: str) -> frozenset[str]:
        """What a publishable key may do at this path."""
        found: frozenset[str] = frozenset()
        for pattern, methods in self._paths:
            if pattern.match(path):
                found |= methods
        return found

    def preflight(self, path: str, origin: bytes) -> Headers | None:
        """The headers of the answer to `OPTIONS`, or None where there is nothing to allow."""
        methods = self.methods(path)
        if not methods:
            return None
        return [
            (_ORIGIN, origin),
            (_METHODS, ", ".join(sorted(methods)).encode()),
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", b"7200"),
            (b"vary", b"Origin"),
        ]

    def grant(self, path: str, origin: bytes) -> Headers | None:
        """The headers by which the page at `origin` may read an answer, errors too."""
        if not self.methods(path):
            return None
        return [
            (_ORIGIN, origin),
            (b"access-control-expose-headers", _EXPOSED),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"vary", b"Origin"),
        ]


def is_web_origin(origin: bytes) -> bool:
    """Whether this is the origin of a page that can be told from others."""
    return _WEB_ORIGIN.fullmatch(origin) is not None


def is_publishable(authorization: bytes | None) -> bool:
    """Whether the request shows a publishable key; whether the key is valid is seen later."""
    return authorization is not None and authorization[7:11] == _PUBLISHABLE
