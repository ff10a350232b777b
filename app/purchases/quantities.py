"""How many units were sold in some days, by the orders that say so."""

from collections.abc import Sequence

from app.purchases.book import Book, Filters
from app.purchases.cells import summed
from app.purchases.newcomers import Window
from app.purchases.undone import Units, undone_later


async def units_sold(
    book: Book, windows: Sequence[Window], by: str | None, filters: Filters
) -> list[dict[str, Units]] | None:
    """By group, the orders placed in each window that stand when it ends.

    None where several traits are asked about at once: sums are kept by one.
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
    for groups, later in zip(found, await undone_later(book, windows, by, filters), strict=True):
        for member, own in later.items():
            groups.setdefault(member, Units()).add(own.orders, own.saying, own.units)
    return found
