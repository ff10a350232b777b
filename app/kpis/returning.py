"""Who comes back: the time to the second purchase, and the share within some days."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Option, Reason, Scope
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen
from app.kpis.repeat_purchases import measure_repeat_purchases
from app.kpis.statistics import Difference, Interval
from app.kpis.survival import Curve, Lives, curve, limits, median_limits
from app.kpis.survival_lives import Wanted
from app.kpis.survival_times import watch_each
from app.problems import Text

WITHIN_DAYS = Option(
    "within_days",
    Text(
        "The share of those who first bought in the period who return within so many days, by "
        "Kaplan and Meier: who had less time counts as long as they were watched.",
        "期间内首次购买的客户在这么多天内再次购买的比例（Kaplan-Meier 估计）："
        "观察时间较短的客户按其被观察的时长计入。",
    ),
)
#: Days after which the share of those who have returned is told.
_MARKS = (30, 90, 180, 365)
NOT_REACHED = "median_not_reached"


async def measure_repeats(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The repeat-purchase rate; with `within_days`, 1 - S(days) of the period's new customers."""
    asked = chosen(scope, WITHIN_DAYS)
    if not asked:
        return await measure_repeat_purchases(session, scope, periods, by)
    days = int(asked)

    def figure(lives: Lives) -> Measurement:
        found = curve(lives)
        return Measurement(
            value=_returned(found, days),
            n=found.subjects,
            numerator={"returned": _returned_by(found, days)},
            denominator={"new_customers": found.subjects},
            excluded={},
            interval=_interval(found, days, scope.level),
            reason=None if found.subjects else "empty_denominator",
        )

    return await _watched(session, scope, periods, by, figure, acquired=True)


async def measure_time_to_second(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The median days to the second purchase, of those who were watched in the period."""

    def figure(lives: Lives) -> Measurement:
        found = curve(lives)
        median = found.quantile(0.5)
        low, high = median_limits(found, "log-log", scope.level)
        around = None
        if low is not None and high is not None:
            around = Interval(scope.level, low, high, "brookmeyer_crowley")
        return Measurement(
            value=median,
            n=found.subjects,
            numerator={"returned": found.events},
            denominator={"watched": found.subjects},
            excluded={},
            interval=around,
            reason=_unreached(found, median),
            warnings=() if median is not None or not found.subjects else (NOT_REACHED,),
            components=_parts(found, scope.level),
        )

    return await _watched(session, scope, periods, by, figure, acquired=False)


def _parts(found: Curve, level: float) -> dict[str, Measurement]:
    """The quartiles beside the median, and the shares that have returned after some days."""
    parts = {
        f"returned_within_{days}": Measurement(
            value=_returned(found, days),
            n=found.subjects,
            numerator={"returned": _returned_by(found, days)},
            denominator={"watched": found.subjects},
            interval=_interval(found, days, level),
            reason=None if found.subjects else "empty_denominator",
            unit="ratio",
            direction="higher",
        )
        for days in _MARKS
    }
    for name, share in (("first_quartile", 0.25), ("third_quartile", 0.75)):
        quantile = found.quantile(share)
        parts[name] = Measurement(
            quantile, found.subjects, reason=_unreached(found, quantile), unit="days"
        )
    return parts


def compare_nothing(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """No test: two medians of times are compared by their curves (the log-rank test)."""
    del now, before, level
    return None


def _unreached(found: Curve, quantile: int | None) -> Reason | None:
    if quantile is not None:
        return None
    return "not_defined" if found.subjects else "empty_denominator"


async def _watched(
    session: AsyncSession,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None,
    figure: Callable[[Lives], Measurement],
    *,
    acquired: bool,
) -> Figures:
    wanted = [
        Wanted(
            scope,
            period,
            acquired=acquired,
            watched_from=0 if acquired else period.start.toordinal(),
        )
        for period in periods
    ]
    nobody = {} if by else {"": Lives()}
    return [
        {member: figure(each) for member, each in (nobody | groups).items()}
        for groups in await watch_each(session, scope, wanted, by)
    ]


def _returned(found: Curve, days: int) -> float | None:
    if not found.subjects:
        return None
    point = found.at(days)
    return 1 - point.s if point else 0.0


def _returned_by(found: Curve, days: int) -> int:
    return sum(point.events for point in found.until(days))


def _interval(found: Curve, days: int, level: float) -> Interval | None:
    """The band of the curve at a time, turned over."""
    point = found.at(days)
    around = limits(point, "log-log", level) if point else None
    if around is None:
        return None
    return Interval(level, 1 - around.high, 1 - around.low, around.method)
