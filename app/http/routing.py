"""Routers that are looked through only for paths that begin as theirs do.

FastAPI tries the routes of all routers one after the other, and those of the router that has the
one twice. With some 240 routes that took longer than many an answer.
"""

from functools import cached_property
from os.path import commonpath

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override


class Router(APIRouter):
    """A router whose paths have much of their beginning in common."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # Anywhere in the path, because a proxy may have put something before it.
        if self._beginning not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    @cached_property
    def _beginning(self) -> str:
        """What all paths begin with, up to the first parameter."""
        paths = [getattr(route, "path", "") for route in self.routes]
        return commonpath([path.partition("{")[0] for path in paths])
