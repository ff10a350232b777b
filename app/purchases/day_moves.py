"""What each customer brought in during any days, and what followed, exactly at one instant."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from app.purchases.book import Book, Filters
from app.purchases.digits import Amounts
from app.purchases.followed import Followed, Groups
from app.purchases.newcomers import Window
from app.purchases.spans import CHUNK, flags_of
from app.purchases.stored_amounts import Columns, unpacked

_KEPT = text("""
SELECT place, member, chunk, customers, amounts FROM customer_amounts
WHERE workspace_id = :workspace_id AND kind = 'moved' AND place = ANY(CAST(:days AS bigint[]))
""")

_EVERYBODY = (1 << CHUNK) - 1

_At = tuple[str, int]
"""A currency, and a chunk of customers."""
_Brought = dict[int, int]
"""What was brought in by the customers of a chunk, by their places in it."""


async def followed_by_days(
    book: Book, asked: Sequence[tuple[Window, Window]], by: str | None, filters: Filters
) -> list[Groups]:
    """What customers brought in in a window of days, and in another: orders less refunds."""
    windows = list(dict.fromkeys(window for both in asked for window in both))
    brought = dict(zip(windows, await _brought_in(book, windows), strict=True))
    groups = await book.groups(by, filters)
    found: list[Groups] = []
    for base, after in asked:
        found.append({})
        for at, before in brought[base].items():
            currency, chunk = at
            above = {customer: amount for customer, amount in before.items() if amount > 0}
            for member, customers in groups.items():
                if own := _among(above, customers >> chunk * CHUNK & _EVERYBODY):
                    sums = found[-1].setdefault(member, {}).setdefault(currency, Followed())
                    sums.take(own, brought[after].get(at, {}))
    return found


def _among(brought: _Brought, customers: int) -> _Brought:
    """What those of a set brought in."""
    if customers == _EVERYBODY:
        return brought
    flags = flags_of(customers, _EVERYBODY)
    return {n: amount for n, amount in brought.items() if flags[n >> 3] >> (n & 7) & 1}


async def brought_in_days(book: Book, windows: Sequence[Window]) -> list[Amounts]:
    """What each customer brought in during each window of days, whatever the currency."""
    found = []
    for kept in await _brought_in(book, windows):
        customers: list[int] = []
        amounts: list[int] = []
        for (_, chunk), brought in kept.items():
            customers += [chunk * CHUNK + customer for customer in brought]
            amounts += brought.values()
        found.append(Amounts.of(customers, amounts))
    return found


async def _brought_in(book: Book, windows: Sequence[Window]) -> list[dict[_At, _Brought]]:
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


def _together(days: Iterable[tuple[_At, Columns]]) -> dict[_At, _Brought]:
    """The sums of customers."""
    found: dict[_At, _Brought] = {}
    for at, columns in days:
        sums = found.setdefault(at, {})
        so_far = sums.get
        for customer, amount in zip(*columns, strict=True):
            sums[customer] = so_far(customer, 0) + amount
    return found
