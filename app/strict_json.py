"""One strict JSON reader for every body: what it accepts has exactly one meaning.

A fast reader takes what is certainly fine, which is nearly everything. Whatever leaves a doubt
goes to the standard library's scanner, with hooks for what that lets pass: repeated keys, NaN
and Infinity, numbers that overflow, lone surrogates. Nothing here echoes the input.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Never, TypeAlias

import orjson

from app.errors import FieldError, Invalid, Problem

Json: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None

#: Limits against bodies made to exhaust the parser (depth in brackets, keys in all objects).
MAX_DEPTH = 20
MAX_KEYS = 2_000
#: The same for documents that people write: a survey of 200 questions in several languages.
MAX_DOCUMENT_KEYS = 20_000
#: More findings than this help nobody.
_MOST_ERRORS = 50
_BRACKET_OR_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{\]}]', re.DOTALL)


def parse(raw: bytes, *, max_keys: int = MAX_KEYS) -> Json:
    """Read one JSON document from UTF-8 bytes.

    Raises `Problem`: `invalid-encoding`, `malformed-json` (also for an empty body, NaN and a
    lone surrogate), `duplicate-key`, `too-deep`, `too-many-keys`, and `invalid-request` with
    `number-out-of-range` at each number that no double, or no integer of 64 bits, holds.
    """
    alike = raw.translate(_ALIKE)
    if alike.count(b"[") > MAX_DEPTH:
        _refuse_depth(raw)
    colons = raw.count(b":")
    if (
        colons <= max_keys
        and (_BACKSLASH not in raw or b"\\u" not in raw)
        and _LONG_NUMBER not in alike
    ):
        try:
            value = orjson.loads(raw)
            # Without such escapes a text has as many colons as it was sent with, and each key
            # has one: where none is missing, no key was written twice.
            if orjson.dumps(value).count(b":") == colons:
                return value  # type: ignore[no-any-return]
        except orjson.JSONDecodeError:
            pass
    return _parse_in_doubt(raw, max_keys)


_BACKSLASH = ord("\\")
#: An integer beyond 64 bits has at least so many digits (2^63 has 19).
_LONG_NUMBER = b"0" * 19
_ALIKE = bytes.maketrans(b"123456789{", b"000000000[")


def _parse_in_doubt(raw: bytes, max_keys: int) -> Json:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("invalid-encoding") from None
    if raw.count(b":") > max_keys:
        _refuse_keys(raw, max_keys)
    try:
        return _decoded(text)
    except (json.JSONDecodeError, RecursionError):
        raise Problem("malformed-json") from None


def _decoded(text: str) -> Json:
    try:
        value, fits = _DECODER.decode(text), True
    except OverflowError:
        value, fits = _TOLERANT.decode(text), False
    if "\\u" in text:
        _refuse_surrogates(value)
    if not fits:
        raise Invalid(*islice(_out_of_range(value), _MOST_ERRORS))
    return value  # type: ignore[no-any-return]


def _refuse_depth(raw: bytes) -> None:
    depth = 0
    for token in _BRACKET_OR_STRING.finditer(raw):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Problem("too-deep")
        elif first in b"]}":
            depth -= 1


def _refuse_keys(raw: bytes, max_keys: int) -> None:
    """Count the colons outside strings: in valid JSON, one for each key."""
    outside = _STRING.sub(b"", raw)
    if outside.count(b":") > max_keys:
        raise Problem("too-many-keys")


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _refuse_surrogates(value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Problem("malformed-json") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Problem("duplicate-key")
    return members


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise OverflowError
    return number


def _integer(literal: str) -> int:
    # 2^63 has 19 digits; what is longer can be no number of ours (and costs quadratic time).
    if len(literal) > 20:
        raise OverflowError
    number = int(literal)
    if not -(2**63) <= number < 2**63:
        raise OverflowError
    return number


def _marked(literal: str) -> float:
    """NaN, which no body can hold, in place of a number that is out of range."""
    try:
        return _integer(literal) if literal.lstrip("-").isdigit() else _finite(literal)
    except OverflowError:
        return math.nan


def _out_of_range(value: Json, at: str = "") -> Iterator[FieldError]:
    """Where the marks are."""
    if isinstance(value, float) and math.isnan(value):
        yield FieldError(at, "number-out-of-range")
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _out_of_range(member, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _out_of_range(item, f"{at}/{index}")


def _constant(_: str) -> Never:
    raise Problem("malformed-json")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_finite,
    parse_int=_integer,
    parse_constant=_constant,
)
#: The same, used after it to tell where the numbers stand that it refused.
_TOLERANT = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_marked,
    parse_int=_marked,
    parse_constant=_constant,
)
