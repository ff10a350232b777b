"""The time that a KPI covers: half-open local dates, their instants, buckets and comparisons."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.kpis.calendar_units import (
    MONDAY,
    Grain,
    add_units,
    unit_start,
    whole_units,
    year_earlier,
)
from app.purchases.local_days import day_starts_at, local_date

__all__ = [
    "Bucket",
    "Comparison",
    "Period",
    "PeriodError",
    "PeriodFault",
    "comparison_period",
    "day_starts_at",
    "local_date",
    "split",
]

Comparison = Literal["previous", "same_period_last_year"]
PeriodFault = Literal[
    "empty-period", "period-too-long", "period-out-of-range", "too-many-buckets",
    "comparison-overlaps",
]  # fmt: skip

MAX_DAYS = 3_700
"""Longest period, a little over ten years."""

MAX_BUCKETS = 1_000
"""Most points of a trend."""

_FIRST_DAY = date(1900, 1, 1)
_LAST_DAY = date(2200, 1, 1)


class PeriodError(ValueError):
    """A period that cannot be served; `fault` is the machine-readable reason."""

    def __init__(self, fault: PeriodFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates from `start` up to but not including `end`, in an IANA zone.

    Its calendar's weeks begin on the weekday `week_start`; it is complete so many days after it
    has ended.

    Raises PeriodError when it holds no day, more than MAX_DAYS, or days outside 1900 to 2199.
    """

    start: date
    end: date
    zone: ZoneInfo
    week_start: int = MONDAY
    late_days: int = 0

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise PeriodError("empty-period", "a period must end after it starts")
        if self.start < _FIRST_DAY or self.end > _LAST_DAY:
            raise PeriodError("period-out-of-range", "a period must lie between 1900 and 2200")
        if self.days > MAX_DAYS:
            raise PeriodError("period-too-long", f"a period has at most {MAX_DAYS} days")

    @property
    def days(self) -> int:
        """Number of local dates."""
        return (self.end - self.start).days

    @property
    def starts_at(self) -> datetime:
        """UTC instant at which the first day begins."""
        return day_starts_at(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        """UTC instant before which the last day ends (exclusive)."""
        return day_starts_at(self.end, self.zone)

    @property
    def complete_at(self) -> datetime:
        """UTC instant at which the days for late arrivals have passed too."""
        return day_starts_at(self.end + timedelta(days=self.late_days), self.zone)

    def complete(self, now: datetime) -> bool:
        """True once the period has ended and the days for late arrivals have passed."""
        return self.complete_at <= now

    def days_begun(self, now: datetime) -> int:
        """How many of its dates have begun at `now`, today included; 0 while in the future."""
        today = local_date(now, self.zone)
        return min(max((today - self.start).days + 1, 0), self.days)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One point of a trend: the part of a calendar unit that lies inside the period asked for.

    `whole` is False for a first or last bucket that the period cuts short.
    """

    period: Period
    whole: bool

    def complete(self, now: datetime) -> bool:
        """True for a whole unit that is complete; only such buckets are fit for a trend test."""
        return self.whole and self.period.complete(now)


def split(period: Period, grain: Grain) -> tuple[Bucket, ...]:
    """Cut a period into calendar units, oldest first; together they are exactly the period.

    Raises PeriodError for more than MAX_BUCKETS.
    """
    buckets: list[Bucket] = []
    start = unit_start(period.start, grain, period.week_start)
    while start < period.end:
        if len(buckets) == MAX_BUCKETS:
            raise PeriodError("too-many-buckets", f"a trend has at most {MAX_BUCKETS} points")
        end = add_units(start, grain, 1)
        part = replace(period, start=max(start, period.start), end=min(end, period.end))
        buckets.append(Bucket(part, whole=(part.start, part.end) == (start, end)))
        start = end
    return tuple(buckets)


def comparison_period(
    period: Period,
    *,
    now: datetime,
    compare: Comparison = "previous",
    grain: Grain | None = None,
) -> Period:
    """The earlier period that a period is compared with; it never overlaps it.

    `previous`: for one or several whole calendar units, as many units before; for other ranges
    as many days immediately before. With `grain`, a range that starts with such a unit and ends
    inside it is that unit to date, and is compared with the start of the unit before.
    `same_period_last_year`: the same dates; whole weeks move by 52 weeks to keep their weekdays.

    While the period is still running the earlier one is cut to as many days as have begun, today
    included, so that a part is never compared with a whole. A period in the future is not cut.
    Raises PeriodError (`comparison-overlaps`) for last year's dates of more than a year.
    """
    elapsed = period.days_begun(now) or period.days
    if compare == "same_period_last_year":
        start, end = _last_year(period)
    else:
        start, end = _block_before(period, elapsed, grain)
    end = min(end, start + timedelta(days=elapsed)) if elapsed < period.days else end
    if end > period.start:
        raise PeriodError("comparison-overlaps", "last year's dates overlap a period over a year")
    return replace(period, start=start, end=end)


def _block_before(period: Period, elapsed: int, grain: Grain | None) -> tuple[date, date]:
    """The calendar units before the period, a unit to date, or the days just before it."""
    if grain and unit_start(period.start, grain, period.week_start) == period.start:
        unit_end = add_units(period.start, grain, 1)
        if period.end < unit_end:
            start = add_units(period.start, grain, -1)
            return start, min(period.start, start + timedelta(days=period.days))
    units = whole_units(period.start, period.end, period.week_start)
    if units:
        unit, count = units
        return add_units(period.start, unit, -count), period.start
    return period.start - timedelta(days=elapsed), period.start


def _last_year(period: Period) -> tuple[date, date]:
    """The same dates of the year before, or the same weeks."""
    units = whole_units(period.start, period.end, period.week_start)
    if units and units[0] == "week":
        year = timedelta(weeks=52)
        return period.start - year, period.end - year
    return year_earlier(period.start, period.end)
