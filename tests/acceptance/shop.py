"""What the shop's log says of its customers: sets of customers and dates, nothing else."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from tests.acceptance.sources import purchases

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shop:
    """What each customer spent on each day, in the life of the log and in the moved one."""

    days: dict[str, dict[date, Decimal]]

    def of(self, customers: Collection[str]) -> "Shop":
        """Only some of the customers."""
        return Shop({name: own for name, own in self.days.items() if name in customers})

    def active(self, start: date, end: date) -> set[str]:
        """Customers with a purchase in [start, end)."""
        return {name for name, own in self.days.items() if any(start <= day < end for day in own)}

    def gained(self, start: date, end: date) -> set[str]:
        """Customers whose first purchase lies in [start, end)."""
        return {name for name, own in self.days.items() if start <= min(own) < end}

    def known(self, at: date) -> set[str]:
        """Customers with a purchase before the day."""
        return self.gained(date.min, at)

    def repeating(self, start: date, end: date) -> set[str]:
        """Customers who bought on two or more days in [start, end)."""
        return {
            name for name, own in self.days.items() if sum(start <= day < end for day in own) >= 2
        }

    def spent(self, names: Iterable[str], end: date) -> list[Decimal]:
        """What each of the customers has spent before the day."""
        return [
            sum((paid for day, paid in self.days[name].items() if day < end), Decimal(0))
            for name in sorted(names)
        ]

    def segments(self) -> dict[str, set[str]]:
        """Customers by the month of their first purchase."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, own in self.days.items():
            found[f"{min(own):%Y-%m}"].add(name)
        return found


@cache
def shop() -> Shop:
    """The shop of the log."""
    days: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for each in purchases():
        days[each.customer][each.day] += each.amount
        if each.moved_to is not None:
            days[each.customer][each.moved_to] += each.amount
    return Shop({name: dict(own) for name, own in days.items()})


def month(number: int) -> date:
    """The first day of a month, counted from January 1997."""
    return date(1997 + number // 12, number % 12 + 1, 1)
