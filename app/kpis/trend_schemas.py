"""What a trend says beside its points: the line, the rank test, the control chart."""

from typing import Literal

from app.fields import Output
from app.kpis.control_charts import Side
from app.kpis.trends import LineMethod, RankMethod

ControlMethod = Literal["ewma", "p_chart"]


class KpiSlope(Output):
    """A change per point of the trend, in the KPI's own unit, with its interval."""

    value: float
    level: float
    low: float
    high: float


class KpiLine(Output):
    """The fitted line. `wls` weighs each point by 1 / standard error^2, `ols` all alike."""

    slope: KpiSlope
    p: float
    method: LineMethod
    points: int


class KpiRankTest(Output):
    """The Mann-Kendall test: tau-b of value and time, and the p of no monotone trend."""

    tau: float
    p: float
    method: RankMethod
    points: int


class KpiSenSlope(Output):
    """The Theil-Sen slope: the median of the slopes of all pairs of points."""

    slope: KpiSlope
    points: int


class KpiDirection(Output):
    """Which way the complete points go; each part is null where there are too few of them."""

    points: int
    """Complete points that have a value."""
    line: KpiLine | None
    mann_kendall: KpiRankTest | None
    theil_sen: KpiSenSlope | None


class KpiControl(Output):
    """The control chart: what the complete points usually do, and how many left the limits.

    `centre` is the mean of the points (`ewma`) or the share of all answers (`p_chart`), `sigma`
    the standard deviation of the points, or of one answer. Limits lie `width` standard errors
    from the centre.
    """

    method: ControlMethod
    centre: float
    sigma: float
    baseline_points: int
    width: float
    weight: float | None
    """Of the newest point in the average; null for a p-chart."""
    out_of_control: int


class KpiControlPoint(Output):
    """A complete point on the control chart.

    `statistic` is what is held against the limits: the moving average, or the share itself.
    """

    statistic: float
    low: float
    high: float
    out_of_control: bool
    side: Side | None
