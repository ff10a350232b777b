"""The cohort matrix: of those who first bought in a unit of the calendar, who bought again when.

Distance is counted on the calendar, so that a unit without purchases shifts nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.calendar_units import Grain, add_units, unit_start
from app.kpis.cohort_counts import Cohorts, add_up_cohorts, count_cohorts
from app.kpis.cohort_disclosure import withheld_cohorts
from app.kpis.cohort_sets import Revenue
from app.kpis.declaration import Scope
from app.kpis.periods import Period, day_starts_at
from app.kpis.proportions import Share, wilson
from app.kpis.statistics import Interval
from app.problems import Text
from app.purchases.book import open_book

CohortGrain = Literal["week", "month", "quarter", "year"]
CohortType = Literal["exact", "rolling", "bounded_by"]
MeanOf = Literal["weighted", "simple"]
CohortBy = Literal["customers", "revenue"]

FORMULA = Text(
    "Cohort: customers whose first ever purchase lies in the unit (week, month, quarter or year). "
    "Cell k: how many of them are active k units later on the calendar / size; k = 0 is 1. "
    "type=exact: with a purchase in that unit; rolling: in it or later; bounded_by: in the units "
    "1 to k. Cells may rise with k. A cell is complete when its unit is. Mean by k over "
    "complete cells of cohorts that are not empty: weighted = sum of active / sum of sizes, "
    "simple = mean of the shares. by=revenue: what the cohort brought in k units later / in its "
    "first unit; orders less refunds, each on its own date, in one currency (rolling: from k on, "
    "bounded_by: units 1 to k together). A purchase is an order that is not fully refunded by now; "
    "segment, key-account type and channel (of the acquisition) are the customer's own, as they "
    "are now.",
    "队列：首次购买发生在该日历单位（周、月、季或年）内的客户。单元格 k：其中在日历上 k 个单位"
    "之后活跃的客户数 / 队列人数；k = 0 恒为 1。type=exact：在该单位内有购买；rolling：在该单位"
    "或之后有购买；bounded_by：在第 1 至第 k 个单位内有购买。数值可能随 k 上升。单位结束后单元格"
    "才算完整。按 k 的平均只取非空队列的完整单元格：weighted = 活跃数之和 / 队列人数之和，"
    "simple = 各比例的简单平均。购买：截至目前未全额退款的订单；细分、大客户类型与渠道（获客渠道）"
    "均取客户当前的属性。",
)


@dataclass(frozen=True)
class Cell:
    """Customers of a cohort who are active at a distance."""

    k: int
    active: int
    rate: float | None
    interval: Interval | None
    complete: bool
    revenue: Fraction | None = None
    """What they brought in, by the type; the rate is over `first_revenue`, that of their first
    unit."""
    first_revenue: Fraction | None = None


@dataclass(frozen=True)
class Cohort:
    """Customers who first bought in the unit that begins on a local day."""

    start: date
    size: int
    cells: Sequence[Cell]
    suppressed: bool = False
    """It would tell of too few customers: nothing is said of it."""


@dataclass(frozen=True)
class Mean:
    """A column of the matrix in one number, with the sums of the cells that went into it."""

    k: int
    rate: float | None
    active: int
    size: int
    cohorts: int
    interval: Interval | None
    revenue: Fraction | None = None


@dataclass(frozen=True)
class Matrix:
    """Cohorts, oldest first; the mean of every column; and what was left out."""

    cohorts: Sequence[Cohort]
    means: Sequence[Mean]
    refunded_orders: int | None
    """None where it would tell of too few."""
    currencies: frozenset[str] = frozenset()
    """Those of the revenue; there is none to show where there are several."""


@dataclass(frozen=True)
class Wanted:
    """Which matrix: the units of `grain` in a period of whole units, and `columns` distances."""

    scope: Scope
    period: Period
    grain: CohortGrain
    columns: int
    type: CohortType
    mean: MeanOf
    now: datetime
    """Orders from here on do not exist yet; nor do units that begin later."""
    by: CohortBy = "customers"


def widened(period: Period, grain: Grain) -> Period:
    """The whole units that a period touches; raises PeriodError beyond the calendar."""
    first, last = (
        unit_start(day, grain, period.week_start)
        for day in (period.start, date.fromordinal(period.end.toordinal() - 1))
    )
    return replace(period, start=first, end=add_units(last, grain, 1))


async def measure_cohorts(session: AsyncSession, wanted: Wanted) -> Matrix:
    """The matrix, exact at the instant of the question."""
    units = units_of(wanted)
    if not units:
        return Matrix([], [_mean(k, [], wanted) for k in range(wanted.columns)], 0)
    scope, bounds = wanted.scope, [*units, add_units(units[-1], wanted.grain, 1)]
    book = await open_book(session, scope.workspace_id, scope.time_zone, until=wanted.now)
    asked = Cohorts(scope, bounds, wanted.period.zone, wanted.now)
    counts, refunded = await count_cohorts(session, book, asked, wanted.type)
    revenue: Revenue = {}
    currencies: frozenset[str] = frozenset()
    if wanted.by == "revenue":
        revenue, currencies = await add_up_cohorts(session, book, asked)
    if len(currencies) > 1:
        revenue = {}
    withheld = await withheld_cohorts(session, book, asked)
    cohorts = [
        Cohort(start, 0, [], suppressed=True)
        if place + 1 in withheld
        else _cohort(wanted, units, place, counts.get(place + 1, Counter()), revenue.get(place + 1))
        for place, start in enumerate(units)
        if start < wanted.period.end
    ]
    return Matrix(
        cohorts,
        [_mean(k, cohorts, wanted) for k in range(wanted.columns)],
        None if withheld else refunded,
        currencies,
    )


def units_of(wanted: Wanted) -> list[date]:
    """First days of the units that have begun, from the first cohort to the last column."""
    start, found = wanted.period.start, []
    after = add_units(wanted.period.end, wanted.grain, wanted.columns - 1)
    while start < after and day_starts_at(start, wanted.period.zone) <= wanted.now:
        found.append(start)
        start = add_units(start, wanted.grain, 1)
    return found


def _cohort(
    wanted: Wanted,
    units: Sequence[date],
    place: int,
    counts: Counter[int],
    revenue: Mapping[int, Fraction] | None,
) -> Cohort:
    size = counts[0] if wanted.type == "exact" else counts.total()
    cells = []
    for k, start in enumerate(units[place : place + wanted.columns]):
        share = Share(_active(wanted.type, counts, size, k), size)
        unit = replace(wanted.period, start=start, end=add_units(start, wanted.grain, 1))
        interval = wilson(share, wanted.scope.level)
        cell = Cell(k, share.count, share.value, interval, unit.complete(wanted.now))
        if wanted.by == "revenue":
            cell = _priced(cell, wanted.type, revenue)
        cells.append(cell)
    return Cohort(units[place], size, cells)


def _priced(cell: Cell, type_: CohortType, revenue: Mapping[int, Fraction] | None) -> Cell:
    """The cell by what its cohort brought in, over what it did in its first unit."""
    if revenue is None:
        return replace(cell, rate=None, interval=None)
    first, k = revenue.get(0, Fraction(0)), cell.k
    if type_ == "exact" or k == 0:
        amount = revenue.get(k, Fraction(0))
    elif type_ == "rolling":
        amount = sum((each for at, each in revenue.items() if at >= k), Fraction(0))
    else:
        amount = sum((each for at, each in revenue.items() if 1 <= at <= k), Fraction(0))
    rate = float(amount / first) if first > 0 else None
    return replace(cell, rate=rate, interval=None, revenue=amount, first_revenue=first)


def _active(type_: CohortType, counts: Counter[int], size: int, k: int) -> int:
    if type_ == "exact":
        return counts[k]
    if type_ == "rolling":
        return sum(n for distance, n in counts.items() if distance >= k)
    return size if k == 0 else sum(n for distance, n in counts.items() if 1 <= distance <= k)


def _mean(k: int, cohorts: Sequence[Cohort], wanted: Wanted) -> Mean:
    """Zeros count, empty cohorts and cells that are not complete do not."""
    cells = [
        (cohort.size, cell)
        for cohort in cohorts
        for cell in cohort.cells
        if cell.k == k and cell.complete and cohort.size
    ]
    if wanted.by == "revenue":
        return _priced_mean(k, cells, wanted.mean)
    share = Share(sum(cell.active for _, cell in cells), sum(size for size, _ in cells))
    rate, interval = share.value, wilson(share, wanted.scope.level)
    if wanted.mean == "simple" and cells:
        rate, interval = sum(cell.active / size for size, cell in cells) / len(cells), None
    return Mean(k, rate, share.count, share.total, len(cells), interval)


def _priced_mean(k: int, cells: Sequence[tuple[int, Cell]], mean: MeanOf) -> Mean:
    """The same by revenue: a cohort that brought in nothing at first has no share."""
    priced = [
        (cell, cell.rate, cell.revenue, cell.first_revenue)
        for _, cell in cells
        if cell.rate is not None
    ]
    revenue = sum((each or Fraction(0) for _, _, each, _ in priced), Fraction(0))
    first = sum((each or Fraction(0) for *_, each in priced), Fraction(0))
    rate = float(revenue / first) if priced else None
    if mean == "simple" and priced:
        rate = sum(each for _, each, _, _ in priced) / len(priced)
    active, size = sum(cell.active for _, cell in cells), sum(size for size, _ in cells)
    return Mean(k, rate, active, size, len(priced), None, revenue if priced else None)
