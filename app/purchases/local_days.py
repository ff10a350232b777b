"""Local days: which one an instant lies in, and the instant at which one begins."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date that a clock in `zone` shows at an aware `instant`."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(zone).date()


def day_starts_at(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant from which on the local date is `day` or later, for good.

    That is midnight on most days. Where clocks skip midnight it is the moment they jump; where
    midnight comes twice it is the first, unless clocks then fall back into the day before.
    """
    midnight = datetime.combine(day, time(), zone)
    first = midnight.astimezone(UTC)
    second = midnight.replace(fold=1).astimezone(UTC)
    if first == second:
        return first
    if first < second:
        before_second = second - timedelta(microseconds=1)
        return first if local_date(before_second, zone) == day else second
    return _jump_between(second, first, day, zone)


def _jump_between(low: datetime, high: datetime, day: date, zone: ZoneInfo) -> datetime:
    """The second at which clocks jump over midnight into `day`, found by halving (low, high]."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if local_date(middle, zone) >= day else (middle, high)
    return high


def day_of(instant: datetime, zone: ZoneInfo) -> int:
    """The number (`date.toordinal`) of the day whose start is the last one up to the instant."""
    day = instant.astimezone(zone).date()
    number = day.toordinal()
    return number - 1 if instant < _starts(number, zone) else number


@lru_cache(maxsize=50_000)
def month_of(day: int) -> int:
    """The number of the month of a day (`date.toordinal`): year * 12 + month - 1."""
    on = date.fromordinal(day)
    return on.year * 12 + on.month - 1


def whole_months(first: int, last: int) -> range | None:
    """The numbers of the months that are the days [first, last); None if they are not whole."""
    if date.fromordinal(first).day != 1 or date.fromordinal(last).day != 1:
        return None
    return range(month_of(first), month_of(last))


def split_months(first: int, last: int) -> tuple[range, range, range]:
    """The days [first, last): days, the numbers of the whole months after them, and days again."""
    begins, ends = month_of(first - 1) + 1, month_of(last)
    if begins >= ends:
        return range(first, last), range(0), range(0)
    return range(first, first_day_of(begins)), range(begins, ends), range(first_day_of(ends), last)


def first_day_of(month: int) -> int:
    """The first day of a month."""
    year, before = divmod(month, 12)
    return date(year, before + 1, 1).toordinal()


@lru_cache(maxsize=20_000)
def _starts(number: int, zone: ZoneInfo) -> datetime:
    return day_starts_at(date.fromordinal(number), zone)
