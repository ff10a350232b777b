"""How many of the complaints about some orders have come by now: young orders had not the time.

Complaints lie in a triangle: of an order that is `age` days old, those of the first `age` days are
known. The chain-ladder method (Mack 1993) says which share of all comes within so many days.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, case, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import SQLColumnExpression

from app.complaints.models import Complaint, counting
from app.db import now
from app.kpis.complaint_counts import (
    OF_CUSTOMERS,
    concerns_customers,
    listed_orders,
    order_of_complaint,
)
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period, day_starts_at, local_date
from app.kpis.purchases import Figures, timelines
from app.purchases.book import Book
from app.purchases.newcomers import Window
from app.purchases.placed import orders_placed

#: The orders of so many days tell how complaints come.
REFERENCE_DAYS = 730
TO_COME = "complaints_to_come"
"""Some orders have not had the time that complaints take."""


@dataclass(frozen=True)
class Development:
    """How complaints have come after their orders, as of a day."""

    within: Sequence[float]
    today: date

    @property
    def since(self) -> date:
        """Of orders before this day no complaint is expected any more."""
        return self.today - timedelta(days=max(len(self.within) - 1, 0))

    def share(self, ordered_on: date) -> float:
        """The share of its complaints that an order of a day has had."""
        age = max((self.today - ordered_on).days, 0)
        return self.within[age] if age < len(self.within) else 1.0


def develop(triangle: Mapping[tuple[int, int], int]) -> list[float]:
    """By days since the order the share of all complaints that come by then, up to 1.

    From complaints by (age of the order, days from the order to the complaint), in days.

    The ratio between what had come by day j and by day j - 1, of orders that are at least j days
    old, is the chain-ladder factor; the share within d days is the product of those beyond it,
    turned over.
    """
    by_lag: Counter[int] = Counter()
    leaving: Counter[int] = Counter()
    for (age, lag), n in triangle.items():
        by_lag[lag] += n
        leaving[age] += n
    factors = [1.0]
    known = by_lag[0]
    for lag in range(1, max(by_lag, default=-1) + 1):
        # Complaints by the day before, of orders old enough to have shown this day.
        known -= leaving[lag - 1]
        came = by_lag[lag]
        factors.append(known / (known + came) if known + came else 1.0)
        known += came
    within, share = [1.0], 1.0
    for factor in reversed(factors[1:]):
        share *= factor
        within.append(share)
    return within[::-1] if by_lag else []


async def load_development(session: AsyncSession, scope: Scope, today: date) -> Development:
    """How complaints came after the orders of the last two years, of all customers."""
    since = day_starts_at(today - timedelta(days=REFERENCE_DAYS), ZoneInfo(scope.time_zone))
    about = order_of_complaint(scope)
    ordered, arrived = _day(about.c.ordered_at, scope), _day(Complaint.received_at, scope)
    age, lag = func.greatest(today - ordered, 0), func.greatest(arrived - ordered, 0)
    # By labels: two parameters with one value are two expressions to PostgreSQL.
    rows = await session.execute(
        select(func.greatest(age, lag).label("age"), lag.label("lag"), func.count())
        .select_from(Complaint)
        .join(about, true())
        .where(
            Complaint.workspace_id == scope.workspace_id, counting(), about.c.ordered_at >= since
        )
        .group_by("age", "lag")
    )
    return Development(develop({(old, late): n for old, late, n in rows}), today)


async def developed(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    *,
    figures: Figures,
    book: Book | None,
) -> Figures:
    """Rates by the day of the order, each with how far its complaints have come by now.

    Orders are counted from what is kept, where a book tells it.
    """
    today = local_date(now(), ZoneInfo(scope.time_zone))
    development = await load_development(session, scope, today)
    if not development.within:
        return figures
    split = by if by and concerns_customers(by) else None
    had = None
    if book is not None:
        had = await _from_kept(book, scope, periods, split, development)
    if had is None:
        had = await _from_rows(session, scope, periods, split, development)
    return [
        {
            member: _with(measured, _share(own.get(member if split else "", Counter())))
            for member, measured in groups.items()
        }
        for groups, own in zip(figures, had, strict=True)
    ]


#: By group: how many orders have had which share of their complaints.
_Had = dict[str, Counter[float]]


async def _from_kept(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None, development: Development
) -> list[_Had] | None:
    windows: list[Window] = []
    places: list[tuple[int, float]] = []
    for place, period in enumerate(periods):
        first, last = period.start.toordinal(), period.end.toordinal()
        recent = min(max(development.since.toordinal(), first), last)
        windows += [Window(first, recent), *(Window(day, day + 1) for day in range(recent, last))]
        days = (date.fromordinal(day) for day in range(recent, last))
        places += [(place, 1.0), *((place, development.share(day)) for day in days)]
    own = {name: values for name, values in scope.filters.items() if name in OF_CUSTOMERS}
    placed = await orders_placed(book, windows, by, own)
    if placed is None:
        return None
    found: list[_Had] = [{} for _ in periods]
    for (place, share), groups in zip(places, placed, strict=True):
        for member, n in groups.items():
            found[place].setdefault(member, Counter())[share] += n
    return found


async def _from_rows(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    development: Development,
) -> list[_Had]:
    found: list[_Had] = [{} for _ in periods]
    for timeline in timelines(periods):
        placed = listed_orders(scope, timeline, by)
        recent = placed.c.ordered_at >= day_starts_at(development.since, timeline.zone)
        day = case((recent, _day(placed.c.ordered_at, scope))).label("day")
        rows = await session.execute(
            select(placed.c.step, placed.c.member, day, func.count()).group_by(
                placed.c.step, placed.c.member, "day"
            )
        )
        for step, member, ordered_on, n in rows:
            if (place := timeline.periods.get(step)) is not None:
                share = development.share(ordered_on) if ordered_on else 1.0
                found[place].setdefault(member, Counter())[share] += n
    return found


def _share(had: Counter[float]) -> float:
    """The share of their complaints that all the orders together have had."""
    return sum(share * n for share, n in had.items()) / had.total() if had else 1.0


def _with(measured: Measurement, share: float) -> Measurement:
    """With the share of the complaints that have come, and the rate once all have."""
    if not measured.n:
        return measured
    limits = measured.interval
    if limits is not None and share:
        limits = replace(limits, low=limits.low / share, high=limits.high / share)
    known = measured.value is not None and share > 0
    expected = Measurement(
        measured.value / share if known and measured.value is not None else None,
        measured.n,
        interval=limits if known else None,
        reason=None if known else "not_defined",
    )
    development = Measurement(share, measured.n, unit="ratio", direction="higher")
    return replace(
        measured,
        components={"development": development, "expected": expected},
        warnings=(*measured.warnings, *((TO_COME,) if share < 1 else ())),
    )


def _day(instant: SQLColumnExpression[object], scope: Scope) -> SQLColumnExpression[date]:
    return cast(func.timezone(scope.time_zone, instant), Date)
