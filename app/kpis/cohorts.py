"""The cohort matrix: of those who first bought in a unit of the calendar, who bought again when.

Distance is counted on the calendar, so that a unit without purchases shifts nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.calendar_units import Grain, add_units, unit_start
from app.kpis.declaration import Scope
from app.kpis.periods import Period, day_starts_at
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import STANDS, Timeline, fully_refunded, marks, read
from app.kpis.statistics import Interval
from app.problems import Text

CohortGrain = Literal["week", "month", "quarter", "year"]
CohortType = Literal["exact", "rolling", "bounded_by"]
MeanOf = Literal["weighted", "simple"]

FORMULA = Text(
    "Cohort: customers whose first ever purchase lies in the unit (week, month, quarter or year). "
    "Cell k: how many of them are active k units later on the calendar / size; k = 0 is 1. "
    "type=exact: with a purchase in that unit; rolling: in it or later; bounded_by: in the units "
    "1 to k. Cells may rise with k. A cell is complete when its unit has ended. Mean by k over "
    "complete cells of cohorts that are not empty: weighted = sum of active / sum of sizes, "
    "simple = mean of the shares. A purchase is an order that is not fully refunded by now; "
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


@dataclass(frozen=True)
class Cohort:
    """Customers who first bought in the unit that begins on a local day."""

    start: date
    size: int
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Mean:
    """A column of the matrix in one number, with the sums of the cells that went into it."""

    k: int
    rate: float | None
    active: int
    size: int
    cohorts: int
    interval: Interval | None


@dataclass(frozen=True)
class Matrix:
    """Cohorts, oldest first; the mean of every column; and what was left out."""

    cohorts: Sequence[Cohort]
    means: Sequence[Mean]
    refunded_orders: int


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


# `made` numbers the units from 1; 0 is before the first cohort, whose customers are in none.
_HISTORIES = """,
activity AS (SELECT DISTINCT customer_id, made FROM marks),
histories AS (
    SELECT customer_id, made, min(made) OVER (PARTITION BY customer_id) AS cohort FROM activity
)
"""
_COUNTS: Mapping[CohortType, str] = {
    "exact": """
SELECT cohort, made - cohort AS k, count(*) AS n FROM histories
WHERE cohort > 0 GROUP BY 1, 2""",
    "rolling": """
SELECT cohort, last - cohort AS k, count(*) AS n
FROM (SELECT cohort, max(made) AS last FROM histories GROUP BY customer_id, cohort) AS each
WHERE cohort > 0 GROUP BY 1, 2""",
    "bounded_by": """
SELECT cohort, coalesce(next - cohort, 0) AS k, count(*) AS n
FROM (
    SELECT cohort, min(made) FILTER (WHERE made > cohort) AS next
    FROM histories GROUP BY customer_id, cohort
) AS each
WHERE cohort > 0 GROUP BY 1, 2""",
}


def widened(period: Period, grain: Grain) -> Period:
    """The whole units that a period touches; raises PeriodError beyond the calendar."""
    last = unit_start(date.fromordinal(period.end.toordinal() - 1), grain)
    return Period(unit_start(period.start, grain), add_units(last, grain, 1), period.zone)


async def measure_cohorts(session: AsyncSession, wanted: Wanted) -> Matrix:
    """The matrix, exact from the orders in one statement."""
    units = list(_units(wanted))
    if not units:
        return Matrix([], [_mean(k, [], wanted) for k in range(wanted.columns)], 0)
    end = add_units(units[-1], wanted.grain, 1)
    timeline = Timeline((*units, end), wanted.period.zone, {})
    statement = marks(wanted.scope, None, refunded=STANDS) + _HISTORIES + _COUNTS[wanted.type]
    rows = await read(session, statement, wanted.scope, timeline, last=wanted.now)
    counts: dict[int, Counter[int]] = {}
    for row in rows:
        counts.setdefault(row["cohort"], Counter())[row["k"]] = row["n"]
    cohorts = [
        _cohort(wanted, units, place, counts.get(place + 1, Counter()))
        for place, start in enumerate(units)
        if start < wanted.period.end
    ]
    span = (wanted.period.starts_at, wanted.now)
    (refunded,) = await fully_refunded(session, wanted.scope, None, [span])
    return Matrix(
        cohorts,
        [_mean(k, cohorts, wanted) for k in range(wanted.columns)],
        refunded.get("", 0),
    )


def _units(wanted: Wanted) -> Iterator[date]:
    """First days of the units that have begun, from the first cohort to the last column."""
    start = wanted.period.start
    after = add_units(wanted.period.end, wanted.grain, wanted.columns - 1)
    while start < after and day_starts_at(start, wanted.period.zone) <= wanted.now:
        yield start
        start = add_units(start, wanted.grain, 1)


def _cohort(wanted: Wanted, units: Sequence[date], place: int, counts: Counter[int]) -> Cohort:
    size = counts[0] if wanted.type == "exact" else counts.total()
    cells = []
    for k, start in enumerate(units[place : place + wanted.columns]):
        share = Share(_active(wanted.type, counts, size, k), size)
        ends_at = day_starts_at(add_units(start, wanted.grain, 1), wanted.period.zone)
        interval = wilson(share, wanted.scope.level)
        cells.append(Cell(k, share.count, share.value, interval, ends_at <= wanted.now))
    return Cohort(units[place], size, cells)


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
    share = Share(sum(cell.active for _, cell in cells), sum(size for size, _ in cells))
    rate, interval = share.value, wilson(share, wanted.scope.level)
    if wanted.mean == "simple" and cells:
        rate, interval = sum(cell.active / size for size, cell in cells) / len(cells), None
    return Mean(k, rate, share.count, share.total, len(cells), interval)
