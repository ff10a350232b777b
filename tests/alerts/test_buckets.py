"""Buckets tile time without gaps, whatever clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.buckets import Every, bucket_start, last_end, next_end, windows

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
zones = st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("America/Santiago"), ZoneInfo("Asia/Kolkata")])
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
instants = st.integers(0, 63_072_000).map(lambda seconds: _FIRST + timedelta(seconds=seconds))


def test_a_day_may_have_23_hours() -> None:
    """The day on which Berlin's clocks jump is over an hour earlier."""
    at = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    end = last_end(at, "day", BERLIN)
    assert end == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert end - bucket_start(end, "day", BERLIN) == timedelta(hours=23)


@given(instants, st.sampled_from(["hour", "day", "week"]), zones, st.integers(0, 6))
@settings(max_examples=80)
def test_they_tile(at: datetime, every: Every, zone: ZoneInfo, week_start: int) -> None:
    """The last end is over and the next is not; start and next undo one another."""
    end = last_end(at, every, zone, week_start)
    following = next_end(end, every, zone, week_start)
    assert end <= at < following
    assert bucket_start(following, every, zone) == end
    assert last_end(following, every, zone, week_start) == following


@given(instants, st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=40)
def test_weeks_that_were_set_anew_go_on_without_a_gap(at: datetime, old: int, new: int) -> None:
    """The end of a week by the old setting is followed by the next one by the new."""
    end = last_end(at, "week", BERLIN, old)
    following = next_end(end, "week", BERLIN, new)
    assert end < following
    assert last_end(following, "week", BERLIN, new) == following
    assert bucket_start(following, "week", BERLIN) <= end


def test_windows_end_with_the_bucket() -> None:
    """A day's window is that day; an hour's is today so far; several follow one another."""
    midnight = last_end(datetime(2026, 10, 15, 3, tzinfo=UTC), "day", SHANGHAI)
    (day,) = windows(midnight, 1, 1, SHANGHAI)
    assert (day.start, day.end) == (date(2026, 10, 14), date(2026, 10, 15))
    (today,) = windows(datetime(2026, 10, 15, 3, tzinfo=UTC), 1, 1, SHANGHAI)
    assert (today.start, today.end) == (date(2026, 10, 15), date(2026, 10, 16))
    weeks = windows(midnight, 7, 3, SHANGHAI)
    assert [each.days for each in weeks] == [7, 7, 7]
    assert [each.end for each in weeks[:-1]] == [each.start for each in weeks[1:]]
    assert weeks[-1].end == date(2026, 10, 15)


@pytest.mark.parametrize("every", ["hour", "day", "week"])
def test_a_bucket_that_just_ended_is_over(every: Every) -> None:
    """At the very instant of its end a bucket can be evaluated."""
    end = last_end(datetime(2026, 10, 15, 3, tzinfo=UTC), every, SHANGHAI)
    assert last_end(end, every, SHANGHAI) == end
    assert last_end(end - timedelta(microseconds=1), every, SHANGHAI) < end
