"""Cuts a stream of bytes into lines, and says what a record read from them is."""

from typing import NamedTuple

from app.errors import FieldError, Problem
from app.problems import FIELD_CODES, PROBLEMS
from app.strict_json import Json

#: Longer lines are skipped and rejected, so that one lost line break cannot fill the memory.
MAX_LINE_BYTES = 64 * 1_024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One record of a bulk body."""

    number: int
    """Where it starts: the line of the file, from 1; the place in a JSON array, from 1."""
    raw: bytes | None
    """Its JSON as it was sent; None for CSV, whose values are all text."""
    value: Json
    """What it says, if it could be read."""
    problem: FieldError | None
    """Why it could not be read."""


class PhysicalLines:
    """Bytes in, numbered lines out (without their line breaks); None for one that is too long."""

    def __init__(self) -> None:
        self._tail = b""
        self._number = 0
        self._too_long = False
        self._first = True

    def feed(self, block: bytes) -> list[tuple[int, bytes | None]]:
        """The lines that this block completes."""
        lines: list[bytes | None] = list((self._tail + block).split(b"\n"))
        self._tail = lines.pop() or b""
        if self._too_long:
            if not lines:
                self._tail = b""
                return []
            lines[0], self._too_long = None, False
        if len(self._tail) > MAX_LINE_BYTES:
            self._tail, self._too_long = b"", True
        return self._numbered(lines)

    def finish(self) -> list[tuple[int, bytes | None]]:
        """What stands after the last line break."""
        if not self._tail and not self._too_long:
            return []
        return self._numbered([None if self._too_long else self._tail])

    def _numbered(self, lines: list[bytes | None]) -> list[tuple[int, bytes | None]]:
        if self._first and lines:
            self._first = False
            if lines[0] is not None:
                lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        start = self._number + 1
        self._number += len(lines)
        return [
            (number, line if line is None or len(line) <= MAX_LINE_BYTES else None)
            for number, line in enumerate(lines, start)
        ]


def refused(number: int, code: str) -> Line:
    """A record that cannot be read, with the reason."""
    return Line(number, None, None, line_error(code))


def line_error(code: str, pointer: str = "") -> FieldError:
    """A reason for one record, also where the code is that of a whole answer."""
    if code in FIELD_CODES:
        return FieldError(pointer, code)
    return FieldError(pointer, code, PROBLEMS[code].title)


def problem_of(problem: Problem) -> FieldError:
    """A problem that would refuse a whole body, as the reason for one record."""
    return problem.errors[0] if problem.errors else line_error(problem.code)
