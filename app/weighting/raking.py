"""Weights by which a sample agrees with known margins: raking, with weights kept within bounds.

Iterative proportional fitting (W. E. Deming, F. F. Stephan, 1940): every margin in turn is scaled
to its target. With bounds each round also cuts the weights there. Cutting is the projection on
the bounds in the same (Kullback-Leibler) divergence in which scaling is the projection on a
margin, so the rounds lead to weights that keep both, where there are any (L. M. Bregman, 1967).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: A margin is met when no category is off by more than this part of its target.
TOLERANCE = 1e-6
MAX_ROUNDS = 100
#: A weight this near to a bound is within it.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Category:
    """A category of a margin: the places of its cells, and its share of the population."""

    cells: Sequence[int]
    target: float


Margin = Sequence[Category]


@dataclass(frozen=True, slots=True)
class Raked:
    """The weight of each respondent of a cell; the mean weight of all respondents is 1."""

    weights: Sequence[float]
    rounds: int
    error: float
    """The largest relative error of a category."""

    @property
    def converged(self) -> bool:
        """Whether every margin is met."""
        return self.error <= TOLERANCE


@dataclass(frozen=True, slots=True)
class Spread:
    """How unequal weights are, over respondents: Kish's design effect (1965) and what it leaves."""

    low: float
    high: float
    total: float
    design_effect: float
    n_effective: float


def rake(
    counts: Sequence[int],
    margins: Sequence[Margin],
    start: Sequence[float] | None = None,
    bounds: tuple[float, float] | None = None,
) -> Raked:
    """Weights by which the counted cells meet all margins, from `start` or equal ones.

    `bounds` are of weights with mean 1; weights of 0 (of categories that nobody should be in) stay
    so. Every category with a target needs a counted cell.
    """
    total = sum(counts)
    weights = list(start) if start is not None else [1.0] * len(counts)
    error = _error(counts, weights, margins)
    rounds = 0
    while error > TOLERANCE and rounds < MAX_ROUNDS:
        rounds += 1
        for margin in margins:
            for category in margin:
                _scale(counts, weights, category, total)
        if bounds is not None:
            weights = cut(weights, bounds)
        error = _error(counts, weights, margins)
    return Raked(weights, rounds, error)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Weights within bounds, beside those that the margins alone would give."""

    plain: Raked
    kept: Raked
    outside: int
    """Respondents whose plain weight was not within the bounds."""


def rake_within(
    counts: Sequence[int], margins: Sequence[Margin], bounds: tuple[float, float] | None
) -> Trimmed:
    """Rake, cut the weights that lie outside the bounds, and rake again from there within them."""
    plain = rake(counts, margins)
    if bounds is None:
        return Trimmed(plain, plain, 0)
    inside = cut(plain.weights, bounds)
    moved = [abs(a - b) > _NOISE for a, b in zip(plain.weights, inside, strict=True)]
    outside = sum(n for n, out in zip(counts, moved, strict=True) if out)
    if not outside:
        return Trimmed(plain, plain, 0)
    again = rake(counts, margins, inside, bounds)
    return Trimmed(plain, Raked(again.weights, plain.rounds + again.rounds, again.error), outside)


def cut(weights: Sequence[float], bounds: tuple[float, float]) -> list[float]:
    """The weights within bounds, except those of nobody."""
    low, high = bounds
    return [min(max(each, low), high) if each else 0.0 for each in weights]


def weighted_share(counts: Sequence[int], weights: Sequence[float], cells: Sequence[int]) -> float:
    """The weighted share of some cells among all respondents."""
    return _held(counts, weights, cells) / math.fsum(
        count * weight for count, weight in zip(counts, weights, strict=True)
    )


def _held(counts: Sequence[int], weights: Sequence[float], cells: Sequence[int]) -> float:
    return math.fsum(counts[cell] * weights[cell] for cell in cells)


def _scale(counts: Sequence[int], weights: list[float], category: Category, total: int) -> None:
    held = _held(counts, weights, category.cells)
    factor = category.target * total / held if held else 0.0
    for cell in category.cells:
        weights[cell] *= factor


def _error(counts: Sequence[int], weights: Sequence[float], margins: Sequence[Margin]) -> float:
    total = sum(counts)
    return max(
        abs(_held(counts, weights, each.cells) / total - each.target) / (each.target or 1.0)
        for margin in margins
        for each in margin
    )


def spread(counts: Sequence[int], weights: Sequence[float]) -> Spread:
    """deff = n sum w^2 / (sum w)^2 and n_eff = (sum w)^2 / sum w^2, over respondents."""
    n = sum(counts)
    pairs = list(zip(counts, weights, strict=True))
    total = math.fsum(count * weight for count, weight in pairs)
    squares = math.fsum(count * weight * weight for count, weight in pairs)
    present = [weight for count, weight in pairs if count]
    return Spread(
        low=min(present),
        high=max(present),
        total=total,
        design_effect=n * squares / total**2,
        n_effective=total**2 / squares,
    )
