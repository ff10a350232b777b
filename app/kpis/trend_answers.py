"""What a trend says of its points: direction, control chart, rolling mean.

All is computed from the points as they are answered, so that a point without a value (nothing
happened, too few to be shown) is in none of it; and only from complete ones, because half a week
is no week.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from app.errors import FieldError, Invalid
from app.kpis.control_charts import (
    DEFAULT_WEIGHT,
    DEFAULT_WIDTH,
    Baseline,
    ControlPoint,
    baseline,
    ewma_chart,
    p_chart,
    pooled_share,
)
from app.kpis.declaration import Kpi, Measurement
from app.kpis.means import Moments
from app.kpis.proportions import NpsCounts, adjusted_nps
from app.kpis.schemas import KpiPoint
from app.kpis.statistics import Interval, critical_z
from app.kpis.trend_schemas import (
    ControlMethod,
    KpiControl,
    KpiControlPoint,
    KpiDirection,
    KpiLine,
    KpiRankTest,
    KpiSenSlope,
    KpiSlope,
)
from app.kpis.trends import (
    MAX_SEN_POINTS,
    MIN_POINTS,
    Point,
    fitted_line,
    mann_kendall,
    rolling_means,
    sen_slope,
)

Control = Literal["none", "ewma", "p_chart"]

#: There are too few complete points for what was asked of them.
TOO_FEW_POINTS = "too_few_points"
#: The median of the slopes of all pairs was left out: there are too many.
SEN_LIMITED = "theil_sen_limited"
#: The unit and the interval of a figure that is a share of answers, as p-charts need it.
_SHARE = ("ratio", "wilson")


@dataclass(frozen=True)
class Drawn:
    """The control chart of a trend: what it rests on, and a place for each point."""

    chart: KpiControl | None
    points: tuple[KpiControlPoint | None, ...]


def refuse_wrong_chart(kpi: Kpi, control: Control) -> None:
    """422 with `?control`: only a share has a p-chart."""
    if control == "p_chart" and (kpi.unit, kpi.interval) != _SHARE:
        raise Invalid(FieldError("?control", "invalid-value"))


def direction(
    points: Sequence[KpiPoint], measured: Sequence[Measurement], level: float
) -> KpiDirection:
    """The line, the rank test and the median slope of the complete points."""
    known = [
        Point(place, point.value, standard_error(figure))
        for place, (point, figure) in enumerate(zip(points, measured, strict=True))
        if point.value is not None and point.period.complete
    ]
    line, rank, sen = fitted_line(known, level), mann_kendall(known), sen_slope(known, level)
    return KpiDirection(
        points=len(known),
        line=None
        if line is None
        else KpiLine(
            slope=_slope(line.slope, line.interval), p=line.p, method=line.method,
            points=line.points,
        ),
        mann_kendall=None
        if rank is None
        else KpiRankTest(tau=rank.tau, p=rank.p, method=rank.method, points=rank.points),
        theil_sen=None
        if sen is None
        else KpiSenSlope(slope=_slope(sen.slope, sen.interval), points=sen.points),
    )  # fmt: skip


def _slope(value: float, interval: Interval) -> KpiSlope:
    return KpiSlope(value=value, level=interval.level, low=interval.low, high=interval.high)


def standard_error(measured: Measurement) -> float | None:
    """How far a point may be off by chance; None where that is unknown or nothing varies.

    Of an NPS it is that of the adjusted score, of a mean s / sqrt(n); else half of the interval
    over z: Wilson's has a width also where all answers agree.
    """
    found, interval = measured.evidence, measured.interval
    if isinstance(found, Moments):
        return sqrt(found.square_error) if found.square_error else None
    if isinstance(found, NpsCounts) and found.answered:
        return sqrt(adjusted_nps(found)[1])
    if interval is None or not interval.width:
        return None
    return interval.width / 2 / critical_z(interval.level)


def draw(points: Sequence[KpiPoint], control: Control) -> Drawn:
    """The control chart of the complete points; without one where there are too few of them."""
    nothing = Drawn(None, (None,) * len(points))
    if control == "none":
        return nothing
    values = [point.value if point.period.complete else None for point in points]
    shares = [
        (
            value if point.interval and point.interval.method == "wilson" else None,
            point.n_effective or 0,
        )
        for value, point in zip(values, points, strict=True)
    ]
    usual = baseline(values) if control == "ewma" else pooled_share(shares)
    if usual is None:
        return nothing
    found = ewma_chart(values, usual) if control == "ewma" else p_chart(shares, usual)
    drawn = tuple(None if each is None else _on_chart(each) for each in found)
    return Drawn(_chart(control, usual, drawn), drawn)


def _on_chart(point: ControlPoint) -> KpiControlPoint:
    return KpiControlPoint(
        statistic=point.statistic,
        low=point.low,
        high=point.high,
        out_of_control=point.outside is not None,
        side=point.outside,
    )


def _chart(
    method: ControlMethod, usual: Baseline, points: Sequence[KpiControlPoint | None]
) -> KpiControl:
    return KpiControl(
        method=method,
        centre=usual.centre,
        sigma=usual.sigma,
        baseline_points=usual.points,
        width=DEFAULT_WIDTH,
        weight=DEFAULT_WEIGHT if method == "ewma" else None,
        out_of_control=sum(point is not None and point.out_of_control for point in points),
    )


def smoothed(kpi: Kpi, points: Sequence[KpiPoint], size: int | None) -> tuple[float | None, ...]:
    """The rolling mean over `size` complete points, weighed by their numbers of answers.

    A figure that is a count weighs the same in each; parts of a unit are left out.
    """
    if size is None:
        return (None,) * len(points)
    values = [
        (
            point.value if point.period.complete else None,
            1.0 if kpi.interval == "none" else float(point.n or 0),
        )
        for point in points
    ]
    means = rolling_means(values, size)
    return tuple(
        mean if point.period.complete else None for mean, point in zip(means, points, strict=True)
    )


def warnings(found: KpiDirection, control: Control, chart: KpiControl | None) -> list[str]:
    """What could not be said, and why."""
    named = []
    if found.points < MIN_POINTS or (control != "none" and chart is None):
        named.append(TOO_FEW_POINTS)
    if found.points > MAX_SEN_POINTS:
        named.append(SEN_LIMITED)
    return named
