"""Statistics by scipy and statsmodels, which the service does not use, and how answers compare."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from statistics import fmean
from typing import TypeVar

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.acceptance.bodies import Json

LEVEL = 0.95
Limits = tuple[float, float]
Number = Fraction | float
T = TypeVar("T")


def near(value: float | None) -> object:
    """Equal but for the rounding of floats."""
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def ratio(count: int, total: int, per: int = 1) -> float | None:
    """`per` x count / total; None for nothing."""
    return per * count / total if total else None


def wilson(count: int, total: int, per: int = 1) -> Limits | None:
    """Wilson's interval of a share."""
    if not total:
        return None
    low, high = stats.binomtest(count, total).proportion_ci(LEVEL, method="wilson")
    return low * per, high * per


def garwood(events: int, exposure: int, per: int = 1) -> Limits | None:
    """The exact Poisson interval of a rate."""
    if not exposure:
        return None
    tail = (1 - LEVEL) / 2
    low = stats.chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = stats.chi2.ppf(1 - tail, 2 * events + 2) / 2
    return low * per / exposure, high * per / exposure


def student(scores: Sequence[Number]) -> Limits:
    """Student's interval of a mean."""
    values = [float(score) for score in scores]
    low, high = stats.t.interval(LEVEL, len(values) - 1, fmean(values), stats.sem(values))
    return float(low), float(high)


def newcombe(now: tuple[int, int], before: tuple[int, int]) -> tuple[Limits, float]:
    """Newcombe's interval of p1 - p2, and the alpha at which one end of it reaches 0."""

    def limits(alpha: float) -> Limits:
        low, high = confint_proportions_2indep(
            *now, *before, compare="diff", method="newcomb", alpha=alpha
        )
        return float(low), float(high)

    positive = now[0] * before[1] > before[0] * now[1]

    def end(z: float) -> float:
        return limits(2 * stats.norm.sf(z))[0 if positive else 1]

    z = optimize.brentq(end, 1e-6, 30, xtol=1e-13)
    return limits(1 - LEVEL), float(2 * stats.norm.sf(z))


def welch(now: Sequence[Number], before: Sequence[Number]) -> tuple[Limits, float]:
    """Welch's interval of the difference of two means, and its p."""
    tested = stats.ttest_ind(np.array(now, float), np.array(before, float), equal_var=False)
    low, high = tested.confidence_interval(LEVEL)
    return (float(low), float(high)), float(tested.pvalue)


def rates(now: tuple[int, int], before: tuple[int, int], per: int = 1) -> tuple[Limits, float]:
    """MOVER from two Garwood intervals, and twice the smaller tail of the conditional test."""
    (low_now, high_now), (low_before, high_before) = _garwood(now, per), _garwood(before, per)
    value_now, value_before = per * now[0] / now[1], per * before[0] / before[1]
    difference = value_now - value_before
    low = difference - math.hypot(value_now - low_now, high_before - value_before)
    high = difference + math.hypot(high_now - value_now, value_before - low_before)
    chance = now[1] / (now[1] + before[1])
    given = stats.binom(now[0] + before[0], chance)
    return (low, high), float(min(1, 2 * min(given.cdf(now[0]), given.sf(now[0] - 1))))


def _garwood(rate: tuple[int, int], per: int) -> Limits:
    found = garwood(*rate, per)
    assert found is not None
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjustment."""
    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def deciles(values: Sequence[float]) -> list[float]:
    """The nine cuts, interpolated linearly."""
    return [float(cut) for cut in np.percentile(values, range(10, 100, 10))]


def agrees(
    found: Json,
    *,
    value: float | None,
    denominator: Mapping[str, int],
    numerator: Mapping[str, int] | None = None,
    interval: Limits | None = None,
    method: str | None = None,
) -> None:
    """A figure of the service is what was recomputed; no value only for an empty denominator."""
    assert found["value"] == near(value)
    assert found["reason"] == (None if value is not None else "empty_denominator")
    assert found["denominator"] == denominator
    assert found["n"] == next(iter(denominator.values()))
    if numerator is not None:
        assert found["numerator"] == numerator
    agrees_on_limits(found["interval"], interval, method)


def agrees_on_limits(found: Json | None, limits: Limits | None, method: str | None) -> None:
    """An interval of the service is what was recomputed."""
    if limits is None:
        assert found is None
        return
    assert found is not None
    assert (found["low"], found["high"]) == (near(limits[0]), near(limits[1]))
    assert (found["level"], found["method"]) == (LEVEL, method)


def agrees_on_pairs(
    found: Json,
    groups: Mapping[str, T],
    test: Callable[[T, T], tuple[Limits, float]],
    method: str,
) -> None:
    """Every pair of groups was tested as recomputed, with Holm's adjustment."""
    pairs = found["pairwise"]
    assert {frozenset((pair["first"], pair["second"])) for pair in pairs} == {
        frozenset(names) for names in combinations(groups, 2)
    }
    tested = [test(groups[pair["first"]], groups[pair["second"]]) for pair in pairs]
    adjusted = holm([p for _, p in tested])
    for pair, (limits, p), p_adjusted in zip(pairs, tested, adjusted, strict=True):
        agrees_on_limits(pair["interval"], limits, method)
        assert (pair["p"], pair["p_adjusted"]) == (_near_p(p), _near_p(p_adjusted))


def _near_p(p: float) -> object:
    """Small probabilities too are compared by their digits."""
    return pytest.approx(p, rel=1e-6, abs=1e-300)


def agrees_on_change(
    previous: Json, tested: tuple[Limits, float], test: str, method: str | None = None
) -> None:
    """The change since the earlier period was tested as recomputed."""
    limits, p = tested
    agrees_on_limits(previous["interval"], limits, method or test)
    assert previous["p"] == _near_p(p)
    assert previous["test"] == test
