"""What each customer brought in during any days, and what followed, exactly at one instant."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from app.db import once
from app.purchases.book import Book, Filters
from app.purchases.digits import Amounts
from app.purchases.followed import Followed, Groups
from app.purchases.newcomers import Window
from app.purchases.spans import CHUNK, index_of
from app.purchases.stored_amounts import Columns, unpacked

_KEPT = text("""
SELECT place, member, chunk, customers, amounts FROM customer_amounts
WHERE workspace_id = :workspace_id AND kind = 'moved' AND place = ANY(CAST(:days AS bigint[]))
""")

_At = tuple[str, int]
"""A currency, and a chunk of customers."""
_Amounts = dict[int, int]
"""Of the customers of a chunk, by their places in it: large mappings take twice as long."""
_Brought = dict[_At, _Amounts]


async def followed_by_days(
    book: Book, asked: Sequence[tuple[Window, Window]], by: str | None, filters: Filters
) -> list[Groups]:
    """What customers brought in in a window of days, and in another: orders less refunds."""
    windows = tuple(dict.fromkeys(window for both in asked for window in both))
    brought = dict(zip(windows, await _brought_in(book, windows), strict=True))
    groups = await book.groups(by, filters)
    group_of = index_of(list(groups.values()), book.everybody.bit_length())
    found: list[Groups] = []
    for base, after in asked:
        by_currency: dict[str, _Sums] = {}
        for (currency, chunk), before in brought[base].items():
            sums = by_currency.setdefault(currency, _Sums(len(groups)))
            own = group_of[chunk * CHUNK : (chunk + 1) * CHUNK]
            sums.add(before, brought[after].get((currency, chunk), {}), own)
        found.append({})
        for currency, sums in by_currency.items():
            for member, followed in zip(groups, sums.followed(), strict=True):
                if followed.customers:
                    found[-1].setdefault(member, {})[currency] = followed
    return found


class _Sums:
    """What followed, by the number of the group."""

    def __init__(self, groups: int) -> None:
        # Plain numbers: an attribute of each group takes as long as the sum.
        self._columns = [[0] * (groups + 1) for _ in Followed.__dataclass_fields__]

    def add(self, before: _Amounts, after: _Amounts, group_of: Sequence[int]) -> None:
        """Add customers by what they brought in, and by who is in which group from 1."""
        customers, base, revenue, kept = self._columns
        for group, amount in zip(map(group_of.__getitem__, before), before.values(), strict=True):
            if amount > 0:
                customers[group] += 1
                base[group] += amount
        for customer in before.keys() & after.keys():
            amount, later = before[customer], after[customer]
            if amount > 0:
                group = group_of[customer]
                revenue[group] += later
                kept[group] += max(0, min(amount, later))

    def followed(self) -> list[Followed]:
        """Of each group."""
        return [Followed(*sums) for sums in zip(*self._columns, strict=True)][1:]


async def brought_in_days(book: Book, windows: Sequence[Window]) -> list[Amounts]:
    """What each customer brought in during each window of days, whatever the currency."""
    found = []
    for kept in await _brought_in(book, tuple(windows)):
        customers: list[int] = []
        amounts: list[int] = []
        for (_, chunk), brought in kept.items():
            customers += [chunk * CHUNK + customer for customer in brought]
            amounts += brought.values()
        found.append(Amounts.of(customers, amounts))
    return found


async def _brought_in(book: Book, windows: tuple[Window, ...]) -> list[_Brought]:
    # Places are those of this book; it lives as long as what is known of its snapshot.
    asked = (_brought_in, id(book), windows)
    return await once(book.session, asked, lambda: _read(book, windows))


async def _read(book: Book, windows: Sequence[Window]) -> list[_Brought]:
    days = {day for window in windows for day in range(*window)}
    listed: dict[int, list[tuple[_At, Columns]]] = {day: [] for day in days}
    named = {"workspace_id": book.workspace_id, "days": sorted(days)}
    for day, currency, chunk, *packed in await book.session.execute(_KEPT, named):
        listed[day].append(((currency, chunk), unpacked(*packed)))
    apart = [divmod(one.number, CHUNK) for one in book.by_hand if one.number is not None]
    by_hand: dict[int, list[tuple[_At, Columns]]] = {}
    for place, one in enumerate(book.by_hand, book.base):
        chunk, customer = divmod(place, CHUNK)
        for day, currency, amount in one.history.moves:
            by_hand.setdefault(day, []).append(((currency, chunk), ((customer,), (amount,))))
    found = []
    for window in windows:
        kept = _together(each for day in range(*window) for each in listed[day])
        for (_, chunk), brought in kept.items():
            for customer in (customer for at, customer in apart if at == chunk):
                brought.pop(customer, None)
        hands = _together(each for day in range(*window) for each in by_hand.get(day, ()))
        found.append(kept | hands)
    return found


def _together(days: Iterable[tuple[_At, Columns]]) -> _Brought:
    """The sums of customers."""
    found: _Brought = {}
    for at, columns in days:
        sums = found.setdefault(at, {})
        for customer, amount in zip(*columns, strict=True):
            if customer in sums:
                sums[customer] += amount
            else:
                sums[customer] = amount
    return found
