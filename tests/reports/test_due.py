"""When reports are due: by the clock of the workspace, each period once, none left out."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kpis.calendar_units import Grain, add_units, unit_start
from app.kpis.periods import local_date
from app.reports.due import due_at, first_due, last_complete, trend_start

SHANGHAI = ZoneInfo("Asia/Shanghai")
GRAINS: st.SearchStrategy[Grain] = st.sampled_from(["day", "week", "month", "quarter", "year"])
ZONES = st.sampled_from(
    [SHANGHAI, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Kiritimati"),
     ZoneInfo("Europe/Berlin")]
)  # fmt: skip
INSTANTS = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda minutes: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-10-31T15:59:59Z", "2026-09-01", "2026-10-01"),
        ("2026-10-31T16:00:00Z", "2026-10-01", "2026-11-01"),
        ("2026-11-22T00:00:00Z", "2026-10-01", "2026-11-01"),
    ],
)
def test_the_last_complete_month_is_the_workspaces(now: str, start: str, end: str) -> None:
    """In Shanghai a month ends eight hours before it does in UTC."""
    period = last_complete("month", datetime.fromisoformat(now), SHANGHAI)
    assert (str(period.start), str(period.end)) == (start, end)


def test_a_report_is_due_at_its_local_hour() -> None:
    """Eight o'clock in Berlin is another instant in summer and in winter."""
    berlin = ZoneInfo("Europe/Berlin")
    assert due_at(date(2026, 7, 1), 8, 0, berlin) == datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert due_at(date(2026, 11, 1), 8, 2, berlin) == datetime(2026, 11, 3, 7, tzinfo=UTC)


@settings(max_examples=80, deadline=None)
@given(GRAINS, st.integers(0, 23), st.integers(0, 27), INSTANTS, ZONES)
def test_the_next_due_is_the_first_after(
    grain: Grain, hour: int, days_after: int, after: datetime, zone: ZoneInfo
) -> None:
    """It lies after the instant, and the period before it was due at the latest then."""
    end, due = first_due(grain, hour, days_after, after=after, zone=zone)
    assert unit_start(end, grain) == end
    assert due == due_at(end, hour, days_after, zone)
    assert due > after
    assert due_at(add_units(end, grain, -1), hour, days_after, zone) <= after


@settings(max_examples=40, deadline=None)
@given(GRAINS, st.integers(0, 23), INSTANTS, ZONES)
def test_no_period_is_left_out_or_repeated(
    grain: Grain, hour: int, after: datetime, zone: ZoneInfo
) -> None:
    """Going on from each due time, the periods follow one another without gaps."""
    ends = []
    for _ in range(5):
        end, after = first_due(grain, hour, 0, after=after, zone=zone)
        ends.append(end)
    assert all(add_units(one, grain, 1) == other for one, other in pairwise(ends))


@settings(max_examples=60, deadline=None)
@given(GRAINS, INSTANTS, ZONES)
def test_the_last_complete_period_is_over_and_the_newest(
    grain: Grain, now: datetime, zone: ZoneInfo
) -> None:
    """It has ended by the local clock, and the one after it has not."""
    period = last_complete(grain, now, zone)
    today = local_date(now, zone)
    assert period.end <= today < add_units(period.end, grain, 1)


def test_a_trend_ends_with_the_period() -> None:
    """Twelve months end with the reported one; a longer period is shown whole."""
    october = last_complete("month", datetime(2026, 11, 22, tzinfo=UTC), SHANGHAI)
    assert trend_start(october, "month", 12) == date(2025, 11, 1)
    assert trend_start(october, "month", 1) == october.start
    assert trend_start(october, "week", 1) == october.start
    assert trend_start(october, "day", 3) == october.start
    week_before = october.end - timedelta(days=1)
    assert trend_start(october, "week", 60) < week_before


def test_a_weekly_report_is_of_the_weeks_of_the_workspace() -> None:
    """On a Sunday the week from Sunday to Saturday has just ended, and the ISO week has not."""
    sunday = datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert last_complete("week", sunday, SHANGHAI).start == date(2026, 11, 9)
    week = last_complete("week", sunday, SHANGHAI, 6)
    assert (week.start, week.end) == (date(2026, 11, 15), date(2026, 11, 22))
    assert trend_start(week, "week", 3) == date(2026, 11, 1)
    end, due = first_due("week", 8, 0, after=sunday, zone=SHANGHAI, week_start=6)
    assert (end, due) == (date(2026, 11, 29), datetime(2026, 11, 29, 0, tzinfo=UTC))
