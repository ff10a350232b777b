"""When reports are due: the last complete period, and the local hour at which it is reported."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.kpis.calendar_units import MONDAY, Grain, add_units, unit_start
from app.kpis.periods import Period, local_date


def last_complete(grain: Grain, now: datetime, zone: ZoneInfo, week_start: int = MONDAY) -> Period:
    """The unit of the calendar that ended last, by the clock of the zone."""
    end = unit_start(local_date(now, zone), grain, week_start)
    return Period(add_units(end, grain, -1), end, zone, week_start)


def due_at(end: date, hour: int, days_after: int, zone: ZoneInfo) -> datetime:
    """When the report of a period that ends before `end` is due, in UTC.

    An hour that clocks skip is the moment they jump; one that comes twice is its first.
    """
    local = datetime.combine(end + timedelta(days=days_after), time(hour), zone)
    return local.astimezone(UTC)


def first_due(
    grain: Grain,
    hour: int,
    days_after: int,
    *,
    after: datetime,
    zone: ZoneInfo,
    week_start: int = MONDAY,
) -> tuple[date, datetime]:
    """The end of the first period whose report is due later than `after`, and when that is."""
    begun = local_date(after, zone) - timedelta(days=days_after + 1)
    start = unit_start(begun, grain, week_start)
    while True:
        due = due_at(start, hour, days_after, zone)
        if due > after:
            return start, due
        start = add_units(start, grain, 1)


def trend_start(period: Period, grain: Grain, points: int) -> date:
    """The first day of a trend of so many units that ends with the period."""
    last = unit_start(period.end - timedelta(days=1), grain, period.week_start)
    return min(add_units(last, grain, 1 - points), period.start)
