"""The pieces of time after each of which a rule is evaluated once."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.kpis.calendar_units import MONDAY, unit_start
from app.kpis.periods import Period, day_starts_at, local_date

Every = Literal["hour", "day", "week"]
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_DAYS: dict[Every, int] = {"hour": 1, "day": 1, "week": 7}


def last_end(at: datetime, every: Every, zone: ZoneInfo, week_start: int = MONDAY) -> datetime:
    """The end of the last bucket that was over at `at`: an hour of UTC, a local day or week."""
    if every == "hour":
        return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return day_starts_at(unit_start(local_date(at, zone), every, week_start), zone)


def next_end(end: datetime, every: Every, zone: ZoneInfo, week_start: int = MONDAY) -> datetime:
    """The end of the bucket that begins at `end`, or holds it: weeks may have been set anew."""
    if every == "hour":
        return end + _HOUR
    begun = unit_start(local_date(end, zone), every, week_start)
    return day_starts_at(begun + timedelta(days=_DAYS[every]), zone)


def bucket_start(end: datetime, every: Every, zone: ZoneInfo) -> datetime:
    """The beginning of the bucket that ends at `end`."""
    if every == "hour":
        return end - _HOUR
    return day_starts_at(local_date(end, zone) - timedelta(days=_DAYS[every]), zone)


def usual_window(every: Every) -> int:
    """Local days that are measured unless the rule says otherwise."""
    return _DAYS[every]


def windows(end: datetime, days: int, count: int, zone: ZoneInfo) -> list[Period]:
    """The last `count` periods of `days` local days each, oldest first.

    The last one ends with the day in which the bucket ended: with an hour that is today so far.
    """
    after: date = local_date(end - _INSTANT, zone) + timedelta(days=1)
    starts = [after - timedelta(days=days * back) for back in range(count, 0, -1)]
    return [Period(start, start + timedelta(days=days), zone) for start in starts]
