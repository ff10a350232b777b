"""Historic lifetime value from what is kept of purchases, where that can tell it."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.purchases import known_before, sets_bought
from app.purchases.book import Book, Filters
from app.purchases.cohort_sums import newcomers_booked
from app.purchases.histories import PARTS
from app.purchases.local_days import whole_months
from app.purchases.newcomer_totals import Totals, newcomer_totals
from app.purchases.newcomers import Newcomers, Window, newcomers
from app.purchases.totals import Values, currencies_before, values
from app.purchases.values import Booked, booked

TENTHS = [tenth / 10 for tenth in range(1, 10)]
#: The totals of so many customers are read one by one; of more, from their digits.
_FEW = 10_000


class Sums(NamedTuple):
    """What one group of customers has brought in, in sums."""

    n: int = 0
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)
    currencies: frozenset[str] = frozenset()
    deciles: Sequence[float] = ()


Found = list[dict[str, Sums]]


async def everybody(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None, *, spread: bool
) -> Found | None:
    """Sums over all customers known at the end of each period; None if the rows must be read.

    With `spread`, the deciles of the first period.
    """
    ends = [each.end.toordinal() for each in periods]
    sums = await booked(book, ends, by, scope.filters)
    if sums is None:
        return None
    worth = await values(book, ends[0]) if spread else None
    groups = await book.groups(by, scope.filters)
    asked = [known_before(each.end, each.end) for each in periods]
    known = await sets_bought(book, asked)
    found: Found = []
    for place, (end, days) in enumerate(zip(ends, asked, strict=True)):
        spreads = worth if place == 0 else None
        counted = {
            member: _sums(known[days] & own, sums[end].get(member, Booked()), spreads)
            for member, own in groups.items()
        }
        found.append({member: each for member, each in counted.items() if each.n})
    return found


async def acquired(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None, *, spread: bool
) -> Found:
    """The same over the customers whose first purchase lies in each period."""
    windows = [Window.of(each.start, each.end) for each in periods]
    new = dict(zip(windows, await newcomers(book, windows), strict=True))
    spread_of = windows[0] if spread else None
    summed = [each for each in windows if whole_months(*each) and each != spread_of]
    told = await _from_months(book, {each: new[each] for each in summed}, by, scope.filters)
    found: Found = []
    for window in windows:
        counted = told.get(window) or await _one_by_one(
            book, (window, new[window]), by, scope.filters, spread=window == spread_of
        )
        found.append({member: each for member, each in counted.items() if each.n})
    return found


async def _from_months(
    book: Book, new: Mapping[Window, Newcomers], by: str | None, filters: Filters
) -> dict[Window, dict[str, Sums]]:
    """The sums of the newcomers of whole months; nothing where these cannot be told."""
    sums = await newcomers_booked(book, list(new.items()), by, filters) if new else None
    if sums is None:
        return {}
    groups = await book.groups(by, filters)
    return {
        window: {
            member: _sums(each.judged & own, kept.get(member, Booked()), None)
            for member, own in groups.items()
        }
        for (window, each), kept in zip(new.items(), sums, strict=True)
    }


async def _one_by_one(
    book: Book,
    asked: tuple[Window, Newcomers],
    by: str | None,
    filters: Filters,
    *,
    spread: bool,
) -> dict[str, Sums]:
    """The sums of the newcomers of a window from the total of each."""
    window, new = asked
    if new.judged.bit_count() <= _FEW:
        totals = await newcomer_totals(book, window, new, by, filters)
        return {member: _added(own, spread=spread) for member, own in totals.items()}
    worth = await values(book, window.last)
    found = {}
    for member, group in (await book.groups(by, filters)).items():
        own = new.judged & group
        used = await currencies_before(book, own, window.last)
        found[member] = _sums(own, Booked(*worth.sums(own), used), worth if spread else None)
    return found


def _sums(customers: int, sums: Booked, worth: Values | None) -> Sums:
    n = customers.bit_count()
    ranked: Mapping[int, int] = {}
    if worth is not None and n:
        ranked = worth.ranked(customers, [rank for tenth in TENTHS for rank in _around(tenth, n)])
    return Sums(
        n,
        Fraction(sums.total, PARTS),
        Fraction(sums.squares, PARTS**2),
        sums.currencies,
        _deciles(ranked, n) if ranked else (),
    )


def _added(totals: Totals, *, spread: bool) -> Sums:
    amounts = sorted(totals.amounts)
    return Sums(
        len(amounts),
        Fraction(sum(amounts), PARTS),
        Fraction(sum(amount * amount for amount in amounts), PARTS**2),
        frozenset(totals.currencies),
        _deciles(dict(enumerate(amounts)), len(amounts)) if spread and amounts else (),
    )


def _around(tenth: float, n: int) -> tuple[int, int]:
    """The ranks on both sides of a quantile, from 0."""
    rank = int(tenth * (n - 1))
    return rank, min(rank + 1, n - 1)


def _deciles(ranked: Mapping[int, int], n: int) -> list[float]:
    """The deciles, between two values in proportion, as PostgreSQL's percentile_cont."""
    found = []
    for tenth in TENTHS:
        low, high = (ranked[rank] / PARTS for rank in _around(tenth, n))
        share = tenth * (n - 1) - int(tenth * (n - 1))
        found.append(low + (high - low) * share)
    return found
