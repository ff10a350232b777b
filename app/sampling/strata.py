"""Dividing a sample among strata, and the mean that such a sample estimates.

Proportional, Neyman's (1934) and cost-optimal allocation (Cochran, 1977, chapter 5): n_h grows with
N_h, N_h S_h, or N_h S_h / sqrt(c_h). Within bounds the best allocation is that of the same factor,
cut at the bounds (the conditions of Karush, Kuhn and Tucker); what is cut off goes to the others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Method = Literal["proportional", "neyman", "optimal"]
_NOTHING = 1e-30


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the population, with what is known of it before."""

    population: int
    sd: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stratum with what was found in it: `n` answers with their mean and standard deviation."""

    population: int
    n: int
    mean: float
    sd: float


def attraction(stratum: Stratum, method: Method) -> float:
    """What n_h is proportional to; ValueError where the method needs what is not known."""
    if method == "proportional":
        return float(stratum.population)
    if stratum.sd is None or (method == "optimal" and stratum.cost is None):
        raise ValueError("the method needs more of each stratum")
    spread = stratum.population * stratum.sd
    return spread / math.sqrt(stratum.cost) if method == "optimal" and stratum.cost else spread


def least(stratum: Stratum, minimum: int) -> int:
    """The fewest that may be taken of a stratum: `minimum`, or all of a smaller one."""
    return min(minimum, stratum.population)


def allocate(n: int, strata: Sequence[Stratum], method: Method, minimum: int = 2) -> list[int]:
    """How many of each stratum: they add up to `n`, each between `least` and its population.

    Rounded by largest remainders. ValueError where no such allocation exists.
    """
    low = [least(each, minimum) for each in strata]
    high = [each.population for each in strata]
    if not sum(low) <= n <= sum(high):
        raise ValueError("the sample does not fit into the strata")
    wanted = _attractions(strata, method)
    shares = [float(each) for each in high]
    places = list(range(len(strata)))
    indifferent = [place for place in places if not wanted[place]]
    drawn = sum(high[place] for place in places if wanted[place])
    if n > drawn + sum(low[place] for place in indifferent):
        # Those that attract are taken whole; the rest goes by size to those that do not.
        places, n_left = indifferent, n - drawn
        wanted = shares
    else:
        n_left = n
    filled = _fill(
        n_left, [wanted[place] for place in places], [(low[place], high[place]) for place in places]
    )
    for place, share in zip(places, filled, strict=True):
        shares[place] = share
    return _rounded(n, shares, high)


def _attractions(strata: Sequence[Stratum], method: Method) -> list[float]:
    """What each is drawn by; what is nothing beside the largest is exactly nothing."""
    found = [attraction(each, method) for each in strata]
    nothing = max(found) * _NOTHING
    return [each if each > nothing else 0.0 for each in found]


def _fill(n: int, wanted: Sequence[float], bounds: Sequence[tuple[int, int]]) -> list[float]:
    """Cut factor * wanted at the bounds, with the factor for which all add up to `n`."""
    taken = [float(low) for low, _ in bounds]
    turns = sorted(
        {bound / each for each, pair in zip(wanted, bounds, strict=True) if each for bound in pair}
    )
    below = 0.0
    for turn in turns:
        reached = _cut(turn, wanted, bounds)
        if math.fsum(reached) >= n:
            return _between(n, below, turn, wanted, bounds)
        below, taken = turn, reached
    return taken


def _cut(factor: float, wanted: Sequence[float], bounds: Sequence[tuple[int, int]]) -> list[float]:
    return [
        min(max(factor * each, low), high) for each, (low, high) in zip(wanted, bounds, strict=True)
    ]


def _between(
    n: int,
    below: float,
    above: float,
    wanted: Sequence[float],
    bounds: Sequence[tuple[int, int]],
) -> list[float]:
    """Between two turns the sum is a straight line of the factor."""
    first = math.fsum(_cut(below, wanted, bounds))
    last = math.fsum(_cut(above, wanted, bounds))
    part = (n - first) / (last - first) if last > first else 1.0
    return _cut(below + part * (above - below), wanted, bounds)


def _rounded(n: int, shares: Sequence[float], high: Sequence[int]) -> list[int]:
    """Whole numbers that add up to `n`: the largest remainders are rounded up."""
    found = [math.floor(each) for each in shares]
    open_ = [place for place in range(len(found)) if found[place] < high[place]]
    open_.sort(key=lambda place: (found[place] - shares[place], place))
    for place in open_[: n - sum(found)]:
        found[place] += 1
    return found


def planned_variance(strata: Sequence[Stratum], allocation: Sequence[int]) -> float | None:
    """The variance of the stratified mean before it is known; None without all S_h."""
    if any(each.sd is None for each in strata):
        return None
    return stratified(
        [
            Sampled(each.population, n, 0.0, each.sd or 0.0)
            for each, n in zip(strata, allocation, strict=True)
        ]
    )[1]


def stratified(strata: Sequence[Sampled]) -> tuple[float, float]:
    """The mean of the population, sum W_h ybar_h, and its variance.

    Variance: sum W_h^2 (1 - n_h/N_h) s_h^2 / n_h, with W_h = N_h / N.
    """
    total = sum(each.population for each in strata)
    mean = math.fsum(each.population / total * each.mean for each in strata)
    variance = math.fsum(
        (each.population / total) ** 2
        * ((each.population - each.n) / each.population)
        * each.sd**2
        / each.n
        for each in strata
    )
    return mean, variance
