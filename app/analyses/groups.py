"""Tests of means and shares: Welch in two and in many groups, chi-square, pairs, McNemar."""

import math
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from app.analyses.evidence import Effect, Evidence, Histogram, total
from app.analyses.ranks import net_share
from app.kpis.distributions import (
    beta_regularised,
    binomial_at_most,
    chi_square_survival,
    t_two_sided_p,
)
from app.kpis.means import Moments, moments, t_interval, welch
from app.kpis.proportions import Share, newcombe
from app.kpis.statistics import DEFAULT_LEVEL

#: Below it the chi-square distribution of the statistic is not to be trusted.
LEAST_EXPECTED = 5
CodeT = TypeVar("CodeT", bound=Hashable)


def means(first: Moments | None, second: Moments | None, level: float) -> Evidence | None:
    """Welch's test of two means, with Hedges' g beside the difference."""
    change = welch(first, second, level)
    if change is None or first is None or second is None:
        return None
    effects = [Effect("difference", change.difference, change.interval)]
    if (g := hedges_g(first, second)) is not None:
        effects.append(Effect("hedges_g", g))
    return Evidence(change.test, None, (), change.p, tuple(effects))


def hedges_g(first: Moments, second: Moments) -> float | None:
    """The difference in pooled standard deviations, corrected for small samples (1981).

    None where nothing varies, or a group has a single score.
    """
    if first.variance is None or second.variance is None:
        return None
    df = first.n + second.n - 2
    pooled = (first.variance * (first.n - 1) + second.variance * (second.n - 1)) / df
    if not pooled:
        return None
    return float(first.mean - second.mean) / math.sqrt(pooled) * (1 - 3 / (4 * df - 1))


def shares(first: Share, second: Share, level: float) -> Evidence | None:
    """Newcombe's interval of the difference of two shares, with Cohen's h beside it."""
    change = newcombe(first, second, level)
    if change is None:
        return None
    h = _angle(first) - _angle(second)
    effects = (Effect("difference", change.difference, change.interval), Effect("cohens_h", h))
    return Evidence(change.test, None, (), change.p, effects)


def _angle(share: Share) -> float:
    return 2 * math.asin(math.sqrt(share.count / share.total))


def welch_anova(groups: Sequence[Moments]) -> Evidence | None:
    """Whether means of several groups differ, variances being what they are (B. L. Welch, 1951).

    None for fewer than two groups, or where one has a single score or does not vary. The effect
    is omega squared, estimated from F: the share of the variance that lies between the groups.
    """
    known = [(each.n, each.mean, each.variance) for each in groups]
    k = len(known)
    if k < 2 or any(not variance for _, _, variance in known):
        return None
    weights = [Fraction(n) / variance for n, _, variance in known if variance]
    whole = sum(weights, Fraction())
    centre = sum((w * mean for w, (_, mean, _) in zip(weights, known, strict=True)), Fraction())
    centre /= whole
    spread = sum(
        (w * (mean - centre) ** 2 for w, (_, mean, _) in zip(weights, known, strict=True)),
        Fraction(),
    )
    loss = sum(
        ((1 - w / whole) ** 2 / (n - 1) for w, (n, _, _) in zip(weights, known, strict=True)),
        Fraction(),
    )
    statistic = float((spread / (k - 1)) / (1 + 2 * (k - 2) * loss / (k * k - 1)))
    df1, df2 = float(k - 1), float((k * k - 1) / (3 * loss))
    above = df1 * (statistic - 1)
    omega = max(0.0, above / (above + sum(n for n, _, _ in known)))
    p = f_survival(statistic, df1, df2)
    return Evidence("welch_anova", statistic, (df1, df2), p, (Effect("omega_squared", omega),))


def f_survival(x: float, df1: float, df2: float) -> float:
    """Probability that a value of Fisher's F with df1 and df2 degrees exceeds x."""
    if x <= 0:
        return 1.0
    below = df2 / (df2 + df1 * x)
    return beta_regularised(df2 / 2, df1 / 2, below, 1 - below)


def chi_square(groups: Sequence[Mapping[CodeT, int]]) -> tuple[Evidence, float] | None:
    """Pearson's test that groups share one distribution, and the least expected count.

    None for fewer than two groups or two codes. The effect is Cramer's V, in [0, 1].
    """
    filled = [group for group in groups if sum(group.values())]
    codes = sorted({code for group in filled for code, n in group.items() if n}, key=str)
    if len(filled) < 2 or len(codes) < 2:
        return None
    rows = [sum(group.values()) for group in filled]
    columns = [sum(group.get(code, 0) for group in filled) for code in codes]
    n = sum(rows)
    statistic = Fraction(0)
    for row, group in zip(rows, filled, strict=True):
        for column, code in zip(columns, codes, strict=True):
            expected = Fraction(row * column, n)
            statistic += (group.get(code, 0) - expected) ** 2 / expected
    value = float(statistic)
    df = (len(rows) - 1) * (len(columns) - 1)
    v = math.sqrt(value / (n * min(len(rows) - 1, len(columns) - 1)))
    evidence = Evidence(
        "chi_square", value, (float(df),), chi_square_survival(value, df),
        (Effect("cramers_v", min(1.0, v)),),
    )  # fmt: skip
    return evidence, min(rows) * min(columns) / n


def paired_t(changes: Histogram, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """Student's test that paired changes average 0, with Cohen's d of the changes.

    None below two pairs. Where no change varies, p is 1 for changes of 0 and 0 for others.
    """
    return mean_change(moments(changes), level)


def mean_change(found: Moments | None, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """As `paired_t`, from the moments of the changes."""
    interval = t_interval(found, level)
    if found is None or found.variance is None or interval is None:
        return None
    effects = [Effect("mean_change", found.value, interval)]
    df = float(found.n - 1)
    if not found.variance:
        return Evidence("paired_t", None, (df,), float(found.mean == 0), tuple(effects))
    deviation = math.sqrt(found.variance)
    effects.append(Effect("cohens_d_of_changes", found.value / deviation))
    t = found.value / (deviation / math.sqrt(found.n))
    return Evidence("paired_t", t, (df,), t_two_sided_p(t, df), tuple(effects))


def mcnemar(gained: int, lost: int, kept: int, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """Whether as many gained a property as lost it (Q. McNemar, 1947): the exact binomial test.

    The effect is the change of the share, with the adjusted Wald interval of a net score. None
    without pairs.
    """
    pairs = gained + lost + kept
    if not pairs:
        return None
    moved = gained + lost
    p = min(1.0, 2 * binomial_at_most(min(gained, lost), moved, 0.5)) if moved else 1.0
    change = net_share({1: gained, -1: lost, 0: kept}, level)
    effect = Effect("change_of_share", change.value, change.interval)
    return Evidence("mcnemar_exact", float(min(gained, lost)), (), p, (effect,))


def moments_of(groups: Sequence[Histogram]) -> list[Moments]:
    """The moments of every group that has scores."""
    return [found for group in groups if total(group) and (found := moments(group)) is not None]
