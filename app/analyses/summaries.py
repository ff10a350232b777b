"""One column of scores in a few numbers: place, spread, quartiles, lean."""

import math
from dataclasses import dataclass
from fractions import Fraction

from app.analyses.evidence import Histogram, total
from app.kpis.means import Moments, moments


@dataclass(frozen=True, slots=True)
class Summary:
    """What a histogram of scores looks like; moments that need more scores are None."""

    moments: Moments
    minimum: Fraction
    lower_quartile: Fraction
    median: Fraction
    upper_quartile: Fraction
    maximum: Fraction
    skewness: float | None


def summarise(histogram: Histogram) -> Summary | None:
    """The summary of scores; None when there is none.

    Quartiles are interpolated between order statistics (R. J. Hyndman and Y. Fan, 1996, type 7,
    the default of R and numpy). Skewness is G1 with the sample correction, from three scores
    that are not all equal.
    """
    found = moments(histogram)
    if found is None:
        return None
    scores = sorted(histogram)
    return Summary(
        moments=found,
        minimum=Fraction(scores[0]),
        lower_quartile=quantile(histogram, Fraction(1, 4)),
        median=quantile(histogram, Fraction(1, 2)),
        upper_quartile=quantile(histogram, Fraction(3, 4)),
        maximum=Fraction(scores[-1]),
        skewness=_skewness(histogram, found),
    )


def quantile(histogram: Histogram, share: Fraction) -> Fraction:
    """The score below which a share of all lies, interpolated (type 7); refuses no scores."""
    place = share * (total(histogram) - 1)
    below = math.floor(place)
    low, high = _at(histogram, below), _at(histogram, math.ceil(place))
    return low + (high - low) * (place - below)


def _at(histogram: Histogram, place: int) -> Fraction:
    """The score at a place from 0, in ascending order."""
    passed = 0
    for score in sorted(histogram):
        passed += histogram[score]
        if place < passed:
            return Fraction(score)
    raise ValueError("a quantile needs scores")


def _skewness(histogram: Histogram, found: Moments) -> float | None:
    n = found.n
    if n < 3 or not found.variance:
        return None
    cubes = sum(
        ((Fraction(score) - found.mean) ** 3 * count for score, count in histogram.items()),
        Fraction(),
    )
    second = float(found.variance) * (n - 1) / n
    return float(cubes / n) / (second * math.sqrt(second)) * math.sqrt(n * (n - 1)) / (n - 2)
