"""Cohorts from what is kept of purchases: sets of customers, and sums by pairs of months."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise

from app.kpis.declaration import Scope
from app.purchases.book import Book, Days
from app.purchases.contributions import DIMENSIONS
from app.purchases.histories import PARTS
from app.purchases.local_days import month_of
from app.purchases.one_trait import OneTrait, one_trait

#: A day after every other.
FAR = 1 << 20

#: Cohort (numbered from 1) and distance to a number, or to money.
Counts = dict[int, Counter[int]]
Revenue = dict[int, dict[int, Fraction]]


async def cohort_sets(
    book: Book, scope: Scope, units: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Who first bought in each unit, and who bought in it at all.

    Units are their first days; the last one has no end. The book was opened for an instant.
    """
    ends = [*units[1:], FAR]
    spans = [Days(first, last, FAR) for first, last in zip(units, ends, strict=True)]
    earlier, *bought = await book.bought([Days(0, units[0], FAR), *spans])
    passing = (await book.groups(None, scope.filters))[""]
    cohorts = []
    for each in bought:
        cohorts.append(each & ~earlier & passing)
        earlier |= each
    return cohorts, bought


def counted(type_: str, cohorts: Sequence[int], bought: Sequence[int]) -> Counts:
    """How many of each cohort were active at a distance.

    exact: at each; rolling: at their last; bounded_by: at the next after their first (0: never).
    The last unit only ends what comes before: it is no cohort.
    """
    found: Counts = {}
    for place, cohort in enumerate(cohorts[:-1]):
        later = range(place, len(bought))
        if type_ == "exact":
            counts = {at - place: (cohort & bought[at]).bit_count() for at in later}
        elif type_ == "rolling":
            counts, left = {}, cohort
            for at in reversed(later):
                counts[at - place] = (left & bought[at]).bit_count()
                left &= ~bought[at]
        else:
            counts, left = {}, cohort
            for at in later[1:]:
                counts[at - place] = (left & bought[at]).bit_count()
                left &= ~bought[at]
            counts[0] = left.bit_count()
        found[place + 1] = Counter(counts)
    return found


async def cohort_revenue(
    book: Book, scope: Scope, units: Sequence[int]
) -> tuple[Revenue, frozenset[str]] | None:
    """What each cohort brought in at each distance, and the currencies of it.

    None where units are not whole months, or several traits are asked about at once.
    """
    on_months = all(date.fromordinal(day).day == 1 for day in units)
    asked = one_trait(None, scope.filters)
    if asked is None or not on_months or not scope.filters.keys() <= set(DIMENSIONS):
        return None
    months = [month_of(day) for day in units]
    sums = await _by_months(book, asked, months[0], months[-1])
    number_of = _numbers(months)
    revenue: Revenue = {number: {} for number in range(1, len(units))}
    currencies = set()
    for (currency, cohort, month), amount in sums.items():
        place, at = number_of[cohort], number_of.get(month, len(months))
        if at >= place and amount:
            own = revenue[place]
            own[at - place] = own.get(at - place, Fraction(0)) + Fraction(amount, PARTS)
            currencies.add(currency)
    return revenue, frozenset(currencies)


def _numbers(months: Sequence[int]) -> Mapping[int, int]:
    """The number of the unit of each month, from 1."""
    found: dict[int, int] = {}
    for number, (first, last) in enumerate(pairwise(months), 1):
        found |= dict.fromkeys(range(first, last), number)
    return found


_CELLS = """
SELECT c.currency, c.place, c.other, sum(c.amount) FROM purchase_cells c
WHERE c.workspace_id = :workspace_id AND c.measure = 'cohort' AND c.dimension = :dimension
    AND c.place >= :first AND c.place < :last AND {condition}
GROUP BY 1, 2, 3
"""


async def _by_months(
    book: Book, asked: OneTrait, first: int, last: int
) -> Mapping[tuple[str, int, int], int]:
    """Sums by currency, month of the cohort and month, exact."""
    named = {"workspace_id": book.workspace_id, "first": first, "last": last, **asked.parameters}
    rows = await book.session.execute(asked.on_cells(_CELLS), named)
    found = Counter({(currency, place, other): int(n) for currency, place, other, n in rows})
    for _, cell, sums in asked.corrections(book, "cohort"):
        if first <= cell.place < last:
            found[cell.currency, cell.place, cell.other] += sums.amount
    return found
