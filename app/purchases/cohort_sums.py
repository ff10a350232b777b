"""What newcomers of whole months brought in up to the end of these, in sums by group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.purchases.book import Book, Filters, passes, trait
from app.purchases.histories import History
from app.purchases.local_days import month_of
from app.purchases.newcomers import Newcomers, Window, histories_of
from app.purchases.one_trait import OneTrait, one_trait
from app.purchases.spans import members_of
from app.purchases.values import Booked

# Money that moved before the month of the first purchase stands before the end, too.
_CELLS = """
SELECT asked.number, c.*
FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]))
    WITH ORDINALITY AS asked (first, last, number)
JOIN LATERAL (
    SELECT {member} AS member, c.currency, sum(c.n), sum(c.amount), sum(c.squares)
    FROM purchase_cells c
    WHERE c.workspace_id = :workspace_id AND c.measure = 'cohort' AND c.dimension = :dimension
        AND c.place >= asked.first AND c.place < asked.last AND c.other < asked.last
        AND {condition}
    GROUP BY 1, 2
) AS c ON true
"""


@dataclass
class _Sums:
    """What some customers brought in."""

    total: int = 0
    squares: int = 0
    """Of the customers' totals."""
    moves: Counter[str] = field(default_factory=Counter)
    """How many sums of a day, by currency."""

    def add(self, currency: str, n: int, total: int, squares: int) -> None:
        """Add what was brought in in a currency."""
        self.moves[currency] += n
        self.total += total
        self.squares += squares

    def take(self, history: History, last: int, times: int) -> None:
        """Add what a customer brought in before a day, or with -1 take it away."""
        total = history.net(last)
        self.total += times * total
        self.squares += times * total**2
        for move in history.moves:
            if move.day < last:
                self.moves[move.currency] += times

    @property
    def booked(self) -> Booked:
        """The sums with the currencies in which anything moved."""
        used = frozenset(currency for currency, n in self.moves.items() if n)
        return Booked(self.total, self.squares, used)


async def newcomers_booked(
    book: Book, new: Sequence[tuple[Window, Newcomers]], by: str | None, filters: Filters
) -> list[dict[str, Booked]] | None:
    """By group, what the newcomers of each window brought in before it ends.

    None where several traits are asked about at once: sums are kept by one. The windows are of
    whole months.
    """
    asked = one_trait(by, filters)
    if asked is None:
        return None
    months = [Window(*map(month_of, window)) for window, _ in new]
    found = await _kept(book, months, asked)
    for member, cell, sums in asked.corrections(book, "cohort"):
        for groups, (first, last) in zip(found, months, strict=True):
            if first <= cell.place < last and cell.other < last:
                own = groups.setdefault(member, _Sums())
                own.add(cell.currency, sums.n, sums.amount, sums.squares)
    await _judge(book, new, found, (by, filters))
    return [{member: sums.booked for member, sums in groups.items()} for groups in found]


async def _kept(book: Book, months: Sequence[Window], asked: OneTrait) -> list[dict[str, _Sums]]:
    """By the first of the days that are kept."""
    named = {
        "workspace_id": book.workspace_id,
        "firsts": [first for first, _ in months],
        "lasts": [last for _, last in months],
        **asked.parameters,
    }
    found: list[dict[str, _Sums]] = [{} for _ in months]
    rows = await book.session.execute(asked.on_cells(_CELLS), named)
    for number, member, currency, *sums in rows:
        n, total, squares = (int(each) for each in sums)
        found[number - 1].setdefault(member, _Sums()).add(currency, n, total, squares)
    return found


async def _judge(
    book: Book,
    new: Sequence[tuple[Window, Newcomers]],
    found: Sequence[dict[str, _Sums]],
    asked: tuple[str | None, Filters],
) -> None:
    """Put those who are new by their kept days alone, or not by these, in their right place."""
    by, filters = asked
    differing = 0
    for _, each in new:
        differing |= each.differing
    histories = await histories_of(book, differing)
    for groups, (window, each) in zip(found, new, strict=True):
        judged = set(members_of(each.judged & each.differing))
        for place in members_of(each.differing):
            history = histories[place]
            if passes(history.traits, filters):
                member = getattr(history.traits, trait(by)) if by else ""
                times = 1 if place in judged else -1
                groups.setdefault(member, _Sums()).take(history, window.last, times)
