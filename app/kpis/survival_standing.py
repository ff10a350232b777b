"""Lives that were others when a watch ended: orders stood then that were fully refunded later."""

from typing import NamedTuple

from sqlalchemy import text

from app.kpis.survival_lives import Groups, Wanted, add, kept, life_of
from app.purchases.book import Book, group_of, kinds, trait

# An order after the second purchase changes neither that nor the first.
_EARLY = """
SELECT p.number, asked.placed, p.first_day - DATE '0001-01-01' + 1,
    p.second_day - DATE '0001-01-01' + 1, ARRAY[{columns}]::text[]
FROM unnest(CAST(:numbers AS bigint[]), CAST(:placed AS bigint[])) AS asked (number, placed)
JOIN LATERAL (
    SELECT * FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.number = asked.number OFFSET 0
) AS p ON p.second_day IS NULL OR p.second_day - DATE '0001-01-01' + 1 > asked.placed
WHERE true {condition}
"""


class _Customer(NamedTuple):
    """A customer by the purchases that stand now."""

    group: str
    first: int | None
    second: int | None


async def add_standing(found: Groups, book: Book, wanted: Wanted, by: str | None) -> None:
    """Count customers until their second purchase with the orders that stood at the end."""
    orders = book.standing.at(wanted.end)
    named, condition = kept(book, wanted)
    named |= {
        "numbers": orders.customers,
        "placed": orders.placed_days,
    }
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    statement = text(_EARLY.format(columns=columns, condition=condition))
    rows = (await book.session.execute(statement, named)).all() if orders.customers else []
    customers: dict[int, _Customer] = {}
    days: dict[int, set[int]] = {}
    for number, placed, first, second, members in rows:
        customers[number] = _Customer(group_of(members), first, second)
        days.setdefault(number, {day for day in (first, second) if day}).add(placed)
    for number, customer in customers.items():
        first, second = [*sorted(days[number]), None][:2]
        before = life_of(wanted, customer.first, customer.second)
        if before is not None:
            add(found, customer.group, before._replace(n=-1))
        add(found, customer.group, life_of(wanted, first, second))
