"""Tests of several groups, against scipy, statsmodels and the pairwise tests they extend."""

import random
from collections import Counter

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.proportion import proportion_effectsize

from app.kpis.group_tests import all_alike, effect_of
from app.kpis.means import Moments, moments
from app.kpis.proportions import NpsCounts, Share, nps_difference
from app.kpis.rates import Rate
from app.kpis.statistics import benjamini_hochberg


def _moments(scores: list[int]) -> Moments:
    found = moments(Counter(scores))
    assert found is not None
    return found


def test_shares_are_tested_by_chi_square() -> None:
    """Pearson's statistic, p and Cramer's V of a k x 2 table, as scipy has them."""
    groups = [Share(56, 70), Share(48, 80), Share(30, 45)]
    table = [[each.count, each.total - each.count] for each in groups]
    oracle = stats.chi2_contingency(table, correction=False)
    found = all_alike(groups)
    assert found is not None
    assert (found.test, found.df, found.groups) == ("chi_square", (2,), 3)
    assert (found.statistic, found.p) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert found.effect is not None
    v = stats.contingency.association(table, method="cramer")
    assert found.effect.value == pytest.approx(v)


def test_means_are_tested_by_welch() -> None:
    """F, its degrees of freedom and p as statsmodels has them for Welch; eta squared."""
    rng = random.Random(3)
    samples = [
        [min(max(round(rng.gauss(mean, sd)), 0), 100) for _ in range(n)]
        for mean, sd, n in ((60, 10, 12), (66, 25, 40), (70, 15, 7))
    ]
    oracle = anova_oneway(samples, use_var="unequal", welch_correction=True)
    found = all_alike([_moments(sample) for sample in samples])
    assert found is not None
    assert found.test == "welch_anova"
    assert (found.statistic, found.p) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert found.df == pytest.approx(tuple(oracle.df))
    everything = [score for sample in samples for score in sample]
    f = stats.f_oneway(*samples).statistic
    ratio = 2 * f / (2 * f + len(everything) - 3)
    assert found.effect is not None
    assert found.effect.value == pytest.approx(ratio)


def test_net_promoter_scores_of_two_groups_are_tested_as_the_pair_is() -> None:
    """With two groups the statistic is the square of the pairwise z: the same p."""
    one, other = NpsCounts(30, 5, 60), NpsCounts(12, 28, 50)
    pair, found = nps_difference(one, other), all_alike([one, other])
    assert pair is not None
    assert found is not None
    assert found.p == pytest.approx(pair.p)
    assert found.test == "nps_adjusted_wald_chi_square"


def test_two_teams_with_the_same_score_differ_in_spread_only() -> None:
    """NPS 0 of all passives and NPS 0 of halves: no difference of scores is claimed."""
    calm, torn = NpsCounts(0, 0, 100), NpsCounts(50, 50, 100)
    found = all_alike([calm, torn])
    assert found is not None
    assert found.p == pytest.approx(1)
    effect = effect_of(calm, torn)
    assert effect is not None
    assert effect.value == 0


def test_rates_are_tested_by_chi_square_of_the_events() -> None:
    """Events against those that the exposure lets expect, as scipy's chisquare has them."""
    groups = [Rate(12, 1000), Rate(30, 1500), Rate(5, 800)]
    expected = [47 * each.exposure / 3300 for each in groups]
    oracle = stats.chisquare([each.events for each in groups], expected)
    found = all_alike(groups)
    assert found is not None
    assert (found.statistic, found.p) == pytest.approx((oracle.statistic, oracle.pvalue))


def test_what_cannot_be_tested_is_not() -> None:
    """One group, groups without answers, groups without spread, figures of no known kind."""
    assert all_alike([Share(1, 2), Share(0, 0)]) is None
    assert all_alike([_moments([5, 5]), _moments([4, 6])]) is None
    assert all_alike([_moments([5]), _moments([4, 6])]) is None
    assert all_alike([None, None]) is None
    nobody = all_alike([Share(0, 9), Share(0, 3)])
    assert nobody is not None
    assert (nobody.statistic, nobody.p) == (0, 1)


def test_effects_are_standard_ones() -> None:
    """Cohen's h as statsmodels has it, Cohen's d by hand, a ratio of rates; none without spread."""
    h = effect_of(Share(56, 70), Share(48, 80))
    assert h is not None
    assert h.value == pytest.approx(proportion_effectsize(0.8, 0.6))
    d = effect_of(_moments([1, 2, 3]), _moments([3, 4, 5]))
    assert d is not None
    assert d.value == pytest.approx(-2)
    ratio = effect_of(Rate(4, 100), Rate(1, 50))
    assert ratio is not None
    assert ratio.value == 2
    assert effect_of(_moments([5, 5]), _moments([4, 4])) is None
    assert effect_of(Rate(4, 100), Rate(0, 50)) is None
    assert effect_of(Share(1, 2), Rate(1, 2)) is None


def test_p_values_are_adjusted_as_statsmodels_adjusts_them() -> None:
    """Benjamini and Hochberg's step-up, in the order given, with ties and a p of 1."""
    for values in ([0.01, 0.04, 0.03, 0.005], [0.5], [1.0, 1.0, 0.2], []):
        found = benjamini_hochberg(values)
        expected = list(multipletests(values, method="fdr_bh")[1]) if values else []
        assert list(found) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["share", "nps", "mean"])
def test_false_alarms_are_as_rare_as_they_should_be(kind: str) -> None:
    """Of 1,000 triples of like groups about 5 % are called different (Monte Carlo error 2.1 %)."""
    rng = random.Random(21)
    false = 0
    for _ in range(1_000):
        groups: list[object] = []
        for n in (40, 70, 110):
            scores = [rng.choice([10, 9, 8, 7, 3, 0]) for _ in range(n)]
            best, worst = sum(s >= 9 for s in scores), sum(s <= 6 for s in scores)
            groups.append(
                Share(best, n) if kind == "share"
                else NpsCounts(best, worst, n) if kind == "nps" else _moments(scores)
            )  # fmt: skip
        found = all_alike(groups)
        assert found is not None
        false += found.p < 0.05
    assert abs(false / 1_000 - 0.05) < 0.021
