"""Patterns that survey authors write: RE2 here, and harmless in the engines of their clients."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Protocol

import re2
from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from app.fields import storable

MAX_LENGTH = 256
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20
_TOKEN = re.compile(
    r"""(?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z]*:))?)
      | (?P<flags>\(\?[a-zA-Z-]+\))
      | (?P<close>\)) | (?P<either>\|)
      | (?P<many>[*+]\??|\{\d*,\}\??)
      | (?P<maybe>\?\??|\{0?,\d+\}\??) | (?P<times>\{\d+(?:,\d+)?\}\??)
      | (?P<edge>\^|\$|\\[AbBzZ])
      | (?P<atom>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\\[pPx]\{\w+\}|\\.|.)""",
    re.VERBOSE | re.DOTALL,
)


class Searcher(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """A match anywhere in the text, or None."""
        ...


def compiled(pattern: str) -> Searcher:
    """The RE2 program of a pattern: linear time whatever the text; `re2.error` if it is none."""
    program: Searcher = re2.compile(pattern, _OPTIONS)
    return program


@dataclass
class _Branch:
    """What stands between two bars: whether something in it repeats, or must stand once."""

    repeats: bool = False
    fixed: bool = False
    risky: bool = False
    """An earlier alternative of the same group was risky."""

    def end(self) -> bool:
        """Whether the group up to here is risky: it repeats and nothing fixed separates."""
        return self.risky or (self.repeats and not self.fixed)


@dataclass
class _Scan:
    """The state of reading a pattern from left to right."""

    stack: list[_Branch] = field(default_factory=lambda: [_Branch()])
    pending: bool | None = None
    """The atom just read, not yet quantified: True if it is a risky group, False if not."""

    def settle(self) -> None:
        """The pending atom stands once."""
        if self.pending is not None:
            self.stack[-1].repeats |= self.pending
            self.stack[-1].fixed |= not self.pending
            self.pending = None


def explodes(pattern: str) -> bool:
    """Whether a backtracking engine may need exponential time, as for `(a+)+$`.

    We publish patterns to browsers and to JSON Schema validators, which backtrack. Refused is an
    unbounded repetition of a group with an alternative in which something repeats and nothing
    fixed separates one round from the next; `(-[a-z]+)*` is separated by its hyphen.
    """
    scan = _Scan()
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind == "many":
            if scan.pending:
                return True
            scan.stack[-1].repeats = True
            scan.pending = None
        elif kind == "maybe":
            scan.stack[-1].repeats |= bool(scan.pending)
            scan.pending = None
        elif kind not in {"times", "flags"}:
            scan.settle()
            _enter(scan, kind or "")
    return False


def _enter(scan: _Scan, kind: str) -> None:
    if kind == "open":
        scan.stack.append(_Branch())
    elif kind == "close" and len(scan.stack) > 1:
        scan.pending = scan.stack.pop().end()
    elif kind == "either":
        scan.stack[-1] = _Branch(risky=scan.stack[-1].end())
    elif kind == "atom":
        scan.pending = False


def _usable(pattern: str) -> str:
    try:
        if len(pattern) > MAX_LENGTH or explodes(pattern):
            raise ValueError
        compiled(pattern)
    except (ValueError, re2.error):
        raise PydanticCustomError("invalid-pattern", "invalid-pattern") from None
    return pattern


#: A pattern that an answer must match somewhere (anchor it with `^` and `$` for the whole).
Pattern = Annotated[
    str, StringConstraints(min_length=1), AfterValidator(storable), AfterValidator(_usable)
]
