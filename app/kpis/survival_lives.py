"""What is asked of the times of customers, and the life of one who is counted by hand."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.purchases.book import Book, group_of, kinds, trait
from app.purchases.histories import History

Event = Literal["second_purchase", "churn"]
#: By group, how many were watched from when, until when, and with what end.
Lives = dict[str, Counter[tuple[int, int, bool]]]
Life = tuple[int, int, bool] | None


@dataclass(frozen=True)
class Wanted:
    """Whose time to what.

    All customers who bought before the period ends and were under observation in it; those who
    began before it enter late. With `acquired`, only those whose first purchase lies in it.
    """

    scope: Scope
    period: Period
    event: Event = "second_purchase"
    window: int = 90
    """Customers fall silent when this many days pass without a purchase."""
    acquired: bool = False
    watched_from: int = 0
    """The day from which on customers were under observation; 0: always."""

    @property
    def end(self) -> int:
        """The day after the last one that was watched."""
        return self.period.end.toordinal()

    @property
    def since(self) -> int:
        """The earliest day of a first purchase."""
        return self.period.start.toordinal() if self.acquired else 0


def add(found: Lives, group: str, life: Life, n: int) -> None:
    """Count a life n times more in a group."""
    if life is not None:
        found.setdefault(group, Counter())[life] += n


def group_named(history: History, by: str | None) -> str:
    """The group of a customer."""
    return group_of([getattr(history.traits, kind) for kind in kinds(by)])


def life(wanted: Wanted, history: History) -> Life:
    """What a statement says of a customer, said of a history."""
    days = sorted(history.bought(0, wanted.end, wanted.end))
    if not days or days[0] < wanted.since:
        return None
    entry = max(wanted.watched_from - 1 - days[0], -1)
    found: int | None = days[1] if len(days) > 1 else None
    if wanted.event == "churn":
        after = [*days[1:], None]
        silent = next(
            day
            for day, following in zip(days, after, strict=True)
            if following is None or following - day > wanted.window
        )
        found = silent + wanted.window
    happened = found is not None and found < wanted.end
    time = (found if happened and found is not None else wanted.end - 1) - days[0]
    return (entry, time, happened) if time > entry else None


def kept(book: Book, wanted: Wanted) -> tuple[dict[str, object], str]:
    """Parameters and conditions for what is kept of those who are not counted by hand."""
    named: dict[str, object] = {
        "workspace_id": book.workspace_id,
        "by_hand": sorted(one.number for one in book.by_hand if one.number is not None),
    }
    condition = ""
    for number, (kind, members) in enumerate(wanted.scope.filters.items()):
        condition += f" AND p.{trait(kind)} = ANY(CAST(:members{number} AS text[]))"
        named[f"members{number}"] = list(members)
    return named, condition
