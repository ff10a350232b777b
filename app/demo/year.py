"""The demo's calendar: two years that end yesterday, with seasons, one bad month and a recovery."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

ZONE = ZoneInfo("Asia/Shanghai")
#: Days in which answers and complaints came in; customers and orders go back twice as far.
YEAR_DAYS = 365
#: The bad month lies so many calendar months before the present one.
_BAD_MONTHS_AGO = 5
_DEPTH = 0.95
"""How far the mood falls, in the unit of `answers`: about 40 points of NPS."""
_HEALING_DAYS = 16.0
_BETTER_AFTERWARDS = 0.2

#: Orders by calendar month (1 January): the lull of the Spring Festival, the sales of June and
#: November. And by weekday (Monday first), for people and for organisations.
_MONTHS = (0.95, 0.7, 0.95, 0.95, 1.0, 1.2, 0.95, 0.95, 1.05, 0.95, 1.4, 1.1)
_WEEK_OF_PEOPLE = (0.9, 0.85, 0.85, 0.9, 1.05, 1.3, 1.25)
_WEEK_OF_OFFICES = (1.25, 1.25, 1.2, 1.2, 1.1, 0.3, 0.2)
#: Awake hours, local time: the evening is busiest for people; offices work from 8 to 18.
_HOURS_OF_PEOPLE = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 21, 21, 22, 23)
_HOURS_OF_OFFICES = (8, 9, 9, 10, 10, 11, 13, 14, 14, 15, 15, 16, 17)


def numbered_stream(seed: int, name: str) -> random.Random:
    """A stream of random numbers of its own for each family: none disturbs another.

    Seeded by text, which Python hashes the same way in every process.
    """
    return random.Random(f"{seed}/{name}")


def pick(stream: random.Random, weights: dict[T, float]) -> T:
    """One of the keys, by weight."""
    return stream.choices(list(weights), weights=list(weights.values()))[0]


@dataclass(frozen=True)
class Calendar:
    """The days of the demo; `today` is the first day without data, local in `ZONE`."""

    today: date

    @cached_property
    def start(self) -> date:
        """The first day with answers and complaints."""
        return self.today - timedelta(days=YEAR_DAYS)

    @cached_property
    def beginning(self) -> date:
        """The day on which the first customer joined."""
        return self.today - timedelta(days=2 * YEAR_DAYS)

    @cached_property
    def end(self) -> datetime:
        """The instant at which the data ends."""
        return datetime.combine(self.today, time(), ZONE).astimezone(UTC)

    def months(self, *, to: date) -> list[date]:
        """The first days of the months from that of `start` up to but not including `to`."""
        months = [month_start(self.start, 0)]
        while (following := month_start(months[-1], 1)) < to:
            months.append(following)
        return months

    @cached_property
    def bad_month(self) -> tuple[date, date]:
        """First day of the month of the outage, and of the month after."""
        return month_start(self.today, -_BAD_MONTHS_AGO), month_start(
            self.today, 1 - _BAD_MONTHS_AGO
        )

    def mood(self, day: date) -> float:
        """What the outage does to satisfaction: 0 before, down in its month, better after."""
        first, after = self.bad_month
        if day < first:
            return 0.0
        if day < after:
            return -_DEPTH * min(1.0, ((day - first).days + 1) / 3)
        healed = 1 - math.exp(-(day - after).days / _HEALING_DAYS)
        return -_DEPTH * (1 - healed) + _BETTER_AFTERWARDS * healed

    def trouble(self, day: date) -> float:
        """How much is broken on a day, from 0 (nothing) to 1 (the height of the outage)."""
        return max(0.0, -self.mood(day)) / _DEPTH

    def business(self, day: date, *, office: bool) -> float:
        """How busy a day is; 1 on average."""
        week = _WEEK_OF_OFFICES if office else _WEEK_OF_PEOPLE
        return _MONTHS[day.month - 1] * week[day.weekday()]

    def moment(self, stream: random.Random, day: date, *, office: bool) -> datetime:
        """A moment of the local day, in UTC."""
        hours = _HOURS_OF_OFFICES if office else _HOURS_OF_PEOPLE
        second = stream.choice(hours) * 3_600 + stream.randrange(3_600)
        return (datetime.combine(day, time(), ZONE) + timedelta(seconds=second)).astimezone(UTC)


#: No day is busier than this, in `Calendar.business`.
BUSIEST = max(_MONTHS) * max(*_WEEK_OF_PEOPLE, *_WEEK_OF_OFFICES)


def local_day(instant: datetime) -> date:
    """The local day of an instant."""
    return instant.astimezone(ZONE).date()


def month_start(day: date, months: int) -> date:
    """The first of the month that lies so many months after that of `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
