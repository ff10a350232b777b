"""Means of scores from exact histograms, with t intervals, Welch's test and Cronbach's alpha."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from app.kpis.distributions import normal_two_sided_p, t_quantile, t_two_sided_p
from app.kpis.statistics import (
    DEFAULT_LEVEL,
    Difference,
    Interval,
    check_level,
    clip,
    critical_z,
)

Exact = int | Fraction | Decimal
ScoreT = TypeVar("ScoreT", bound=Exact)


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, mean and sample variance (divisor n - 1) of scores, exact.

    `variance` is None for a single score: one answer says nothing about spread.
    """

    n: int
    mean: Fraction
    variance: Fraction | None
    n_effective: float | None = None
    """As many independent answers would tell as much; None: as many as there are."""

    @property
    def value(self) -> float:
        """The mean as a float, for publishing."""
        return float(self.mean)

    @property
    def standard_deviation(self) -> float | None:
        """Square root of the sample variance."""
        return None if self.variance is None else math.sqrt(self.variance)

    @property
    def tells_as_much_as(self) -> float:
        """The number of independent answers that would tell as much."""
        return float(self.n) if self.n_effective is None else self.n_effective

    @property
    def square_error(self) -> Fraction | None:
        """The square of the mean's standard error; None where one score tells no spread."""
        if self.variance is None or self.tells_as_much_as <= 1:
            return None
        return self.variance / Fraction(self.tells_as_much_as)

    def rescaled(self, low: Exact, high: Exact, top: int = 100) -> "Moments":
        """The moments after mapping the scale low..high to 0..top; refuses low = high."""
        factor = Fraction(top) / _span(low, high)
        variance = None if self.variance is None else self.variance * factor**2
        return Moments(self.n, (self.mean - Fraction(low)) * factor, variance)


def moments(histogram: Mapping[ScoreT, int]) -> Moments | None:
    """Moments of scores given as {score: number of answers}; None when there is no answer.

    Scores may be whole numbers, fractions (a respondent's composite score) or decimals (money);
    sums are integers over the common denominator, so that no order of addition matters.
    Raises ValueError for a negative count.
    """
    answers = [(score.as_integer_ratio(), n) for score, n in histogram.items() if n]
    common = math.lcm(*(whole for (_, whole), _ in answers))
    number = total = squares = 0
    for (part, whole), n in answers:
        if n < 0:
            raise ValueError("a histogram has no negative counts")
        score = part * (common // whole)
        number += n
        total += score * n
        squares += score * score * n
    return moments_from_units(number, total, squares, common)


def moments_from_sums(n: int, total: Exact, squares: Exact) -> Moments | None:
    """Moments from the number of scores, their sum and the sum of their squares; None if n = 0.

    Raises ValueError where no real scores have such sums.
    """
    (part, whole), (square, squared) = total.as_integer_ratio(), squares.as_integer_ratio()
    unit = math.lcm(whole, squared)
    return moments_from_units(n, part * (unit // whole), square * (unit // squared) * unit, unit)


def moments_from_units(n: int, total: int, squares: int, unit: int) -> Moments | None:
    """The same of scores that are counted in units of 1 / `unit`.

    What stands for `n` and the sums may also be exact fractions: sums of weights.
    """
    if n < 0:
        raise ValueError("a number of scores is not negative")
    if n == 0:
        return None
    spread = n * squares - total * total
    alone = n == 1 and isinstance(n, int)  # weights of several may add up to 1
    if spread < 0 or (alone and spread):
        raise ValueError("no scores have these sums")
    variance = Fraction(spread, n * (n - 1) * unit * unit) if n > 1 else None
    return Moments(n, Fraction(total, n * unit), variance)


def t_interval(
    scores: Moments | None,
    level: float = DEFAULT_LEVEL,
    bounds: tuple[float, float] | None = None,
) -> Interval | None:
    """Student's interval of a mean, mean +- t(n-1) s/sqrt(n); None for one score or less.

    Width 0 when all scores are equal. `bounds` are the ends of the scale, where it has ends: a
    mean cannot lie outside them, so the limits are cut there.
    """
    check_level(level)
    if scores is None or scores.square_error is None:
        return None
    critical = t_quantile(0.5 + level / 2, scores.tells_as_much_as - 1)
    half = critical * math.sqrt(scores.square_error)
    low, high = scores.value - half, scores.value + half
    if bounds is not None:
        low, high = clip(low, *bounds), clip(high, *bounds)
    return Interval(level, low, high, "t", bounds)


def welch(
    now: Moments | None, before: Moments | None, level: float = DEFAULT_LEVEL
) -> Difference | None:
    """Difference of two independent means without assuming equal variances (B. L. Welch, 1947).

    None unless both sides have more than one score. Where neither side varies at all the interval
    has width 0, and p is 1 for equal means and 0 for different ones.
    """
    check_level(level)
    if now is None or before is None:
        return None
    square_now, square_before = now.square_error, before.square_error
    if square_now is None or square_before is None:
        return None
    difference = float(now.mean - before.mean)
    error = math.sqrt(square_now + square_before)
    if error == 0:
        half, p = 0.0, float(now.mean == before.mean)
    else:
        weight = float(square_now / (square_now + square_before))
        df_now, df_before = now.tells_as_much_as - 1, before.tells_as_much_as - 1
        df = 1 / (weight**2 / df_now + (1 - weight) ** 2 / df_before)
        half = t_quantile(0.5 + level / 2, df) * error
        p = t_two_sided_p(difference / error, df)
    return Difference(difference, difference - half, difference + half, level, p, "welch", "welch")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with a standard error, where no one respondent has a score of it.

    `error` is None where the spread is unknown (one respondent).
    """

    value: float
    error: float | None
    n: int


def estimate_interval(
    found: Estimate, level: float = DEFAULT_LEVEL, bounds: tuple[float, float] | None = None
) -> Interval | None:
    """Value +- z error, cut at the ends of the scale; None without an error."""
    z = critical_z(level)
    if found.error is None:
        return None
    low, high = found.value - z * found.error, found.value + z * found.error
    if bounds is not None:
        low, high = clip(low, *bounds), clip(high, *bounds)
    return Interval(level, low, high, "delta")


def estimate_difference(
    now: Estimate, before: Estimate, level: float = DEFAULT_LEVEL
) -> Difference | None:
    """Difference of two independent estimates: Wald's z. None unless both have an error."""
    z = critical_z(level)
    if now.error is None or before.error is None:
        return None
    difference, error = now.value - before.value, math.hypot(now.error, before.error)
    p = normal_two_sided_p(difference / error) if error else float(difference == 0)
    return Difference(
        difference, difference - z * error, difference + z * error, level, p, "wald", "delta"
    )


def rescale(value: Exact, low: Exact, high: Exact, top: int = 100) -> Fraction:
    """One answer on the scale low..high as a number on 0..top; refuses low = high.

    A scale on which lower is better is recoded by giving its ends the other way round.
    """
    return (Fraction(value) - Fraction(low)) * Fraction(top) / _span(low, high)


def cronbach_alpha(item_variances: Sequence[Exact], total_variance: Exact) -> float | None:
    """Internal consistency of k items: k/(k-1) (1 - sum of item variances / variance of the sum).

    All variances come from the same respondents, who answered every item (L. J. Cronbach, 1951).
    At most 1, and negative where items work against each other. None for fewer than two items or
    a sum that does not vary.
    """
    k = len(item_variances)
    if k < 2 or not total_variance:
        return None
    explained = sum((Fraction(item) for item in item_variances), Fraction())
    return float(Fraction(k, k - 1) * (1 - explained / Fraction(total_variance)))


def _span(low: Exact, high: Exact) -> Fraction:
    span = Fraction(high) - Fraction(low)
    if not span:
        raise ValueError("a scale needs two different ends")
    return span
