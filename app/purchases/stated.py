"""What the orders of some days state, added up, by those that state it."""

from collections.abc import Sequence

from app.purchases.book import Book, Filters
from app.purchases.cells import summed
from app.purchases.newcomers import Window
from app.purchases.undone import Statements, What, undone_later


async def stated_by_orders(
    book: Book, what: What, windows: Sequence[Window], by: str | None, filters: Filters
) -> list[dict[str, Statements]] | None:
    """By group, the orders placed in each window that stand when it ends.

    None where several traits are asked about at once: sums are kept by one.
    """
    sums = await summed(book, ["day", what], windows, by, filters)
    if sums is None:
        return None
    found: list[dict[str, Statements]] = [{} for _ in windows]
    for groups, each in zip(found, sums, strict=True):
        for group, n in each.n.items():
            stated = groups.setdefault(group.member, Statements())
            if group.measure == what:
                stated.stating += n
                stated.total += each.amount[group]
            elif not group.currency:  # with a currency it is money that moved
                stated.orders += n
    later = await undone_later(book, windows, by, filters, what)
    for groups, own in zip(found, later, strict=True):
        for member, stood in own.items():
            stated = groups.setdefault(member, Statements())
            stated.add(stood.orders, stood.stating, stood.total)
    return found
