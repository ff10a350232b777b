"""Which way a series goes: a fitted line, Kendall's rank test, Sen's slope, a rolling mean.

Points are numbered by their place in the series, so that one that is missing leaves its gap and
slopes are per unit of the calendar. Nothing here knows of KPIs.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import fsum, sqrt
from statistics import median
from typing import Literal

from app.kpis.distributions import normal_quantile, normal_two_sided_p, t_quantile, t_two_sided_p
from app.kpis.statistics import DEFAULT_LEVEL, Interval, check_level

LineMethod = Literal["wls", "ols"]
RankMethod = Literal["exact", "normal"]

MIN_POINTS = 3
"""Through two points there is always a line: it says nothing."""

MAX_SEN_POINTS = 400
"""Sen's slope looks at every pair of points; beyond this it is left out."""

_MAX_EXACT = 50
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Point:
    """A value at its place in the series; `error` is its standard error where it has one."""

    place: int
    value: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line: its slope per place, and the two-sided p of no slope."""

    slope: float
    interval: Interval
    p: float
    method: LineMethod
    points: int


@dataclass(frozen=True, slots=True)
class RankTest:
    """Kendall's tau-b of value and time, and the two-sided p of no monotone trend."""

    tau: float
    p: float
    method: RankMethod
    points: int


@dataclass(frozen=True, slots=True)
class SenSlope:
    """The median of the slopes of all pairs, with its interval."""

    slope: float
    interval: Interval
    points: int


def fitted_line(points: Sequence[Point], level: float = DEFAULT_LEVEL) -> Line | None:
    """The line by weighted least squares, weights 1 / error^2; None below three points.

    Points without an error have no weight and are left out where others have one; where none
    has, all weigh the same (`ols`). The spread about the line is estimated from the points
    (Student's t with n - 2 degrees), so that points scattered wider than their errors widen the
    interval.
    """
    check_level(level)
    weighed = [(point, 1 / point.error**2) for point in points if point.error]
    method: LineMethod = "wls" if weighed else "ols"
    chosen = weighed or [(point, 1.0) for point in points]
    if len(chosen) < MIN_POINTS:
        return None
    total = fsum(weight for _, weight in chosen)
    middle = fsum(weight * point.place for point, weight in chosen) / total
    mean = fsum(weight * point.value for point, weight in chosen) / total
    spread = fsum(weight * (point.place - middle) ** 2 for point, weight in chosen)
    slope = 0.0
    if len({point.value for point, _ in chosen}) > 1:
        shared = (
            weight * (point.place - middle) * (point.value - mean) for point, weight in chosen
        )
        slope = fsum(shared) / spread
    left = fsum(
        weight * (point.value - mean - slope * (point.place - middle)) ** 2
        for point, weight in chosen
    )
    largest = max(abs(point.value) for point, _ in chosen)
    if left <= (_ROUNDING * largest) ** 2 * total:
        left = 0.0
    df = len(chosen) - 2
    error = sqrt(left / df / spread)
    half = t_quantile(0.5 + level / 2, df) * error
    p = t_two_sided_p(slope / error, df) if error else float(slope == 0)
    return Line(slope, Interval(level, slope - half, slope + half, "t"), p, method, len(chosen))


def mann_kendall(points: Sequence[Point]) -> RankTest | None:
    """Mann's test of a monotone trend (H. B. Mann, 1945; M. G. Kendall); None below three points.

    Without ties and up to 50 points p is exact, from the number of orders with so many
    inversions; else normal, with the variance for ties and a correction for continuity.
    """
    if len(points) < MIN_POINTS:
        return None
    values = [point.value for point in points]
    n = len(values)
    score, pairs = _kendall_score(values), n * (n - 1) // 2
    ties = [count for count in Counter(values).values() if count > 1]
    untied = pairs - sum(count * (count - 1) // 2 for count in ties)
    tau = score / sqrt(pairs * untied) if untied else 0.0
    if not ties and n <= _MAX_EXACT:
        return RankTest(tau, _exact_p(n, score), "exact", n)
    variance = _kendall_variance(n, ties)
    z = (abs(score) - 1) / sqrt(variance) if score and variance else 0.0
    return RankTest(tau, normal_two_sided_p(z), "normal", n)


def sen_slope(points: Sequence[Point], level: float = DEFAULT_LEVEL) -> SenSlope | None:
    """The median slope of all pairs (H. Theil, 1950; P. K. Sen, 1968), with Sen's interval.

    None below three points or beyond `MAX_SEN_POINTS`.
    """
    check_level(level)
    n = len(points)
    if not MIN_POINTS <= n <= MAX_SEN_POINTS:
        return None
    slopes = sorted(_slopes(points))
    ties = [count for count in Counter(point.value for point in points).values() if count > 1]
    reach = normal_quantile(0.5 + level / 2) * sqrt(_kendall_variance(n, ties))
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    interval = Interval(level, slopes[low], slopes[high], "sen")
    return SenSlope(median(slopes), interval, n)


def rolling_means(
    values: Sequence[tuple[float | None, float]], size: int
) -> tuple[float | None, ...]:
    """The weighted mean of each place and the `size` - 1 before; None until there are so many.

    `values` are pairs of a value and its weight. Weighed by the number of answers, the rolling
    mean of shares (or means) is the share (or mean) of all answers of those units together.
    Values that are None are left out; where nothing is left, None.
    """
    means: list[float | None] = []
    for end in range(1, len(values) + 1):
        window = values[max(end - size, 0) : end]
        known = [(value, weight) for value, weight in window if value is not None and weight > 0]
        weight = fsum(each for _, each in known)
        total = fsum(value * each for value, each in known)
        means.append(total / weight if known and end >= size else None)
    return tuple(means)


def _kendall_score(values: Sequence[float]) -> int:
    """Pairs that rise less pairs that fall."""
    seen: list[float] = []
    score = 0
    for value in values:
        score += bisect_left(seen, value) - (len(seen) - bisect_right(seen, value))
        insort(seen, value)
    return score


def _kendall_variance(n: int, ties: Sequence[int]) -> float:
    """Variance of the score when any order is as likely, for values with these ties."""
    tied = sum(count * (count - 1) * (2 * count + 5) for count in ties)
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def _exact_p(n: int, score: int) -> float:
    """The share of the n! orders whose score is at least as far from 0."""
    orders = _orders(n)
    fewest = (n * (n - 1) // 2 - abs(score)) // 2
    return min(1.0, 2 * sum(orders[: fewest + 1]) / sum(orders))


@lru_cache(maxsize=_MAX_EXACT)
def _orders(n: int) -> tuple[int, ...]:
    """How many orders of n things have 0, 1, 2, ... inversions: the last thing adds 0 to n - 1."""
    if n == 1:
        return (1,)
    fewer = _orders(n - 1)
    sums = (0, *accumulate(fewer))
    most = len(fewer) + n - 1
    return tuple(
        sums[min(count, len(fewer) - 1) + 1] - sums[max(count - n + 1, 0)] for count in range(most)
    )


def _slopes(points: Sequence[Point]) -> Iterator[float]:
    placed = [(point.place, point.value) for point in points]
    for index, (place, value) in enumerate(placed):
        yield from [(later - value) / (where - place) for where, later in placed[index + 1 :]]
