"""Reads CSV (RFC 4180, UTF-8, header line) as a stream; every value is text, an empty cell none."""

import csv
import re
from collections.abc import Iterator
from typing import Any

from app.errors import FieldError, Invalid
from app.http.physical_lines import MAX_LINE_BYTES, Line, PhysicalLines, refused
from app.problems import Text

# One cell: quoted (a doubled quote stands for a quote) or bare. Possessive, hence linear.
_CELL = r'(?:"[^"]*+(?:""[^"]*+)*+"[^,]*+|(?!")[^,]*+)'
_WHOLE = re.compile(f"{_CELL}(?:,{_CELL})*+")
_CLOSES = re.compile(f'[^"]*+(?:""[^"]*+)*+"[^,]*+(?:,{_CELL})*+')


class CsvLines:
    """Records of a CSV file. A column `a.b` is the member `b` of the object `a`."""

    def __init__(self) -> None:
        self._physical = PhysicalLines()
        self._columns: list[str] | None = None
        self._nested: list[tuple[str, str, str]] = []
        self._open: list[str] = []
        self._open_number = 0
        self._open_bytes = 0

    def feed(self, block: bytes) -> list[Line]:
        """The records that this block completes."""
        return self._lines(self._records(self._physical.feed(block)))

    def finish(self) -> list[Line]:
        """The last record, where no line break follows it."""
        lines = self._lines(self._records(self._physical.finish()))
        if self._open and self._columns is None:
            raise Invalid(FieldError("", "invalid-format", _HEADER))
        if self._open:
            lines.append(refused(self._open_number, "invalid-format"))
        return lines

    def _records(
        self, physical: list[tuple[int, bytes | None]]
    ) -> Iterator[tuple[int, str | Line]]:
        """Join the lines of a record whose quoted cells have line breaks."""
        for number, raw in physical:
            if raw is None:
                yield self._refused(number, "too-long")
                continue
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                yield self._refused(number, "invalid-encoding")
                continue
            ended = text.removesuffix("\r")
            if not self._open:
                if '"' not in ended or _WHOLE.fullmatch(ended):
                    yield number, ended
                    continue
                self._open_number, self._open_bytes = number, 0
            self._open.append(text)
            self._open_bytes += len(raw) + 1
            if self._open_bytes > MAX_LINE_BYTES:
                yield self._refused(number, "too-long")
            elif len(self._open) > 1 and '"' in ended and _CLOSES.fullmatch(ended):
                yield self._open_number, "\n".join(self._open).removesuffix("\r")
                self._open = []

    def _refused(self, number: int, code: str) -> tuple[int, Line]:
        """Give up a record, and what was open before it; reading goes on after it."""
        if self._open:
            number, self._open = self._open_number, []
        return number, refused(number, code)

    def _lines(self, records: Iterator[tuple[int, str | Line]]) -> list[Line]:
        found = list(records)
        rows = csv.reader((text for _, text in found if isinstance(text, str)), strict=True)
        lines: list[Line] = []
        for number, record in found:
            if not isinstance(record, str):
                if self._columns is None:
                    raise Invalid(FieldError("", "invalid-format", _HEADER))
                lines.append(record)
                continue
            try:
                cells = next(rows)
            except csv.Error:
                lines.append(refused(number, "invalid-format"))
                continue
            if not any(cells):
                continue
            if self._columns is None:
                self._read_header(cells)
            else:
                lines.append(self._line(number, cells))
        return lines

    def _read_header(self, cells: list[str]) -> None:
        columns = [cell.strip() for cell in cells]
        if not all(columns) or len(set(columns)) != len(columns):
            raise Invalid(FieldError("", "invalid-format", _HEADER))
        self._columns = columns
        for column in columns:
            outer, dot, inner = column.partition(".")
            if dot:
                self._nested.append((column, outer, inner))

    def _line(self, number: int, cells: list[str]) -> Line:
        assert self._columns is not None  # noqa: S101 - the header came first
        if len(cells) != len(self._columns):
            too = "too-many-items" if len(cells) > len(self._columns) else "too-few-items"
            return refused(number, too)
        value: dict[str, Any] = {
            column: cell for column, cell in zip(self._columns, cells, strict=True) if cell
        }
        for column, outer, inner in self._nested:
            if column in value:
                cell = value.pop(column)
                within = value.setdefault(outer, {})
                if not isinstance(within, dict):
                    return refused(number, "invalid-format")
                within[inner] = cell
        return Line(number, None, value, None)


_HEADER = Text(
    "The header line needs one name for each column, none of them twice.",
    "表头行的每一列都必须有名称，且不得重复。",
)
