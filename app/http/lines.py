"""Reads a body of many records as a stream, in constant memory: NDJSON, CSV or a JSON array."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Never, Protocol

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.errors import Problem, field_error
from app.http.csv_lines import CsvLines
from app.http.physical_lines import MAX_LINE_BYTES, Line, PhysicalLines, problem_of, refused
from app.strict_json import parse

#: A JSON array is held in memory as a whole, within `Settings.max_body_bytes`; what is longer
#: comes as NDJSON or CSV.
MAX_ARRAY_ITEMS = 1_000
#: A chunk ends here even if it has fewer lines: long lines must not fill the memory.
MAX_CHUNK_BYTES = 4 * 1_024 * 1_024
#: Other requests get their turn after so many bytes were split and parsed.
_BLOCK_BYTES = 128 * 1_024

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
CSV = "text/csv"
JSON = "application/json"

_BLANK = " \t\n\r"


class _Reader(Protocol):
    def feed(self, block: bytes) -> list[Line]: ...

    def finish(self) -> list[Line]: ...


async def chunks(
    request: Request, *, size: int = 2_000, parsed: bool = True
) -> AsyncIterator[list[Line]]:
    """The records of the body, at most `size` at a time; the body is read no faster than used.

    A record that cannot be read is a `Line` with a `problem`. `parsed=False` leaves the JSON of
    each line to the caller: `value` is None and `raw` its bytes (CSV is always read).

    Raises 415 `unsupported-media-type` and `unsupported-encoding`, 408 `request-timeout`, 413
    `content-too-large` (`Settings.max_bulk_bytes`, for JSON `max_body_bytes`; before the first
    line where the length is announced), and for a JSON document 400 and 422 as every other body.
    """
    media_type = _media_type(request)
    if media_type == JSON:
        lines = _items(await _whole(request), parsed=parsed)
        for start in range(0, len(lines), size):
            yield lines[start : start + size]
        return
    reader: _Reader = CsvLines() if media_type == CSV else _NdjsonLines(parsed=parsed)
    pending: list[Line] = []
    held = 0
    async for block in _blocks(request, request.app.state.settings.max_bulk_bytes):
        pending += reader.feed(block)
        held += len(block)
        if len(pending) >= size or held >= MAX_CHUNK_BYTES:
            full = len(pending) - len(pending) % size if held < MAX_CHUNK_BYTES else len(pending)
            for start in range(0, full, size):
                yield pending[start : min(start + size, full)]
            pending, held = pending[full:], 0
    pending += reader.finish()
    for start in range(0, len(pending), size):
        yield pending[start : start + size]


def _media_type(request: Request) -> str:
    """The media type, one of those that we read; 415 otherwise."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported-encoding")
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type not in NDJSON | {CSV, JSON} or (
        "charset=" in charset and "charset=utf-8" not in charset
    ):
        raise Problem("unsupported-media-type")
    return media_type


async def _blocks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in blocks of moderate size; a sender that stalls is given up."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise Problem("content-too-large")
    stream = request.stream()
    received = 0
    while (
        block := await _next(stream, request.app.state.settings.body_timeout_seconds)
    ) is not None:
        received += len(block)
        if received > limit:
            raise Problem("content-too-large", headers={"Connection": "close"})
        for start in range(0, len(block), _BLOCK_BYTES):
            yield block[start : start + _BLOCK_BYTES]
            await asyncio.sleep(0)


async def _next(stream: AsyncIterator[bytes], seconds: float) -> bytes | None:
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream, None)
    except TimeoutError:
        raise Problem("request-timeout", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem("client-disconnected") from None


async def _whole(request: Request) -> bytes:
    limit = request.app.state.settings.max_body_bytes
    return b"".join([block async for block in _blocks(request, limit)])


class _NdjsonLines:
    """One JSON document on each line; blank lines are counted and left out."""

    def __init__(self, *, parsed: bool) -> None:
        self._physical = PhysicalLines()
        self._parsed = parsed

    def feed(self, block: bytes) -> list[Line]:
        """The lines that this block completes."""
        return self._lines(self._physical.feed(block))

    def finish(self) -> list[Line]:
        """The last line, where no line break follows it."""
        return self._lines(self._physical.finish())

    def _lines(self, physical: list[tuple[int, bytes | None]]) -> list[Line]:
        if self._parsed:
            return [read(number, raw) for number, raw in physical if raw is None or raw.strip()]
        return [
            Line(number, raw, None, None) if raw is not None else refused(number, "too-long")
            for number, raw in physical
            if raw is None or raw.strip()
        ]


def read(number: int, raw: bytes | None) -> Line:
    """A line from its JSON; what is wrong with it becomes its problem."""
    if raw is None:
        return refused(number, "too-long")
    try:
        return Line(number, raw, parse(raw), None)
    except Problem as problem:
        return Line(number, raw, None, problem_of(problem))


def _items(raw: bytes, *, parsed: bool) -> list[Line]:
    """The members of a JSON array, or the one object, numbered from 1.

    What makes the document no JSON refuses it whole (400); what is wrong with one member
    (a repeated key, too deep) is that member's own problem.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem("invalid-encoding") from None
    if not text.lstrip(_BLANK).startswith("["):
        value = parse(raw)
        if not isinstance(value, dict):
            raise field_error("", "wrong-type")
        return [Line(1, raw, value if parsed else None, None)]
    try:
        members = list(_members(text))
    except RecursionError:
        raise Problem("too-deep") from None
    except json.JSONDecodeError:
        raise Problem("malformed-json") from None
    lines = ((n, each.encode()) for n, each in enumerate(members, start=1))
    if not parsed:
        return [Line(n, each, None, None) for n, each in lines]
    return [read(n, each if len(each) <= MAX_LINE_BYTES else None) for n, each in lines]


def _members(text: str) -> Iterator[str]:
    """Cut an array into the texts of its members with the scanner of the standard library."""
    position = _after_blank(text, text.index("[") + 1)
    if text[position : position + 1] == "]":
        position += 1
    else:
        for count in range(1, MAX_ARRAY_ITEMS + 2):
            if count > MAX_ARRAY_ITEMS:
                raise field_error("", "too-many-items")
            _, end = _BOUNDARIES.raw_decode(text, position)
            yield text[position:end]
            position = _after_blank(text, end)
            separator = text[position : position + 1]
            position += 1
            if separator == "]":
                break
            if separator != ",":
                raise Problem("malformed-json")
            position = _after_blank(text, position)
    if _after_blank(text, position) != len(text):
        raise Problem("malformed-json")


def _after_blank(text: str, position: int) -> int:
    while text[position : position + 1] in _BLANK and position < len(text):
        position += 1
    return position


def _no_constant(_: str) -> Never:
    raise Problem("malformed-json")


#: Only finds where a member ends; the strict reader reads it.
_BOUNDARIES = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_no_constant)
