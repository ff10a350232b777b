"""How many units were sold in some days, by the orders that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.purchases.book import Book, Filters
from app.purchases.cells import summed
from app.purchases.newcomers import Window
from app.purchases.undone import undone_later


@dataclass
class Units:
    """What some orders are of."""

    orders: int = 0
    saying: int = 0
    """Orders that say their quantity."""
    units: int = 0


async def units_sold(
    book: Book, windows: Sequence[Window], by: str | None, filters: Filters
) -> list[dict[str, Units]] | None:
    """By group, the orders placed in each window that stand when it ends.

    None where several traits are asked about at once. The book was opened for the ends.
    """
    sums = await summed(book, ["day", "units"], windows, by, filters)
    if sums is None:
        return None
    found: list[dict[str, Units]] = [{} for _ in windows]
    for groups, each in zip(found, sums, strict=True):
        for group, n in each.n.items():
            sold = groups.setdefault(group.member, Units())
            if group.measure == "units":
                sold.saying += n
                sold.units += each.amount[group]
            elif not group.currency:  # with a currency it is money that moved
                sold.orders += n
    for place, order in undone_later(book, windows, by, filters):
        sold = found[place].setdefault(order.group, Units())
        sold.orders += 1
        if order.quantity is not None:
            sold.saying += 1
            sold.units += order.quantity
    return found
