"""Days, weeks, months, quarters and years of the civil calendar: where they begin and end."""

from datetime import date, timedelta
from typing import Literal

Grain = Literal["day", "week", "month", "quarter", "year"]

MONDAY = 0
"""The first day of the week by ISO 8601, counted as `date.weekday` does (Sunday is 6)."""

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def unit_start(day: date, grain: Grain, week_start: int = MONDAY) -> date:
    """First day of the calendar unit that holds `day`; weeks begin on weekday `week_start`."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    months = _MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def add_units(start: date, grain: Grain, count: int) -> date:
    """The start of a unit moved by `count` whole units, forwards or backwards.

    `start` must be the first day of its month for months, quarters and years.
    """
    if grain in _DAYS:
        return start + timedelta(days=_DAYS[grain] * count)
    month = start.year * 12 + start.month - 1 + _MONTHS[grain] * count
    return date(month // 12, month % 12 + 1, 1)


def whole_units(start: date, end: date, week_start: int = MONDAY) -> tuple[Grain, int] | None:
    """The largest grain of which [start, end) is a whole number of units, and that number.

    Months, quarters and years come before weeks: February 2021 is four weeks and one month, and
    people mean the month. None for a range of days that fits no such grain.
    """
    if start.day == end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        for grain in ("year", "quarter", "month"):
            if unit_start(start, grain) == start and months % _MONTHS[grain] == 0:
                return grain, months // _MONTHS[grain]
    if unit_start(start, "week", week_start) == start and (end - start).days % 7 == 0:
        return "week", (end - start).days // 7
    return None


def year_earlier(start: date, end: date) -> tuple[date, date]:
    """Both ends of [start, end) moved to the same dates one year earlier.

    29 February has no namesake: a range that starts there starts on the 28th, one that ends
    there, which is to say includes the 28th, ends before 1 March. So no range becomes empty.
    """
    new_start = date(start.year - 1, start.month, min(start.day, 28) if _leap(start) else start.day)
    new_end = date(end.year - 1, 3, 1) if _leap(end) else end.replace(year=end.year - 1)
    return new_start, new_end


def _leap(day: date) -> bool:
    return (day.month, day.day) == (2, 29)
