"""Periods: daylight saving time, completeness, and the buckets of a trend."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kpis.calendar_units import Grain, add_units, unit_start, whole_units
from app.kpis.periods import (
    MAX_BUCKETS,
    MAX_DAYS,
    Period,
    PeriodError,
    day_starts_at,
    local_date,
    split,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
HAVANA = ZoneInfo("America/Havana")
APIA = ZoneInfo("Pacific/Apia")
ST_JOHNS = ZoneInfo("America/St_Johns")
ZONES = st.sampled_from([SHANGHAI, LONDON, NEW_YORK, CAIRO, HAVANA, APIA, ST_JOHNS])
GRAINS: st.SearchStrategy[Grain] = st.sampled_from(["day", "week", "month", "quarter", "year"])
DAYS = st.dates(date(1990, 1, 1), date(2040, 1, 1))
NOW = datetime(2026, 11, 22, 2, 20, tzinfo=UTC)  # 10:20 on the 22nd in Shanghai


@st.composite
def periods(draw: st.DrawFn, most_days: int = 900) -> Period:
    """Any period of a usual length, in any of the zones."""
    start = draw(DAYS)
    length = timedelta(days=draw(st.integers(1, most_days)))
    return Period(start, start + length, draw(ZONES))


def days(start: str, end: str, zone: ZoneInfo = SHANGHAI) -> Period:
    """A period from two ISO dates."""
    return Period(date.fromisoformat(start), date.fromisoformat(end), zone)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", SHANGHAI, 24),
        ("2026-03-28", LONDON, 24),
        ("2026-03-29", LONDON, 23),
        ("2026-10-25", LONDON, 25),
        ("2026-03-08", NEW_YORK, 23),
        ("2026-11-01", NEW_YORK, 25),
        ("2026-04-24", CAIRO, 23),
        ("2026-10-29", CAIRO, 25),
        ("2026-11-01", HAVANA, 25),
        ("2011-12-30", APIA, 0),
    ],
)
def test_length_of_a_day(day: str, zone: ZoneInfo, hours: int) -> None:
    """Days have 23 or 25 hours where clocks change; Samoa skipped one altogether."""
    first = date.fromisoformat(day)
    period = Period(first, first + timedelta(days=1), zone)
    assert period.ends_at - period.starts_at == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2026-10-01", SHANGHAI, "2026-09-30T16:00"),
        ("2026-03-29", LONDON, "2026-03-29T00:00"),
        ("2026-03-30", LONDON, "2026-03-29T23:00"),
        ("2026-11-01", NEW_YORK, "2026-11-01T04:00"),
        ("2026-11-02", NEW_YORK, "2026-11-02T05:00"),
        ("2026-04-24", CAIRO, "2026-04-23T22:00"),  # midnight is skipped: 24:00 is 01:00
        ("2026-11-01", HAVANA, "2026-11-01T04:00"),  # midnight comes twice: the first
        ("2010-11-07", ST_JOHNS, "2010-11-07T03:30"),  # 00:01 falls back into the day before
        ("2011-12-31", APIA, "2011-12-30T10:00"),
    ],
)
def test_start_of_a_day(day: str, zone: ZoneInfo, expected: str) -> None:
    """Known instants at which local days begin, around changes of the clock."""
    assert day_starts_at(date.fromisoformat(day), zone) == at(expected)


def test_clocks_that_jump_over_midnight() -> None:
    """Where the skipped hour holds midnight inside, the day begins when clocks jump."""
    toronto = ZoneInfo("America/Toronto")  # in 1919 it jumped from 23:30 to 00:30
    starts_at = day_starts_at(date(1919, 3, 31), toronto)
    assert starts_at.astimezone(toronto).time() == time(0, 30)
    before = (starts_at - timedelta(seconds=1)).astimezone(toronto)
    assert (before.date(), before.time()) == (date(1919, 3, 30), time(23, 29, 59))


@given(day=DAYS, zone=ZONES)
def test_a_day_begins_where_the_date_changes(day: date, zone: ZoneInfo) -> None:
    """From its start on the local date is that day or later, for the two hours that matter."""
    starts_at = day_starts_at(day, zone)
    assert starts_at.tzinfo is UTC
    assert local_date(starts_at - timedelta(microseconds=1), zone) < day
    for minutes in range(0, 150, 10):
        assert local_date(starts_at + timedelta(minutes=minutes), zone) >= day


def test_complete_waits_for_late_answers() -> None:
    """A period is complete when it has ended in its own zone, plus the time given to latecomers."""
    october = days("2026-10-01", "2026-11-01")
    assert not october.complete(at("2026-10-31T15:59:59"))
    assert october.complete(at("2026-10-31T16:00"))
    patient = replace(october, late_days=2)
    assert not patient.complete(at("2026-11-02T15:59:59"))
    assert patient.complete(at("2026-11-02T16:00"))


def test_days_begun_counts_today() -> None:
    """Elapsed local days include today; none before the first, all after the last."""
    november = days("2026-11-01", "2026-12-01")
    assert november.days_begun(NOW) == 22
    assert november.days_begun(at("2026-10-31T15:59")) == 0
    assert november.days_begun(at("2026-10-31T16:00")) == 1
    assert november.days_begun(at("2027-01-01T00:00")) == 30
    with pytest.raises(ValueError, match="time zone"):
        november.days_begun(NOW.replace(tzinfo=None))


def test_a_trend_flags_its_partial_ends() -> None:
    """Buckets are calendar units; a cut one and the running one are not complete."""
    buckets = split(days("2026-09-10", "2026-12-01"), "month")
    assert [(str(b.period.start), str(b.period.end), b.whole) for b in buckets] == [
        ("2026-09-10", "2026-10-01", False),
        ("2026-10-01", "2026-11-01", True),
        ("2026-11-01", "2026-12-01", True),
    ]
    assert [bucket.complete(NOW) for bucket in buckets] == [False, True, False]


def test_weeks_start_on_monday_unless_set() -> None:
    """ISO weeks by default; a workspace may start its week on another day."""
    period = days("2026-11-02", "2026-11-16")
    assert [b.whole for b in split(period, "week")] == [True, True]
    on_sunday = split(replace(period, week_start=6), "week")
    assert [str(b.period.start) for b in on_sunday] == ["2026-11-02", "2026-11-08", "2026-11-15"]
    assert [b.whole for b in on_sunday] == [False, True, False]


@given(period=periods(), grain=GRAINS, week_start=st.integers(0, 6))
def test_buckets_partition_the_period(period: Period, grain: Grain, week_start: int) -> None:
    """No day is lost, none counted twice; only the ends may be cut; instants meet as well."""
    buckets = split(replace(period, week_start=week_start), grain)
    assert buckets[0].period.start == period.start
    assert buckets[-1].period.end == period.end
    for left, right in pairwise(buckets):
        assert left.period.end == right.period.start
        assert left.period.ends_at == right.period.starts_at
    assert all(bucket.whole for bucket in buckets[1:-1])
    for bucket in buckets:
        start = unit_start(bucket.period.start, grain, week_start)
        unit = (start, add_units(start, grain, 1))
        assert bucket.whole == ((bucket.period.start, bucket.period.end) == unit)


@given(day=DAYS, grain=GRAINS, week_start=st.integers(0, 6), count=st.integers(-40, 40))
def test_units_hold_their_days(day: date, grain: Grain, week_start: int, count: int) -> None:
    """A unit holds its day, units follow one another, and moving there and back is nothing."""
    start = unit_start(day, grain, week_start)
    end = add_units(start, grain, 1)
    assert start <= day < end
    assert unit_start(end, grain, week_start) == end
    assert unit_start(end - timedelta(days=1), grain, week_start) == start
    assert add_units(add_units(start, grain, count), grain, -count) == start
    if count > 0 and grain != "day":
        assert whole_units(start, add_units(start, grain, count), week_start) is not None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-01", "2027-01-01", ("year", 1)),
        ("2026-04-01", "2026-07-01", ("quarter", 1)),
        ("2026-01-01", "2026-07-01", ("quarter", 2)),
        ("2026-02-01", "2026-05-01", ("month", 3)),
        ("2021-02-01", "2021-03-01", ("month", 1)),  # also four weeks
        ("2026-11-02", "2026-11-16", ("week", 2)),
        ("2026-11-03", "2026-11-10", None),
    ],
)
def test_whole_units(start: str, end: str, expected: tuple[Grain, int] | None) -> None:
    """The largest calendar grain that fits is what a person means."""
    assert whole_units(date.fromisoformat(start), date.fromisoformat(end)) == expected


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        ("2026-11-01", "2026-11-01", "empty-period"),
        ("2026-11-02", "2026-11-01", "empty-period"),
        ("2010-01-01", "2026-01-01", "period-too-long"),
        ("0001-01-01", "0001-02-01", "period-out-of-range"),
        ("9999-01-01", "9999-12-31", "period-out-of-range"),
    ],
)
def test_impossible_periods_are_refused(start: str, end: str, fault: str) -> None:
    """Empty, endless and absurd periods are refused with a reason that a program can read."""
    with pytest.raises(PeriodError) as refused:
        days(start, end)
    assert refused.value.fault == fault


def test_the_limits_are_inclusive() -> None:
    """The longest period is allowed; a trend of more than the most points is not."""
    start = date(2015, 1, 1)
    longest = Period(start, start + timedelta(days=MAX_DAYS), SHANGHAI)
    assert len(split(longest, "week")) <= MAX_BUCKETS
    allowed = Period(start, start + timedelta(days=MAX_BUCKETS), SHANGHAI)
    assert len(split(allowed, "day")) == MAX_BUCKETS
    with pytest.raises(PeriodError) as refused:
        split(longest, "day")
    assert refused.value.fault == "too-many-buckets"
