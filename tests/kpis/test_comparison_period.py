"""What a period is compared with: earlier units, units to date, last year."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.kpis.calendar_units import Grain
from app.kpis.periods import Comparison, Period, PeriodError, comparison_period

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from([SHANGHAI, ZoneInfo("Africa/Cairo"), ZoneInfo("America/New_York")])
GRAINS: st.SearchStrategy[Grain] = st.sampled_from(["day", "week", "month", "quarter", "year"])
NOW = datetime(2026, 11, 22, 2, 20, tzinfo=UTC)  # 10:20 on the 22nd in Shanghai


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any period of a usual length, in any of the zones."""
    start = draw(st.dates(date(1990, 1, 1), date(2040, 1, 1)))
    return Period(start, start + timedelta(days=draw(st.integers(1, 900))), draw(ZONES))


def days(start: str, end: str) -> Period:
    """A period in Shanghai from two ISO dates."""
    return Period(date.fromisoformat(start), date.fromisoformat(end), SHANGHAI)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "grain", "expected"),
    [
        # whole units that have ended: as many units before
        (("2026-10-01", "2026-11-01"), None, ("2026-09-01", "2026-10-01")),
        (("2026-03-01", "2026-04-01"), None, ("2026-02-01", "2026-03-01")),
        (("2026-07-01", "2026-10-01"), None, ("2026-04-01", "2026-07-01")),
        (("2025-01-01", "2026-01-01"), None, ("2024-01-01", "2025-01-01")),
        (("2026-11-09", "2026-11-16"), None, ("2026-11-02", "2026-11-09")),
        (("2026-06-01", "2026-11-01"), None, ("2026-01-01", "2026-06-01")),
        (("2026-10-01", "2026-11-01"), "month", ("2026-09-01", "2026-10-01")),
        # units that still run: cut at the same number of begun days (22, 53, 7, 326)
        (("2026-11-01", "2026-12-01"), None, ("2026-10-01", "2026-10-23")),
        (("2026-10-01", "2027-01-01"), None, ("2026-07-01", "2026-08-23")),
        (("2026-11-16", "2026-11-23"), None, ("2026-11-09", "2026-11-16")),
        (("2026-01-01", "2027-01-01"), None, ("2025-01-01", "2025-11-23")),
        # a unit to date, asked for as such
        (("2026-11-01", "2026-11-23"), "month", ("2026-10-01", "2026-10-23")),
        (("2026-03-01", "2026-03-31"), "month", ("2026-02-01", "2026-03-01")),
        (("2026-10-01", "2026-11-01"), "quarter", ("2026-07-01", "2026-08-01")),
        # free ranges: as many days immediately before
        (("2026-11-01", "2026-11-23"), None, ("2026-10-10", "2026-11-01")),
        (("2026-11-03", "2026-11-10"), None, ("2026-10-27", "2026-11-03")),
        (("2026-11-21", "2026-11-22"), "day", ("2026-11-20", "2026-11-21")),
        (("2026-11-10", "2026-12-05"), None, ("2026-10-28", "2026-11-10")),
        # in the future nothing has begun and nothing is cut
        (("2026-12-01", "2027-01-01"), None, ("2026-11-01", "2026-12-01")),
    ],
)
def test_previous_period(
    period: tuple[str, str], grain: Grain | None, expected: tuple[str, str]
) -> None:
    """What a period is compared with by default, on 22 November 2026 in Shanghai."""
    assert comparison_period(days(*period), now=NOW, grain=grain) == days(*expected)


@pytest.mark.parametrize(
    ("period", "now", "expected"),
    [
        (("2026-10-01", "2026-11-01"), NOW, ("2025-10-01", "2025-11-01")),
        (("2026-11-01", "2026-12-01"), NOW, ("2025-11-01", "2025-11-23")),
        (("2024-02-01", "2024-03-01"), NOW, ("2023-02-01", "2023-03-01")),
        (("2025-02-01", "2025-03-01"), NOW, ("2024-02-01", "2024-03-01")),
        (("2024-02-29", "2024-03-01"), NOW, ("2023-02-28", "2023-03-01")),
        (("2024-02-28", "2024-02-29"), NOW, ("2023-02-28", "2023-03-01")),
        (("2024-02-10", "2024-02-29"), NOW, ("2023-02-10", "2023-03-01")),
        (("2026-11-09", "2026-11-16"), NOW, ("2025-11-10", "2025-11-17")),  # Mondays
        (("2025-01-01", "2026-01-01"), NOW, ("2024-01-01", "2025-01-01")),
        (("2024-02-01", "2024-03-01"), at("2024-02-28T20:00"), ("2023-02-01", "2023-03-01")),
    ],
)
def test_same_period_last_year(
    period: tuple[str, str], now: datetime, expected: tuple[str, str]
) -> None:
    """The same dates a year ago, whole weeks by weekday, 29 February without a gap."""
    found = comparison_period(days(*period), now=now, compare="same_period_last_year")
    assert found == days(*expected)


@given(
    period=periods(),
    compare=st.sampled_from(["previous", "same_period_last_year"]),
    grain=st.none() | GRAINS,
    week_start=st.integers(0, 6),
    begun=st.integers(-30, 1_000),
)
def test_a_comparison_never_overlaps(
    period: Period, compare: Comparison, grain: Grain | None, week_start: int, begun: int
) -> None:
    """It ends before the period starts, and is never longer than what has begun of it."""
    assume(compare == "previous" or period.days <= 365)
    now = datetime.combine(period.start + timedelta(days=begun), time(12), period.zone)
    period = replace(period, week_start=week_start)
    found = comparison_period(period, now=now, compare=compare, grain=grain)
    assert found.end <= period.start
    assert found.ends_at <= period.starts_at
    assert (found.zone, found.week_start) == (period.zone, week_start)
    elapsed = period.days_begun(now)
    if 0 < elapsed < period.days:
        assert found.days <= elapsed


def test_last_year_of_more_than_a_year_is_refused() -> None:
    """Last year's dates of a two-year period would overlap it."""
    two_years = days("2024-01-01", "2026-01-01")
    with pytest.raises(PeriodError) as refused:
        comparison_period(two_years, now=NOW, compare="same_period_last_year")
    assert refused.value.fault == "comparison-overlaps"
