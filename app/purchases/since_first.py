"""What customers brought in since the first purchase of a period, by days since and by channel."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import text

from app.purchases.book import Book, Days
from app.purchases.histories import History
from app.purchases.spans import members_of


@dataclass
class Brought:
    """Of the customers of one channel: money in ten-thousandths, by days since."""

    amounts: Counter[int] = field(default_factory=Counter)
    observed: Counter[int] = field(default_factory=Counter)
    """How many customers have been there for so many days."""
    currencies: set[str] = field(default_factory=set)

    def take(self, history: History, first: int, today: int) -> None:
        """Add a customer by the history and the first day."""
        self.observed[max(0, today - first)] += 1
        for move in history.moves:
            if move.day <= today:
                self.amounts[max(0, move.day - first)] += move.amount
                self.currencies.add(move.currency)


# Those who are folded and have no order that was undone after the period: every purchase of
# theirs stands, so that the first one is the first of the days that are kept.
_MOVES = text("""
WITH acquired AS MATERIALIZED (
    SELECT p.channel, p.move_days, p.move_amounts, p.move_currencies,
        (SELECT min(day) FROM unnest(p.days) AS day
        WHERE day >= CAST(:first AS bigint)) AS first_day
    FROM unnest(CAST(:numbers AS bigint[])) AS wanted (number)
    JOIN LATERAL (
        SELECT * FROM customer_purchases p
        WHERE p.workspace_id = :workspace_id AND p.number = wanted.number OFFSET 0
    ) AS p ON true
)
SELECT a.channel, m.currency, greatest(0, m.day - a.first_day) AS days, sum(m.amount) AS amount
FROM acquired a
CROSS JOIN LATERAL unnest(a.move_days, a.move_amounts, a.move_currencies)
    AS m (day, amount, currency)
WHERE m.day <= CAST(:today AS bigint)
GROUP BY 1, 2, 3
UNION ALL
SELECT channel, NULL, greatest(0, CAST(:today AS bigint) - first_day), count(*)
FROM acquired GROUP BY 1, 3
""")


async def brought_since_first(
    book: Book, customers: int, days: Days, today: int
) -> dict[str, Brought]:
    """For each channel what those of a set brought in up to and on a day.

    All of them have a purchase among `days` that stands then; the first of these counts as day 0.
    """
    found: dict[str, Brought] = {}
    numbers = list(members_of(customers & ~book.apart & ((1 << book.base) - 1)))
    named = {
        "workspace_id": book.workspace_id,
        "numbers": numbers,
        "first": days.first,
        "today": today,
    }
    rows = (await book.session.execute(_MOVES, named)).all() if numbers else []
    for channel, currency, since, amount in rows:
        brought = found.setdefault(channel, Brought())
        if currency is None:
            brought.observed[since] += int(amount)
        else:
            brought.amounts[since] += int(amount)
            brought.currencies.add(currency)
    for place in members_of(customers >> book.base):
        history = book.by_hand[place].history
        brought = found.setdefault(history.traits.channel, Brought())
        brought.take(history, min(history.bought(*days)), today)
    return found
