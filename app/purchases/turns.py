"""When customers turned: bought on a second day, or fell silent; counts of them, day by day."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from app.purchases.contributions import DIMENSIONS
from app.purchases.histories import History
from app.purchases.local_days import first_day_of, month_of

Turn = Literal["second", "silent"]
#: The month of those who have not turned: after every other. It ends with `FOREVER`.
NEVER = 9_999 * 12 + 10
FOREVER = first_day_of(NEVER + 1)


class Spread(NamedTuple):
    """Which counts are kept together; see `PurchaseTurn`."""

    turn: str
    measure: str
    dimension: str
    member: str
    month: int
    first_month: int


#: How many customers, by days.
Counts = dict[int, int]
_Place = tuple[str, str, int, int]


def turn_of(turn: Turn, history: History) -> int | None:
    """The day on which a customer turned, by the purchases that are never fully refunded."""
    if turn == "silent":
        return history.silent_day
    return history.days[1] if len(history.days) > 1 else None


class Turns:
    """What customers add to the counts."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], dict[_Place, Counts]] = {}

    def add(self, history: History, times: int = 1) -> None:
        """Add a customer, or with -1 take one away."""
        counted = list(_counted(history))
        for group in (("", ""), *zip(DIMENSIONS, history.traits, strict=True)):
            own = self._groups.setdefault(group, {})
            for place, day in counted:
                counts = own.setdefault(place, {})
                counts[day] = counts.get(day, 0) + times

    def changes(self) -> dict[Spread, Counts]:
        """What is left, without zeros."""
        found = {
            Spread(turn, measure, *group, month, first_month): {
                day: n for day, n in counts.items() if n
            }
            for group, own in self._groups.items()
            for (turn, measure, month, first_month), counts in own.items()
        }
        return {spread: counts for spread, counts in found.items() if counts}


def _counted(history: History) -> Iterator[tuple[_Place, int]]:
    if not history.days:
        return
    first = history.days[0]
    turns: tuple[Turn, ...] = ("second", "silent")
    for turn in turns:
        day = turn_of(turn, history)
        if day is None:
            yield (turn, "first_day", NEVER, 0), first
        else:
            month = month_of(day)
            yield (turn, "first_day", month, 0), first
            yield (turn, "gap", 0, 0), day - first
            yield (turn, "gap_by_month", month, month_of(first)), day - first
