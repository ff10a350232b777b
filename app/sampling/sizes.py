"""How many answers a share needs for its margin, and which margin a number of answers gives.

Cochran's formula (Sampling Techniques, 1977, chapter 4) for a share p, a margin e and z of the
level: n0 = z^2 p(1-p) / e^2; of a population of N: n = m / (1 + (m-1)/N) with m = deff n0. The
margin z sqrt(deff p(1-p)/n (N-n)/(N-1)) is its exact inverse, so that the design effect compares
with a simple random sample without replacement and n never exceeds N.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from app.kpis.statistics import DEFAULT_LEVEL, critical_z

Rounding = Literal["up", "nearest"]

#: Rounding up forgives what floating point adds to a whole number.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Precision:
    """What is wanted of a share: where it is expected, and how sure one wants to be."""

    proportion: float = 0.5
    level: float = DEFAULT_LEVEL
    population: int | None = None
    """None: so large that it does not matter."""
    design_effect: float = 1.0

    def unlimited(self, margin: float) -> float:
        """n0: a simple random sample of an unlimited population, not rounded."""
        z = critical_z(self.level)
        return z * z * self.proportion * (1 - self.proportion) / margin**2

    def needed(self, margin: float) -> float:
        """The number of answers for a margin, not rounded; at most the population."""
        size = self.design_effect * self.unlimited(margin)
        if self.population is None:
            return size
        # At most the population, not more by a rounding either.
        return min(self.population * size / (self.population + size - 1), float(self.population))

    def margin_of(self, n: int) -> float:
        """Half the width of the interval that `n` >= 1 answers give; 0 for everybody."""
        spread = self.design_effect * self.proportion * (1 - self.proportion) / n
        return critical_z(self.level) * math.sqrt(spread * self._left(n))

    def _left(self, n: int) -> float:
        """The finite population correction, (N-n)/(N-1)."""
        if self.population is None:
            return 1.0
        if n >= self.population:
            return 0.0
        return (self.population - n) / (self.population - 1)


def whole(size: float, rounding: Rounding, population: int | None) -> int:
    """A number of answers, at least 1 and at most the population."""
    up, nearest = math.ceil(size * (1 - _NOISE)), math.floor(size + 0.5)
    rounded = up if rounding == "up" else nearest
    return max(1, rounded if population is None else min(rounded, population))


def invitations(n: int, response_rate: float) -> int:
    """How many to invite so that `n` answer; the rate is taken as it is written in decimals."""
    return math.ceil(n / Fraction(repr(response_rate)))
