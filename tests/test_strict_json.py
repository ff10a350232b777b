"""The strict reader: the fast way and the careful way agree on everything."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import Problem
from app.fields import parse_timestamp
from app.strict_json import _parse_in_doubt, parse

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)  # fmt: skip


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_what_was_written_is_read(document: Any, ascii_only: bool, indent: int | None) -> None:
    """Every document comes back as it was, however it was written."""
    raw = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    depth = sum(raw.count(bracket) for bracket in (b"[", b"{"))
    if depth <= 20:
        assert parse(raw) == document


@given(st.text(alphabet='{}[]":,ab\\ u003A01.eE-NaI\n', max_size=24))
@example("[-9223372036854775808,9223372036854775807]")
@example("[9223372036854775808,1234567890123456789.5,1e19]")
@example('{"a":"\\"a\\":1","b":"9223372036854775808"}')
def test_the_two_ways_agree(text: str) -> None:
    """On near-JSON of every kind the fast way gives what the careful way gives, or defers."""
    raw = text.encode()
    outcomes = []
    for read in (parse, lambda raw: _parse_in_doubt(raw, 2_000)):
        try:
            outcomes.append(repr(read(raw)))
        except Problem as problem:
            outcomes.append(f"{problem.code} {[error.code for error in problem.errors]}")
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a":1,"a" :2,"b":"x"}', "duplicate-key"),
        (b'{"a":1, "a" : 2, "b":"\\":"}', "duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        (b'{"x":{"t":"12:30","t":1}}', "duplicate-key"),
        (b'{"a":NaN}', "malformed-json"),
        (b'{"a":-Infinity}', "malformed-json"),
        (b'{"a":1e400}', "invalid-request"),
        (b'{"a":9223372036854775808}', "invalid-request"),
        (b'{"a":-9223372036854775809}', "invalid-request"),
        (b'{"a":' + b"9" * 5_000 + b"}", "invalid-request"),
        (b'{"a":"\\ud800"}', "malformed-json"),
        (b'"\xff"', "invalid-encoding"),
        (b"\xef\xbb\xbf{}", "malformed-json"),
        ('{"a":1}'.encode("utf-16"), "invalid-encoding"),
        (b"", "malformed-json"),
        (b'{"a":1,}', "malformed-json"),
        (b"[" * 21 + b"]" * 21, "too-deep"),
        (b"[" * 100_000, "too-deep"),
        (b"{" + b",".join(b'"%d":1' % n for n in range(2_001)) + b"}", "too-many-keys"),
    ],
)
def test_what_has_no_single_meaning_is_refused(raw: bytes, code: str) -> None:
    """Each kind of bad document has its own code."""
    with pytest.raises(Problem) as refused:
        parse(raw)
    assert refused.value.code == code


@given(st.datetimes(timezones=st.timezones()), st.sampled_from(["T", "t", " "]))
def test_a_timestamp_means_one_instant(moment: datetime, separator: str) -> None:
    """Any offset and precision gives the same instant in UTC."""
    offset = (moment.utcoffset() or timedelta()).total_seconds()
    if math.fmod(offset, 60) or not 2 < moment.year < 9998:
        return
    text = moment.isoformat(sep=separator)
    assert parse_timestamp(text) == datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T24:00:00Z", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z",
        "2026-11-22T10:00:00+25:00", "2026-11-22", "2026-11-22T10:00:00", "2026-W47-7T10:00:00Z",
        "20261122T100000Z    ", "2026-11-22T10:00Z", "2026-11-22T10:00:60Z", "٢٠٢٦-11-22T10:00:00Z",
        "2026-11-22T10:Z\x00:00Z", "2026-11-22T10:00:Z\x00Z", "2026-11-22T10:00:00.12+08",
        "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_refused(text: str) -> None:
    """Impossible days and hours, missing offsets, other notations."""
    with pytest.raises(ValueError, match=r"invalid-timestamp|timezone-required"):
        parse_timestamp(text)
