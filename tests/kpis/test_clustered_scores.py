"""Clustered scores: the variance of statsmodels, a recount by hand, and what follows from both."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.kpis.clustered_scores import ClusteredScores
from app.kpis.declaration import Measurement
from app.kpis.means import Moments, moments, t_interval, welch
from app.kpis.proportions import NpsCounts, Share, newcombe, nps_difference, nps_interval, wilson
from app.kpis.thinning import thinned

#: What each customer scored, one list each.
Clusters = Sequence[Sequence[int]]

NUMBERS = st.lists(st.lists(st.integers(-3, 10), min_size=1, max_size=6), min_size=2, max_size=12)


def added_up(clusters: Clusters) -> ClusteredScores:
    """The sums by which scores are judged."""
    every = [score for cluster in clusters for score in cluster]
    return ClusteredScores(
        n=len(every),
        total=Fraction(sum(every)),
        squares=Fraction(sum(score**2 for score in every)),
        clusters=len(clusters),
        totals_squared=Fraction(sum(sum(cluster) ** 2 for cluster in clusters)),
        totals_by_sizes=Fraction(sum(sum(cluster) * len(cluster) for cluster in clusters)),
        sizes_squared=sum(len(cluster) ** 2 for cluster in clusters),
    )


def _statsmodels(clusters: Clusters) -> float:
    """The cluster-robust variance of a regression on nothing but a constant."""
    every = np.array([score for cluster in clusters for score in cluster], dtype=float)
    who = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    fit = sm.OLS(every, np.ones_like(every)).fit(cov_type="cluster", cov_kwds={"groups": who})
    return float(fit.cov_params()[0, 0])


@given(NUMBERS)
def test_the_variance_is_that_of_a_cluster_robust_regression(clusters: Clusters) -> None:
    """Equal to statsmodels on any clusters, and to the residuals added up one by one."""
    found = added_up(clusters)
    variance = found.variance
    assert variance is not None
    assert float(variance) == pytest.approx(_statsmodels(clusters), rel=1e-9, abs=1e-12)
    mean = Fraction(sum(map(sum, clusters)), found.n)
    residuals = [sum(score - mean for score in cluster) for cluster in clusters]
    squares = sum((each**2 for each in residuals), Fraction())
    assert variance == squares * len(clusters) / (len(clusters) - 1) / found.n**2


@given(st.lists(st.integers(0, 10), min_size=1, max_size=40))
def test_one_answer_of_each_customer_tells_as_much_as_it_is(scores: list[int]) -> None:
    """Then the variance is s^2 / n, and n answers tell as much as n."""
    found = added_up([[score] for score in scores])
    assert found.variance == found.independent_variance
    assert found.n_effective == len(scores)


@given(NUMBERS)
def test_answers_never_tell_more_than_their_number(clusters: Clusters) -> None:
    """Also where answers of one customer differ more than those of others, by chance."""
    found = added_up(clusters)
    assert 1 <= found.customers <= found.clusters <= found.n
    if found.customers < 2 and found.clusters < found.n:
        assert found.n_effective is None
    else:
        assert found.n_effective is not None
        assert 0 < found.n_effective <= found.n


@given(st.lists(st.integers(0, 10), min_size=2, max_size=20), st.integers(2, 5))
def test_copies_tell_as_much_as_the_originals(scores: list[int], times: int) -> None:
    """Each answer given `times` times: n originals, but for how well n tell of their spread."""
    found = added_up([[score] * times for score in scores])
    n = len(scores)
    if len(set(scores)) == 1:
        assert found.n_effective == n
        return
    # The variance of the copies knows of s^2 with n - 1, that of independent ones with nk - 1.
    design = (n * times - 1) / (n - 1)
    degrees = (stats.t.ppf(0.975, n * times - 1) / stats.t.ppf(0.975, n - 1)) ** 2
    assert found.n_effective == pytest.approx(n * times / design * degrees, rel=1e-9)


def test_a_single_customer_tells_of_no_spread_between_customers() -> None:
    """There is no variance of one cluster, nor a sound one where one is nearly everything."""
    assert added_up([[1, 2, 3]]).variance is None
    assert added_up([[1, 2, 3]]).n_effective is None
    assert added_up([[1, 2, 3, 4, 5], [1]]).n_effective is None
    assert added_up([[1, 2], [1, 3]]).n_effective is not None
    assert added_up([[4]]).n_effective == 1


def test_all_alike_count_as_copies() -> None:
    """Without any spread n^2 over the squared sizes: three customers of 1, 2 and 3 answers."""
    assert added_up([[5], [5, 5], [5, 5, 5]]).n_effective == pytest.approx(36 / 14)


def test_customers_of_different_sizes_tell_less_than_their_number() -> None:
    """By hand: 1, 3 and 8 answers are as 144 / 74 customers; five of equal sizes are five."""
    assert added_up([[1], [1, 2, 3], [1] * 8]).customers == pytest.approx(144 / 74)
    assert added_up([[1, 5]] * 5).customers == 5


def test_the_effective_number_of_korn_and_graubard() -> None:
    """By hand: customers 1 1 / 0 0 / 1 0 / 1 1, deff = (4/3 * 2.75 / 64) / (1.875 / 56)."""
    found = added_up([[1, 1], [0, 0], [1, 0], [1, 1]])
    design = (4 / 3 * 2.75 / 64) / (1.875 / 56)
    degrees = (stats.t.ppf(0.975, 7) / stats.t.ppf(0.975, 3)) ** 2
    assert found.n_effective == pytest.approx(8 / design * degrees)


SHARE, SCORES = Share(30, 100), moments({1: 40, 3: 30, 5: 30})
NET = NpsCounts(promoters=50, detractors=20, answered=100)


def test_a_tenth_of_the_answers_gives_the_interval_of_a_tenth() -> None:
    """Intervals and tests are those of the same shares of so many answers."""
    few, tenth = replace(SHARE, n_effective=10.0), Share(3, 10)
    assert wilson(few) == wilson(tenth)
    assert newcombe(few, SHARE) == newcombe(tenth, SHARE)
    net, small = replace(NET, n_effective=10.0), NpsCounts(5, 2, 10)
    assert nps_interval(net) == nps_interval(small)
    assert nps_interval(net, method="wald") == nps_interval(small, method="wald")
    assert nps_difference(net, NET) == nps_difference(small, NET)
    assert SCORES is not None
    scores, sparse = replace(SCORES, n_effective=10.0), Moments(10, SCORES.mean, SCORES.variance)
    assert t_interval(scores) == t_interval(sparse)
    assert welch(scores, SCORES) == welch(sparse, SCORES)
    assert t_interval(replace(SCORES, n_effective=1.0)) is None
    assert welch(replace(SCORES, n_effective=1.0), SCORES) is None


def test_a_thinned_figure_keeps_its_value_and_its_method() -> None:
    """Only interval, evidence and the effective number change; limits stay within the scale."""
    assert SCORES is not None
    for evidence, interval in (
        (SHARE, wilson(SHARE, 0.9)),
        (NET, nps_interval(NET, 0.9, "wald")),
        (SCORES, t_interval(SCORES, 0.9, (1, 5))),
    ):
        plain = Measurement(value=0.3, n=100, interval=interval, evidence=evidence)
        found = thinned(plain, 4.0)
        assert interval is not None
        assert found.interval is not None
        assert replace(found, interval=interval, evidence=evidence, n_effective=None) == plain
        assert (found.interval.level, found.interval.method) == (0.9, interval.method)
        assert found.interval.width > interval.width
        assert thinned(plain, 100.0).interval == interval
    whole = t_interval(SCORES, 0.9, (1, 5))
    barely = thinned(Measurement(value=0.3, n=100, interval=whole, evidence=SCORES), 2.0).interval
    assert barely is not None
    assert (
        thinned(Measurement(value=0.3, n=9, interval=whole, evidence=SCORES), 1.9).interval is None
    )
    assert (barely.low, barely.high) == (1, 5)


def test_what_rests_on_something_else_loses_its_interval() -> None:
    """An interval whose evidence is unknown cannot be widened, and is not given."""
    plain = Measurement(value=2.0, n=9, interval=wilson(SHARE))
    assert thinned(plain, 3.0).interval is None
