"""What is asked of the lives of customers, and what one history says of a life."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.survival import Lives, Watched
from app.purchases.book import Book, group_of, kinds, passes, trait
from app.purchases.histories import SILENCE_DAYS, History
from app.purchases.turns import Turn

Event = Literal["second_purchase", "churn"]
#: Those who are watched, by group; groups of nobody are absent.
Groups = dict[str, Lives]


@dataclass(frozen=True)
class Wanted:
    """Whose time to what.

    All customers who bought before the period ends and were under observation in it; those who
    began before it enter late. With `acquired`, only those whose first purchase lies in it.
    """

    scope: Scope
    period: Period
    event: Event = "second_purchase"
    window: int = SILENCE_DAYS
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

    @property
    def lag(self) -> int:
        """Days from the one that decides until it is known."""
        return self.window if self.event == "churn" else 0

    @property
    def turn(self) -> Turn:
        """The turn that decides."""
        return "silent" if self.event == "churn" else "second"

    @property
    def due(self) -> int:
        """Turns on this day or later are not known by the end."""
        return self.end - self.lag

    @property
    def late(self) -> bool:
        """Whether some came under observation after their first purchase."""
        return bool(self.watched_from)

    @property
    def watched_turns(self) -> int:
        """The first day whose turns were known under observation; 0: all were."""
        return self.watched_from - self.lag if self.late else 0

    def entry(self, first: int) -> int:
        """The time after which one who began on a day was watched."""
        return max(self.watched_from - 1 - first, -1)


_NOT_BY_HAND = """
AND NOT EXISTS (SELECT FROM unnest(CAST(:by_hand AS bigint[])) AS n WHERE n = p.number)
"""


def add(found: Groups, group: str, life: Watched | None) -> None:
    """Count a life in a group."""
    if life is not None:
        lives_of(found, group).add(life)


def lives_of(found: Groups, group: str) -> Lives:
    """The lives of a group, to add to them."""
    lives = found.get(group)
    if lives is None:
        lives = found[group] = Lives()
    return lives


def group_named(history: History, by: str | None) -> str:
    """The group of a customer."""
    return group_of([getattr(history.traits, kind) for kind in kinds(by)])


def life(wanted: Wanted, history: History) -> Watched | None:
    """What a statement says of a customer, said of a history."""
    return life_on(wanted, sorted(history.bought(0, wanted.end, wanted.end)))


def life_on(wanted: Wanted, days: Sequence[int]) -> Watched | None:
    """What days of purchases, which ascend, say of a life."""
    if not days:
        return None
    turn: int | None = days[1] if len(days) > 1 else None
    if wanted.event == "churn":
        gaps = pairwise(days)
        turn = next((day for day, after in gaps if after - day > wanted.window), days[-1])
    return life_of(wanted, days[0], turn)


def life_of(wanted: Wanted, first: int | None, turn: int | None) -> Watched | None:
    """The life of one who began on a day, by the day that decides; None if not watched."""
    if first is None or not wanted.since <= first < wanted.end:
        return None
    happened = turn is not None and turn + wanted.lag < wanted.end
    last = turn + wanted.lag if happened and turn is not None else wanted.end - 1
    entry = wanted.entry(first)
    return Watched(entry, last - first, happened) if last - first > entry else None


def add_by_hand(found: Groups, book: Book, wanted: Wanted, by: str | None) -> None:
    """Count those who are counted by hand."""
    for one in book.by_hand:
        if passes(one.history.traits, wanted.scope.filters):
            add(found, group_named(one.history, by), life(wanted, one.history))


def kept(book: Book, wanted: Wanted) -> tuple[dict[str, object], str]:
    """Parameters and conditions for what is kept of those who are not counted by hand."""
    named: dict[str, object] = {"workspace_id": book.workspace_id}
    condition = ""
    if by_hand := sorted(one.number for one in book.by_hand if one.number is not None):
        named["by_hand"] = by_hand
        # An anti-join is hashed whatever the plan; `<> ALL` of a parameter need not be.
        condition = _NOT_BY_HAND
    for number, (kind, members) in enumerate(wanted.scope.filters.items()):
        condition += f" AND p.{trait(kind)} = ANY(CAST(:members{number} AS text[]))"
        named[f"members{number}"] = list(members)
    return named, condition
