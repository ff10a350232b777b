"""Cutting streams into lines and CSV records: any cut, any quoting, hostile input."""

import csv
import io
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Problem
from app.http.csv_lines import CsvLines
from app.http.physical_lines import PhysicalLines


@given(st.lists(st.binary(max_size=30)), st.integers(1, 20))
def test_lines_do_not_depend_on_blocks(lines: list[bytes], size: int) -> None:
    """Cutting a body anywhere gives the lines of the whole."""
    body = b"\n".join(lines)
    whole = PhysicalLines()
    expected = whole.feed(body) + whole.finish()
    cut = PhysicalLines()
    found = [line for n in range(0, len(body), size) for line in cut.feed(body[n : n + size])]
    assert found + cut.finish() == expected


_CELL = st.text(alphabet='a",\n\r;é中 ', max_size=6)


@given(st.lists(st.tuples(_CELL, _CELL), max_size=20), st.integers(1, 40))
def test_csv_reads_what_csv_writers_write(rows: list[tuple[str, str]], size: int) -> None:
    """Quoting, line breaks and any cut into blocks give back the cells that were written."""
    file = io.StringIO()
    csv.writer(file).writerows([("a", "b.c"), *rows])
    body = file.getvalue().encode()
    reader = CsvLines()
    found = [line for n in range(0, len(body), size) for line in reader.feed(body[n : n + size])]
    found += reader.finish()
    expected = []
    for first, second in rows:
        value: dict[str, Any] = {"a": first} if first else {}
        if second:
            value["b"] = {"c": second}
        if value:
            expected.append(value)
    assert [line.value for line in found] == expected


@pytest.mark.parametrize("header", [b"a,a\n", b"a,,b\n", b'"a\n', b"\xff\n"])
def test_a_header_that_names_no_columns_refuses_the_file(header: bytes) -> None:
    """Without clear columns no line means anything."""
    reader = CsvLines()

    def read_whole() -> None:
        reader.feed(header + b"1,2\n")
        reader.finish()

    with pytest.raises(Problem):
        read_whole()


def test_hostile_quotes_are_read_in_linear_time() -> None:
    """Half a million quotes over many lines are given up within a second."""
    reader = CsvLines()
    reader.feed(b"a,b\n")
    started = time.process_time()
    for _ in range(16):
        reader.feed(b'a"b,"c\n' + b'""\n' * 20_000)
    assert time.process_time() - started < 2
