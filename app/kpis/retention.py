"""Retention by sets: who was active at the start of a period and still is at its end."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.calendar_units import whole_units
from app.kpis.declaration import Measurement, Option, Reason, Scope
from app.kpis.periods import Period, day_starts_at
from app.kpis.proportions import Share, newcombe, wilson
from app.kpis.purchases import (
    CUSTOMERS,
    FADES,
    Figures,
    Timeline,
    chosen,
    fully_refunded,
    gathered,
    known_before,
    marks,
    open_periods,
    present,
    read,
    sets_bought,
    timelines,
)
from app.kpis.statistics import Difference, Interval
from app.problems import Text
from app.purchases.book import Book, Days
from app.purchases.undone import undone_orders

WINDOW = Option(
    "window_days",
    Text(
        "A customer is active at an instant if a purchase lies in so many local days before it.",
        "某时刻之前的这么多个当地日内有购买的客户，在该时刻视为活跃。",
    ),
    default="90",
)
FORMULA = Option(
    "formula",
    Text(
        "set: |S and E| / |S|. classic: (E - N) / S, which counts those who came back as kept.",
        "set：|S 与 E 的交集| / |S|。classic：(E - N) / S，会把回流客户当作保留客户。",
    ),
    values=("set", "classic"),
    default="set",
)
REACTIVATED = "reactivated>0"
"""The warning that (E - N) / S is not the share of customers who were kept."""

# A spell is a run of points at which a customer is active. One that begins at point p was not
# active at p - 1: it is a new customer, unless an earlier purchase stands when the period ends.
_SPELLS = """
customers_active AS (
    SELECT customer_id, member,
        range_agg(int4range(made + 1, least(fades, undone) + 1)) AS active
    FROM (
        SELECT DISTINCT customer_id, member, made, fades, undone
        FROM marks WHERE made < least(fades, undone)
    ) AS told
    GROUP BY customer_id, member
),
spells AS MATERIALIZED (
    SELECT member, lower(spell) AS begins, upper(spell) AS ends,
        earlier @> lower(spell) - 1 AS returns
    FROM customers_active JOIN customers_known USING (customer_id, member)
    CROSS JOIN LATERAL unnest(active) AS spell
)
SELECT member, CASE WHEN returns THEN 'returns' ELSE 'begins' END AS kind, begins AS point,
    count(*) AS n
FROM spells GROUP BY 1, 2, 3
UNION ALL
SELECT member, 'ends', ends, count(*) FROM spells GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Sets:
    """Sizes of the sets of one period: E = retained + new + reactivated."""

    start: int
    """S: active when the period begins."""
    retained: int
    """Of S, active when it ends."""
    new: int
    """N: first ever purchase in the period, active when it ends."""
    reactivated: int
    """Active when it ends, neither at its start nor new."""

    @property
    def end(self) -> int:
        """E: active when the period ends."""
        return self.retained + self.new + self.reactivated


async def measure_retention(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Retention of each period and group; see `Kpi.formula` of the catalogue."""
    window = int(chosen(scope, WINDOW))
    years = [_years(each) for each in periods]
    book = await open_periods(session, scope, periods)
    if book is not None:
        found, refunded = await _from_sets(book, scope, periods, by, window)
    else:
        found, refunded = await _from_rows(session, scope, periods, by, window)
    figures = gathered(
        found, refunded, by, Sets(0, 0, 0, 0), lambda sets, left: _measurement(scope, sets, left)
    )
    return [
        {member: _annualised(measured, part) for member, measured in groups.items()}
        for groups, part in zip(figures, years, strict=True)
    ]


def _years(period: Period) -> float:
    """The length of a period: whole months are twelfths of a year, days 365.25ths."""
    found = whole_units(period.start, period.end)
    months = {"month": 1, "quarter": 3, "year": 12}
    if found and found[0] in months:
        return months[found[0]] * found[1] / 12
    return period.days / 365.25


def _annualised(measured: Measurement, years: float) -> Measurement:
    """With the churn of a year in which every such period loses the same share: 1 - (1 - c)^k."""
    churn = measured.components["churn"]

    def scaled(share: float) -> float:
        return 1 - math.pow(1 - share, 1 / years)

    around = churn.interval
    if around is not None:
        limits = scaled(around.low), scaled(around.high)
        around = Interval(around.level, *limits, around.method)
    value = None if churn.value is None else scaled(churn.value)
    annual = replace(churn, value=value, interval=around, numerator={}, denominator={})
    return replace(measured, components={**measured.components, "churn_annualised": annual})


def _active(day: date, window: int, as_of: date) -> Days:
    """The question who is active when a day begins, of those whose purchases stand then."""
    return Days(day.toordinal() - window, day.toordinal(), as_of.toordinal())


async def _from_sets(
    book: Book, scope: Scope, periods: Sequence[Period], by: str | None, window: int
) -> tuple[list[dict[str, Sets]], list[dict[str, int]]]:
    """The sets by period and group, and the orders left out, from the kept sets."""
    asked = [
        (
            _active(each.start, window, each.start),
            _active(each.end, window, each.end),
            known_before(each.start, each.end),
        )
        for each in periods
    ]
    sets = await sets_bought(book, (days for three in asked for days in three))
    groups = await book.groups(by, scope.filters)
    found: list[dict[str, Sets]] = []
    for three in asked:
        start, end, earlier = (sets[days] for days in three)
        kinds = (start, start & end, end & ~start & ~earlier, end & ~start & earlier)
        counted = {
            member: Sets(*((kind & own).bit_count() for kind in kinds))
            for member, own in groups.items()
        }
        found.append({m: each for m, each in counted.items() if each.start or each.end})
    windows = [(each.start.toordinal() - window, each.end.toordinal()) for each in periods]
    return found, await undone_orders(book, windows, by, scope.filters)


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None, window: int
) -> tuple[list[dict[str, Sets]], list[dict[str, int]]]:
    """The same from all orders."""
    found: list[dict[str, Sets]] = [{} for _ in periods]
    for timeline in timelines(periods):
        for place, groups in (await _sets(session, scope, timeline, by, window)).items():
            found[place] = groups
    spans = [
        (day_starts_at(each.start - timedelta(days=window), each.zone), each.ends_at)
        for each in periods
    ]
    return found, await fully_refunded(session, scope, by, spans)


async def _sets(
    session: AsyncSession, scope: Scope, timeline: Timeline, by: str | None, window: int
) -> dict[int, dict[str, Sets]]:
    """The sets by the place of the period and by group."""
    statement = f"{marks(scope, by, columns=FADES)},{CUSTOMERS},{_SPELLS}"
    rows = await read(session, statement, scope, timeline, windows=timeline.points_before(window))
    turns: dict[str, dict[str, Counter[int]]] = {}
    for row in rows:
        kinds = {"begins": Counter[int](), "returns": Counter[int](), "ends": Counter[int]()}
        turns.setdefault(row["member"], kinds)[row["kind"]][row["point"]] += row["n"]
    found: dict[int, dict[str, Sets]] = {place: {} for place in timeline.periods.values()}
    for member, kinds in turns.items():
        begins, returns, ends = kinds["begins"], kinds["returns"], kinds["ends"]
        active = present(begins + returns, ends, len(timeline.days))
        for number, place in timeline.periods.items():
            start, end = active[number], active[number + 1]
            if start or end:
                found[place][member] = Sets(
                    start=start,
                    retained=start - ends[number + 1],
                    new=begins[number + 1],
                    reactivated=returns[number + 1],
                )
    return found


def _measurement(scope: Scope, sets: Sets, refunded: int) -> Measurement:
    share = Share(sets.retained, sets.start)
    classic = (sets.end - sets.new) / sets.start if sets.start else None
    warnings = (REACTIVATED,) if sets.reactivated else ()
    reason: Reason | None = None if sets.start else "empty_denominator"
    interval = wilson(share, scope.level)
    by_set = chosen(scope, FORMULA) == "set"
    return Measurement(
        value=share.value if by_set else classic,
        n=sets.start,
        numerator={
            "retained": sets.retained,
            "E": sets.end,
            "N": sets.new,
            "reactivated": sets.reactivated,
        },
        denominator={"S": sets.start},
        excluded={"fully_refunded_orders": refunded},
        interval=interval if by_set else None,
        reason=reason,
        warnings=() if by_set else warnings,
        components={
            "churn": Measurement(
                value=None if share.value is None else 1 - share.value,
                n=sets.start,
                numerator={"lost": sets.start - sets.retained},
                denominator={"S": sets.start},
                interval=_mirrored(interval),
                reason=reason,
                unit="ratio",
                direction="lower",
            ),
            "classic": Measurement(
                value=classic,
                n=sets.start,
                numerator={"E": sets.end, "N": sets.new},
                denominator={"S": sets.start},
                reason=reason,
                warnings=warnings,
                unit="ratio",
            ),
        },
        evidence=share if by_set else None,
    )


def _mirrored(interval: Interval | None) -> Interval | None:
    """The interval of 1 minus a share."""
    if interval is None:
        return None
    return Interval(interval.level, 1 - interval.high, 1 - interval.low, interval.method)


def compare_shares(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """Newcombe's test of two shares; None for (E - N) / S, which is not a share."""
    if isinstance(now.evidence, Share) and isinstance(before.evidence, Share):
        return newcombe(now.evidence, before.evidence, level)
    return None
