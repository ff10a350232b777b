"""Who first bought in a window of days: as its end judges it, and by the days that are kept.

The two differ where an order stood at the end and was fully refunded later. Sums are kept by the
first of the days that are kept; those who differ are few, and taken from their histories.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.purchases.book import Book, Days
from app.purchases.histories import History
from app.purchases.reading import folded_by_number
from app.purchases.spans import members_of

#: A day after every other: what stands then is never undone.
NEVER = 1 << 20


class Window(NamedTuple):
    """The days [first, last)."""

    first: int
    last: int

    @classmethod
    def of(cls, start: date, end: date) -> "Window":
        """The days from one date up to but not including another."""
        return cls(start.toordinal(), end.toordinal())


@dataclass(frozen=True)
class Newcomers:
    """The customers whose first purchase lies in a window."""

    judged: int
    """For purchases that stand when the window ends."""
    kept: int
    """For purchases that are never fully refunded."""

    @property
    def differing(self) -> int:
        """Those who are new by one of the two alone."""
        return self.judged ^ self.kept


async def newcomers(book: Book, windows: Sequence[Window]) -> list[Newcomers]:
    """Who is new in each of the windows; the book was opened for their ends."""
    asked = [
        days
        for first, last in windows
        for as_of in (last, NEVER)
        for days in (Days(first, last, as_of), Days(0, first, as_of))
    ]
    found = iter(await book.bought(asked))
    return [
        Newcomers(judged=next(found) & ~next(found), kept=next(found) & ~next(found))
        for _ in windows
    ]


async def histories_of(book: Book, customers: int) -> dict[int, History]:
    """The histories of a set of customers, by their places in it."""
    folded = list(members_of(customers & ((1 << book.base) - 1)))
    found = await folded_by_number(book.session, book.workspace_id, folded) if folded else {}
    by_hand = members_of(customers >> book.base)
    return found | {book.base + place: book.by_hand[place].history for place in by_hand}
