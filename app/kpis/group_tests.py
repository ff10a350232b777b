"""Whether several groups differ at all, and how much: one test of all, and sizes of effects.

What a figure rests on (a share, scores, a net promoter score, a rate) decides the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import asin, fsum, sqrt
from operator import mul

from app.kpis.distributions import beta_regularised, chi_square_survival
from app.kpis.means import Estimate, Moments
from app.kpis.proportions import NpsCounts, Share, adjusted_nps
from app.kpis.rates import Rate


@dataclass(frozen=True, slots=True)
class Effect:
    """How large a difference is, on a scale that does not grow with the number of answers."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class GroupTest:
    """A test that all groups are alike; `df` are its degrees of freedom."""

    test: str
    statistic: float
    df: tuple[float, ...]
    p: float
    effect: Effect | None
    groups: int


def all_alike(evidence: Sequence[object]) -> GroupTest | None:
    """Test what the figures of all groups rest on; None where nothing can be said.

    Shares: Pearson's chi-square. Scores: Welch's analysis of variance, of the groups of two
    scores and more. Net promoter scores: the sum of the squared distances from their weighted
    mean over Rocks' adjusted variances, which for two groups is the square of the pairwise z.
    Rates: chi-square of the events against the exposure. Other estimates: Wald's chi-square.
    """
    shares = [each for each in evidence if isinstance(each, Share) and each.total]
    scores = [each for each in evidence if isinstance(each, Moments)]
    net = [each for each in evidence if isinstance(each, NpsCounts) and each.answered]
    estimates = [each for each in evidence if isinstance(each, Estimate) and each.error]
    rates = [each for each in evidence if isinstance(each, Rate) and each.exposure]
    if len(shares) > 1:
        return _chi_square(shares)
    if len(scores) > 1:
        return _welch_anova(scores)
    if len(estimates) > 1:
        squares = [(each.value, each.error**2) for each in estimates if each.error]
        return _distances("wald_chi_square", squares, None)
    if len(net) > 1:
        return _nps_distances(net)
    return _poisson(rates) if len(rates) > 1 else None


def effect_of(one: object, other: object) -> Effect | None:
    """The size of the difference of two figures; None where it has none.

    Shares: Cohen's h. Scores and net promoter scores: Cohen's d, the difference in pooled
    standard deviations of one answer. Rates: their ratio.
    """
    if isinstance(one, Share) and isinstance(other, Share):
        if not one.total or not other.total:
            return None
        return Effect("cohens_h", _angle(one) - _angle(other))
    if isinstance(one, NpsCounts) and isinstance(other, NpsCounts):
        return _standardised(_nps_moments(one), _nps_moments(other))
    if isinstance(one, Moments) and isinstance(other, Moments):
        return _standardised(one, other)
    if isinstance(one, Rate) and isinstance(other, Rate) and one.exposure and other.events:
        ratio = Fraction(one.events * other.exposure, one.exposure * other.events)
        return Effect("rate_ratio", float(ratio))
    return None


def _chi_square(groups: Sequence[Share]) -> GroupTest:
    """Pearson's test of a table of two columns; Cramer's V is sqrt(chi-square / n).

    Each group counts as much as its answers tell (J. N. K. Rao and A. J. Scott, 1992).
    """
    shares = [Fraction(each.count, each.total) for each in groups]
    weights = [Fraction(each.tells_as_much_as) for each in groups]
    total = sum(weights, Fraction())
    share = sum(map(mul, weights, shares), Fraction()) / total
    statistic = Fraction(0)
    if 0 < share < 1:
        gaps = (w * (each - share) ** 2 for w, each in zip(weights, shares, strict=True))
        statistic = sum(gaps, Fraction()) / (share * (1 - share))
    effect = Effect("cramers_v", sqrt(statistic / total))
    return _by_chi_square("chi_square", float(statistic), len(groups), effect)


def _welch_anova(groups: Sequence[Moments]) -> GroupTest | None:
    """B. L. Welch, 1951: F without assuming equal variances; None where a group has no spread."""
    chosen = [each for each in groups if each.square_error is not None]
    if len(chosen) < 2 or not all(each.square_error for each in chosen):
        return None
    k = len(chosen)
    weights = [float(1 / each.square_error) for each in chosen if each.square_error]
    total = fsum(weights)
    centre = fsum(w * each.value for w, each in zip(weights, chosen, strict=True)) / total
    between = fsum(
        w * (each.value - centre) ** 2 for w, each in zip(weights, chosen, strict=True)
    ) / (k - 1)
    uneven = fsum(
        (1 - w / total) ** 2 / (each.tells_as_much_as - 1)
        for w, each in zip(weights, chosen, strict=True)
    )
    statistic = between / (1 + 2 * (k - 2) / (k * k - 1) * uneven)
    df = (k - 1.0, (k * k - 1) / (3 * uneven))
    scale = df[1] + df[0] * statistic
    p = beta_regularised(df[1] / 2, df[0] / 2, df[1] / scale, df[0] * statistic / scale)
    return GroupTest("welch_anova", statistic, df, p, _eta_squared(chosen), k)


def _nps_distances(groups: Sequence[NpsCounts]) -> GroupTest:
    adjusted = [adjusted_nps(each) for each in groups]
    effect = _eta_squared([found for each in groups if (found := _nps_moments(each))])
    return _distances("nps_adjusted_wald_chi_square", adjusted, effect)


def _distances(
    test: str, scores: Sequence[tuple[float, float]], effect: Effect | None
) -> GroupTest:
    """Squared distances from the weighted mean over the squares of the standard errors."""
    total = fsum(1 / square for _, square in scores)
    centre = fsum(score / square for score, square in scores) / total
    statistic = fsum((score - centre) ** 2 / square for score, square in scores)
    return _by_chi_square(test, statistic, len(scores), effect)


def _poisson(groups: Sequence[Rate]) -> GroupTest:
    """Events against what the exposure lets expect if the rate is one and the same."""
    events, exposure = sum(each.events for each in groups), sum(each.exposure for each in groups)
    statistic = 0.0
    if events:
        expected = [events * each.exposure / exposure for each in groups]
        statistic = fsum(
            (each.events - mean) ** 2 / mean for each, mean in zip(groups, expected, strict=True)
        )
    return _by_chi_square("poisson_chi_square", statistic, len(groups), None)


def _by_chi_square(test: str, statistic: float, groups: int, effect: Effect | None) -> GroupTest:
    df = groups - 1
    return GroupTest(
        test, statistic, (float(df),), chi_square_survival(statistic, df), effect, groups
    )


def _eta_squared(groups: Sequence[Moments]) -> Effect | None:
    """The part of the spread of all answers that lies between the groups."""
    n = sum(each.n for each in groups)
    mean = sum((each.mean * each.n for each in groups), Fraction()) / n
    between = sum((each.n * (each.mean - mean) ** 2 for each in groups), Fraction())
    within = sum(((each.n - 1) * (each.variance or 0) for each in groups), Fraction())
    spread = between + within
    return Effect("eta_squared", float(between / spread)) if spread else None


def _standardised(one: Moments | None, other: Moments | None) -> Effect | None:
    if one is None or other is None or one.n + other.n < 3:
        return None
    within = (one.n - 1) * (one.variance or 0) + (other.n - 1) * (other.variance or 0)
    if not within:
        return None
    pooled = sqrt(within / (one.n + other.n - 2))
    return Effect("cohens_d", float(one.mean - other.mean) / pooled)


def _nps_moments(counts: NpsCounts) -> Moments | None:
    """The answers as +1, 0 and -1."""
    n = counts.answered
    if not n:
        return None
    mean = Fraction(counts.promoters - counts.detractors, n)
    spread = counts.promoters + counts.detractors - n * mean**2
    return Moments(n, mean, spread / (n - 1) if n > 1 else None)


def _angle(share: Share) -> float:
    return 2 * asin(sqrt(share.count / share.total))
