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

#: By number.
_Amounts = dict[int, int]
_Brought = dict[str, _Amounts]
"""By currency."""


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
        found.append({})
        for currency, before in brought[base].items():
            sums = _followed(before, brought[after].get(currency, {}), group_of, len(groups))
            for member, own in zip(groups, sums, strict=True):
                if own.customers:
                    found[-1].setdefault(member, {})[currency] = own
    return found


def _followed(
    before: _Amounts, after: _Amounts, group_of: Sequence[int], groups: int
) -> list[Followed]:
    """What followed in each group, by who is in which from 1."""
    # By plain numbers: an attribute takes as long as the sum.
    customers, base, revenue, kept = ([0] * (groups + 1) for _ in range(4))
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
    return [Followed(*sums) for sums in zip(customers, base, revenue, kept, strict=True)][1:]


async def brought_in_days(book: Book, windows: Sequence[Window]) -> list[Amounts]:
    """What each customer brought in during each window of days, whatever the currency."""
    found = []
    for kept in await _brought_in(book, tuple(windows)):
        customers: list[int] = []
        amounts: list[int] = []
        for brought in kept.values():
            customers += brought
            amounts += brought.values()
        found.append(Amounts.of(customers, amounts))
    return found


async def _brought_in(book: Book, windows: tuple[Window, ...]) -> list[_Brought]:
    # Numbers are those of this book; it lives as long as what is known of its snapshot.
    asked = (_brought_in, id(book), windows)
    return await once(book.session, asked, lambda: _read(book, windows))


async def _read(book: Book, windows: Sequence[Window]) -> list[_Brought]:
    days = {day for window in windows for day in range(*window)}
    listed: dict[int, list[tuple[str, int, Columns]]] = {day: [] for day in days}
    named = {"workspace_id": book.workspace_id, "days": sorted(days)}
    for day, currency, chunk, *packed in await book.session.execute(_KEPT, named):
        listed[day].append((currency, chunk * CHUNK, unpacked(*packed)))
    found = []
    for window in windows:
        found.append(_together(each for day in range(*window) for each in listed[day]))
        for brought in found[-1].values():
            for one in book.by_hand:
                brought.pop(-1 if one.number is None else one.number, None)
        for place, one in enumerate(book.by_hand, book.base):
            for day, currency, amount in one.history.moves:
                if window.first <= day < window.last:
                    own = found[-1].setdefault(currency, {})
                    own[place] = own.get(place, 0) + amount
    return found


def _together(listed: Iterable[tuple[str, int, Columns]]) -> _Brought:
    """The sums of customers."""
    found: _Brought = {}
    for currency, first, (customers, amounts) in listed:
        sums = found.setdefault(currency, {})
        so_far = sums.get
        for customer, amount in zip(map(first.__add__, customers), amounts, strict=True):
            sums[customer] = so_far(customer, 0) + amount
    return found
