"""Lives that were others when a watch ended: orders stood then that were fully refunded later."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text

from app.kpis.survival_lives import Groups, Wanted, add, kept, life_of, life_on
from app.purchases.book import Book, group_of, kinds, trait
from app.purchases.histories import SILENCE_DAYS
from app.purchases.turns import Turn

# An order after the second purchase changes neither that nor the first; none within the days
# before the silence that is kept changes it, nor one that comes too late to break it.
_MOVED: Mapping[Turn, str] = {
    "second": "p.second IS NULL OR p.second > asked.placed",
    "silent": f"""p.silent IS NULL OR p.first > asked.placed
    OR p.silent < asked.placed AND p.silent + {SILENCE_DAYS} >= asked.placed""",
}
#: The days that tell where a turn moves to.
_TELLING: Mapping[Turn, str] = {"second": "p.days[1:2]", "silent": "p.days"}
_CUSTOMERS = """
SELECT p.number, p.first, p.{turn}, {days}, ARRAY[{columns}]::text[]
FROM unnest(CAST(:numbers AS bigint[]), CAST(:placed AS bigint[])) AS asked (number, placed)
JOIN LATERAL (
    SELECT *, p.first_day - DATE '0001-01-01' + 1 AS first,
        p.{turn}_day - DATE '0001-01-01' + 1 AS {turn}
    FROM customer_purchases p
    WHERE p.workspace_id = :workspace_id AND p.number = asked.number OFFSET 0
) AS p ON {moved}
WHERE true {condition}
"""


class _Customer(NamedTuple):
    """A customer by the purchases that stand now."""

    first: int | None
    turn: int | None
    days: Sequence[int]
    group: str


async def add_standing(
    found: Sequence[Groups], book: Book, wanted: Sequence[Wanted], by: str | None
) -> None:
    """Put right the lives of customers by the orders that stood when a watch ended."""
    customers = await _moved(book, wanted, by)
    for groups, each in zip(found, wanted, strict=True):
        orders = book.standing.at(each.end)
        placed: dict[int, list[int]] = {}
        for number, day in zip(orders.customers, orders.placed_days, strict=True):
            if number in customers:
                placed.setdefault(number, []).append(day)
        for number, days in placed.items():
            own = customers[number]
            before = life_of(each, own.first, own.turn)
            if before is not None:
                add(groups, own.group, before._replace(n=-1))
            add(groups, own.group, life_on(each, sorted({*own.days, *days})))


async def _moved(book: Book, wanted: Sequence[Wanted], by: str | None) -> dict[int, _Customer]:
    """By number, those whose turn any of the orders moves."""
    stood = [book.standing.at(end) for end in {each.end for each in wanted}]
    if not any(orders.customers for orders in stood):
        return {}
    named, condition = kept(book, wanted[0])
    named |= {
        "numbers": [number for orders in stood for number in orders.customers],
        "placed": [day for orders in stood for day in orders.placed_days],
    }
    turn = wanted[0].turn
    columns = ", ".join(f"p.{trait(kind)}" for kind in kinds(by))
    statement = _CUSTOMERS.format(
        turn=turn, moved=_MOVED[turn], days=_TELLING[turn], columns=columns, condition=condition
    )
    return {
        number: _Customer(first, turned, own, group_of(members))
        for number, first, turned, own, members in await book.session.execute(
            text(statement), named
        )
    }
