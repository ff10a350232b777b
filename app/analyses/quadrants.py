"""Where points lie in an importance-performance map, and how surely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from app.kpis.distributions import t_quantile
from app.kpis.statistics import Interval

Crosshair = Literal["grand_mean", "median", "scale_midpoint"]
Quadrant = Literal["concentrate_here", "keep_up", "possible_overkill", "low_priority"]
MIDPOINT = Fraction(50)


@dataclass(frozen=True)
class Sample:
    """Complete rows of several columns: their number, means, and covariances (divisor n - 1)."""

    n: int
    means: tuple[Fraction, ...]
    covariances: tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class Distance:
    """How far a mean lies from the cut; `interval` is None where nothing can be said."""

    value: float
    interval: Interval | None

    @property
    def sure(self) -> bool:
        """Whether the interval is on one side of the cut."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high


def cut_weights(means: Sequence[Fraction], crosshair: Crosshair) -> list[Fraction]:
    """What each mean adds to the cut; nothing for the midpoint, which is given.

    The median is the mean in the middle, or half of each of the two: which ones is taken as
    known.
    """
    size = len(means)
    if crosshair == "grand_mean":
        return [Fraction(1, size)] * size
    weights = [Fraction(0)] * size
    if crosshair == "median":
        ranked = sorted(range(size), key=lambda place: (means[place], place))
        for place in {ranked[(size - 1) // 2], ranked[size // 2]}:
            weights[place] = Fraction(1, 2 - size % 2)
    return weights


def cut_of(means: Sequence[Fraction], crosshair: Crosshair) -> Fraction:
    """Where the line is drawn."""
    if crosshair == "scale_midpoint":
        return MIDPOINT
    weights = cut_weights(means, crosshair)
    return sum((w * m for w, m in zip(weights, means, strict=True)), Fraction())


def distances(sample: Sample, crosshair: Crosshair, level: float) -> list[Distance]:
    """Each mean less the cut, with Student's interval of that contrast over respondents.

    The cut moves with the same respondents, which the covariances account for.
    """
    weights = cut_weights(sample.means, crosshair)
    cut = cut_of(sample.means, crosshair)
    found = []
    for place, mean in enumerate(sample.means):
        contrast = [int(other == place) - w for other, w in enumerate(weights)]
        variance = sum(
            (
                a * b * sample.covariances[i][j]
                for i, a in enumerate(contrast)
                for j, b in enumerate(contrast)
                if a and b
            ),
            Fraction(),
        )
        value = float(mean - cut)
        found.append(Distance(value, _student(value, variance, sample.n, level)))
    return found


def _student(value: float, variance: Fraction, n: int, level: float) -> Interval | None:
    if n < 2:
        return None
    half = t_quantile(0.5 + level / 2, n - 1) * math.sqrt(max(variance, Fraction(0)) / n)
    return Interval(level, value - half, value + half, "t")


def quadrant(performance: float, importance: float) -> Quadrant:
    """Where a point lies by its distances from the cuts; on the line counts as above.

    J. Martilla and J. James, 1977.
    """
    if importance >= 0:
        return "keep_up" if performance >= 0 else "concentrate_here"
    return "possible_overkill" if performance >= 0 else "low_priority"
