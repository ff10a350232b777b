"""Lines, rank tests and median slopes, against statsmodels, scipy and brute force."""

import itertools
import math
import random

import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from app.kpis.trends import (
    MAX_SEN_POINTS,
    Point,
    fitted_line,
    mann_kendall,
    rolling_means,
    sen_slope,
)

_series = st.lists(st.integers(-20, 20).map(lambda each: each / 4), min_size=3, max_size=30)


def _points(values: list[float], errors: list[float] | None = None) -> list[Point]:
    return [
        Point(place, value, errors[place] if errors else None) for place, value in enumerate(values)
    ]


@pytest.mark.parametrize("weighed", [True, False])
def test_the_line_is_that_of_statsmodels(weighed: bool) -> None:
    """Slope, interval and p of weighted and of ordinary least squares; a gap keeps its place."""
    rng = random.Random(4)
    for n in (4, 9, 40):
        places = sorted(rng.sample(range(2 * n), n))
        values = [0.3 * place + rng.gauss(0, 2) for place in places]
        errors = [rng.uniform(0.2, 3) for _ in places]
        points = [
            Point(place, value, error if weighed else None)
            for place, value, error in zip(places, values, errors, strict=True)
        ]
        weights = [1 / error**2 for error in errors] if weighed else [1.0] * n
        oracle = sm.WLS(values, sm.add_constant(places), weights=weights).fit()
        found = fitted_line(points, 0.9)
        assert found is not None
        assert found.slope == pytest.approx(oracle.params[1])
        assert found.p == pytest.approx(oracle.pvalues[1])
        limits = oracle.conf_int(0.1)[1]
        assert (found.interval.low, found.interval.high) == pytest.approx(tuple(limits))
        assert (found.method, found.points) == ("wls" if weighed else "ols", n)


def test_a_line_without_scatter_and_a_flat_one() -> None:
    """A perfect line is certain; equal values have slope 0, width 0 and p 1 for any weights."""
    rising = fitted_line(_points([0.1 * place for place in range(10)]))
    assert rising is not None
    assert rising.slope == pytest.approx(0.1)
    assert rising.p == 0
    flat = fitted_line(_points([0.1] * 7, [0.3, 1.7, 0.2, 0.9, 0.11, 0.5, 2.3]))
    assert flat is not None
    assert (flat.slope, flat.p, flat.interval.width) == (0, 1, 0)
    assert fitted_line(_points([1.0, 2.0])) is None


def test_points_without_an_error_carry_no_weight() -> None:
    """Where others have an error, those without are left out, and the number says so."""
    points = [*_points([1, 3, 4, 9], [1, 1, 1, 1]), Point(4, 100.0), Point(5, 100.0, 0.0)]
    found = fitted_line(points)
    assert found == fitted_line(points[:4])
    assert found is not None
    assert found.points == 4


@settings(max_examples=100, deadline=None)
@given(_series)
def test_kendall_and_sen_equal_scipy(values: list[float]) -> None:
    """Tau-b, the exact p without ties, and the Theil-Sen slope with its limits."""
    points = _points(values)
    rank, sen = mann_kendall(points), sen_slope(points)
    assert rank is not None
    assert sen is not None
    places = list(range(len(values)))
    oracle = stats.theilslopes(values, places, 0.95)
    assert (sen.slope, sen.interval.low, sen.interval.high) == pytest.approx(
        (oracle.slope, oracle.low_slope, oracle.high_slope)
    )
    if len(set(values)) == 1:
        assert (rank.tau, rank.p) == (0, 1)
        return
    untied = len(set(values)) == len(values)
    kendall = stats.kendalltau(places, values, method="exact" if untied else "asymptotic")
    assert rank.tau == pytest.approx(kendall.statistic)
    assert rank.method == ("exact" if untied else "normal")
    if untied:
        assert rank.p == pytest.approx(kendall.pvalue)
    else:
        assert rank.p >= kendall.pvalue - 1e-12  # the correction for continuity is cautious


def test_the_variance_for_ties_is_that_of_all_orders() -> None:
    """The normal p uses the spread of the score over every order of the tied values."""
    values = [1, 1, 2, 3, 3, 3]
    scores = [
        sum((b > a) - (b < a) for a, b in itertools.combinations(order, 2))
        for order in itertools.permutations(values)
    ]
    spread = math.sqrt(sum(score**2 for score in scores) / len(scores))
    found = mann_kendall(_points([float(value) for value in values]))
    score = sum((b > a) - (b < a) for a, b in itertools.combinations(values, 2))
    assert found is not None
    assert found.p == pytest.approx(2 * stats.norm.sf((score - 1) / spread))


def test_the_median_slope_is_left_out_of_very_long_series() -> None:
    """It looks at all pairs, so that it ends somewhere; the other two go on."""
    points = _points([math.sin(place) for place in range(MAX_SEN_POINTS + 1)])
    assert sen_slope(points) is None
    assert sen_slope(points[:-1]) is not None
    assert mann_kendall(points) is not None


@pytest.mark.parametrize("test", ["line", "kendall"])
def test_false_alarms_are_as_rare_as_they_should_be(test: str) -> None:
    """Of 2,000 series without a trend about 5 % are called one (Monte Carlo error 1.5 %)."""
    rng = random.Random(9)
    false = 0
    for _ in range(2_000):
        errors = [rng.uniform(0.5, 2) for _ in range(12)]
        points = _points([rng.gauss(0, error) for error in errors], errors)
        found = fitted_line(points) if test == "line" else mann_kendall(points)
        assert found is not None
        false += found.p < 0.05
    assert abs(false / 2_000 - 0.05) < 0.015


def test_a_rolling_mean_weighs_by_numbers() -> None:
    """Shares of 2 of 4 and 1 of 1 make 3 of 5; nothing before there are enough places."""
    means = rolling_means([(0.5, 4), (1.0, 1), (None, 0), (None, 0)], 2)
    assert means[0] is None
    assert means[1:3] == pytest.approx((3 / 5, 1))
    assert means[3] is None
