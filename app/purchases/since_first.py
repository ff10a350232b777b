"""What newcomers brought in since their first purchase, by whole months since and by channel."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_

from sqlalchemy import text

from app.purchases.book import Book
from app.purchases.contributions import months_since
from app.purchases.histories import Move
from app.purchases.local_days import split_months
from app.purchases.newcomers import Window, histories_of, newcomers
from app.purchases.spans import members_of, set_of


@dataclass
class Brought:
    """Of the newcomers of one channel: money in ten-thousandths, by months since."""

    amounts: Counter[int] = field(default_factory=Counter)
    first_days: Counter[int] = field(default_factory=Counter)
    """How many customers first bought on each day."""
    moves: Counter[str] = field(default_factory=Counter)
    """How many sums of a day, by currency."""

    def earn(self, currency: str, months: int, n: int, amount: int) -> None:
        """Add sums of days."""
        self.moves[currency] += n
        self.amounts[months] += amount

    def take(self, first: int, moves: Iterable[Move], times: int = 1) -> None:
        """Add a customer who first bought on a day, or with -1 take one away."""
        self.first_days[first] += times
        for day, currency, amount in moves:
            self.moves[currency] += times
            self.amounts[months_since(first, day)] += times * amount

    @property
    def currencies(self) -> set[str]:
        """The currencies in which anything was brought in or paid back."""
        return {currency for currency, n in self.moves.items() if n}


_KEPT = text("""
SELECT asked.number, asked.measure, c.*
FROM unnest(CAST(:numbers AS bigint[]), CAST(:measures AS text[]), CAST(:firsts AS bigint[]),
    CAST(:lasts AS bigint[])) AS asked (number, measure, first, last)
JOIN LATERAL (
    SELECT member, currency, other, sum(n), sum(amount),
        array_agg(place) FILTER (WHERE asked.measure = 'newcomers'),
        array_agg(n) FILTER (WHERE asked.measure = 'newcomers')
    FROM purchase_cells
    WHERE workspace_id = :workspace_id AND measure = asked.measure AND dimension = 'channel'
        AND place >= asked.first AND place < asked.last
    GROUP BY member, currency, other
) AS c ON true
""")
_LATER = text("""
SELECT number FROM customer_purchases
WHERE workspace_id = :workspace_id AND last_move_day > :today
""")

#: By channel.
Channels = dict[str, Brought]


async def brought_since_first(book: Book, windows: Sequence[Window], today: int) -> list[Channels]:
    """What the newcomers of each window brought in up to and on a day.

    Who they are, and which purchase was the first, is judged when the window ends.
    """
    found = await _kept(book, windows)
    later = await _moved_later(book, today)
    new = await newcomers(book, windows)
    undone = book.hands([bool(one.history.undone) for one in book.by_hand])
    tangled = [
        each.differing | each.judged & (later | undone | book.standing.opened(*window))
        for window, each in zip(windows, new, strict=True)
    ]
    histories = await histories_of(book, reduce(or_, tangled, 0))
    for channels, window, each, customers in zip(found, windows, new, tangled, strict=True):
        kept, judged = (set(members_of(own & customers)) for own in (each.kept, each.judged))
        for place in kept | judged:
            history = histories[place]
            brought = channels.setdefault(history.traits.channel, Brought())
            if place in kept:
                brought.take(history.days[0], history.moves, -1)
            if place in judged:
                first = min(history.bought(*window, window.last))
                moves = (move for move in history.moves if move.day <= today)
                brought.take(first, moves)
    return found


async def _kept(book: Book, windows: Sequence[Window]) -> list[Channels]:
    """By the first of the days that are kept, and with all that is yet to come."""
    found: list[Channels] = [{} for _ in windows]
    pieces = [
        (number, *piece) for number, window in enumerate(windows) for piece in _pieces(window)
    ]
    names = ("numbers", "measures", "firsts", "lasts")
    named = {name: [piece[at] for piece in pieces] for at, name in enumerate(names)}
    rows = await book.session.execute(_KEPT, {"workspace_id": book.workspace_id, **named})
    for number, measure, channel, currency, months, n, amount, first_days, customers in rows:
        brought = found[number].setdefault(channel, Brought())
        if measure == "newcomers":
            brought.first_days.update(dict(zip(first_days, customers, strict=True)))
        else:
            brought.earn(currency, months, int(n), int(amount))
    for cell, sums in book.corrections.items():
        if cell.measure not in ("newcomers", "earned"):
            continue
        for channels, window in zip(found, windows, strict=True):
            if window.first <= cell.place < window.last:
                brought = channels.setdefault(cell.member, Brought())
                if cell.measure == "newcomers":
                    brought.first_days[cell.place] += sums.n
                else:
                    brought.earn(cell.currency, cell.other, sums.n, sums.amount)
    return found


def _pieces(window: Window) -> Iterator[tuple[str, int, int]]:
    """Measures and ranges of places that are together the window: whole months where it has any."""
    yield "newcomers", *window
    before, months, after = split_months(*window)
    for measure, places in (("earned", before), ("earned_month", months), ("earned", after)):
        yield measure, places.start, places.stop


async def _moved_later(book: Book, today: int) -> int:
    """The set of those of whom something is ordered or paid back after a day."""
    named = {"workspace_id": book.workspace_id, "today": date.fromordinal(today)}
    numbers = (await book.session.execute(_LATER, named)).scalars().all()
    own = [any(move.day > today for move in one.history.moves) for one in book.by_hand]
    by_hand = set_of([place for place, has in enumerate(own) if has])
    return set_of(numbers) & ~book.apart | by_hand << book.base
