"""The outcome of every line of a bulk request, and the report that lists them."""

import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import StreamingResponse

from app.errors import FieldError
from app.fields import Output

Status = Literal["created", "updated", "unchanged", "stale", "rejected"]
STATUSES: tuple[Status, ...] = ("created", "updated", "unchanged", "stale", "rejected")

#: The report moves from memory to a temporary file beyond this size.
_REPORT_IN_MEMORY = 1_048_576
_BLOCK = 262_144


class LineProblem(Output):
    """What is wrong with a field of a line; `pointer` is a JSON Pointer into the line."""

    pointer: str
    code: str
    detail: str


class LineOutcome(Output):
    """What became of one line.

    `unchanged`: it says what is stored already. `stale`: something newer is stored. `rejected`:
    see `errors`; the other lines are not affected.
    """

    line: int
    key: str | None
    status: Status
    id: str | None
    errors: list[LineProblem]


class BulkResult(Output):
    """What became of all lines; with `outcomes=rejected`, `outcomes` lists only those."""

    received: int
    created: int
    updated: int
    unchanged: int
    stale: int
    rejected: int
    outcomes: list[LineOutcome]


class BulkOptions:
    """The query parameters of every bulk route."""

    def __init__(
        self,
        outcomes: Annotated[
            Literal["all", "rejected"], Query(description="Which lines the report lists.")
        ] = "all",
        dry_run: Annotated[  # noqa: FBT002 - a query parameter, always passed by name
            bool,
            Query(description="Report what would happen to each chunk of lines; store nothing."),
        ] = False,
    ) -> None:
        self.outcomes = outcomes
        self.dry_run = dry_run


Bulk = Annotated[BulkOptions, Depends(BulkOptions)]


class Outcome(NamedTuple):
    """What became of one line, before it is written down."""

    line: int
    key: str | None
    status: Status
    id: str | UUID | None = None
    errors: tuple[FieldError, ...] = ()


_quoted: Callable[[str], str] = json.encoder.encode_basestring_ascii


class Outcomes:
    """The report, written as the chunks are committed, in constant memory."""

    def __init__(self, options: BulkOptions, language: str) -> None:
        self._only_rejected = options.outcomes == "rejected"
        self._language = language
        self._counts: dict[Status, int] = dict.fromkeys(STATUSES, 0)
        self._file = tempfile.SpooledTemporaryFile(max_size=_REPORT_IN_MEMORY)  # noqa: SIM115
        self._empty = True

    def extend(self, outcomes: Iterable[Outcome]) -> None:
        """Report lines whose transaction has been committed."""
        parts: list[str] = []
        for outcome in outcomes:
            self._counts[outcome.status] += 1
            if not self._only_rejected or outcome.status == "rejected":
                parts.append(self._rendered(outcome))
        self._write(",".join(parts).encode())

    def write(self, counts: Mapping[Status, int], rendered: Sequence[bytes] = ()) -> None:
        """Report lines that the caller has rendered as JSON objects of the form `LineOutcome`."""
        for status, count in counts.items():
            self._counts[status] += count
        self._write(b",".join(rendered))

    @property
    def lists_all(self) -> bool:
        """Whether lines other than rejected ones are to be rendered at all."""
        return not self._only_rejected

    def answer(self) -> StreamingResponse:
        """200 with the whole report; ends the report."""
        counts: dict[str, int] = {"received": sum(self._counts.values())}
        counts |= {str(status): count for status, count in self._counts.items()}
        head = json.dumps(counts, separators=(",", ":"))[:-1].encode() + b',"outcomes":['
        length = len(head) + self._file.tell() + 2
        return StreamingResponse(
            self._content(head),
            media_type="application/json",
            headers={"Content-Length": str(length), "Cache-Control": "no-store"},
        )

    def close(self) -> None:
        """Give the temporary file back."""
        self._file.close()

    async def _content(self, head: bytes) -> AsyncIterator[bytes]:
        try:
            yield head
            self._file.seek(0)
            while block := self._file.read(_BLOCK):
                yield block
            yield b"]}"
        finally:
            self.close()

    def _write(self, rendered: bytes) -> None:
        if rendered:
            self._file.write(rendered if self._empty else b"," + rendered)
            self._empty = False

    def _rendered(self, outcome: Outcome) -> str:
        line, key, status, id_, errors = outcome
        key_text = "null" if key is None else _quoted(key)
        id_text = "null" if id_ is None else _quoted(str(id_))
        reasons = "[]"
        if errors:
            reasons = json.dumps([error.rendered(self._language) for error in errors])
        return (
            f'{{"line":{line},"key":{key_text},"status":"{status}","id":{id_text},'
            f'"errors":{reasons}}}'
        )
