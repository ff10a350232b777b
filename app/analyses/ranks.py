"""Tests of order alone, for ordinal answers: Mann-Whitney, Kruskal-Wallis, Wilcoxon.

Scores come as histograms, so that a million answers on a scale cost as much as a hundred. Equal
scores share the mean of their ranks, and every variance is corrected for such ties.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from app.analyses.evidence import Effect, Evidence, Exact, Histogram, total
from app.kpis.distributions import chi_square_survival, normal_two_sided_p
from app.kpis.proportions import NpsCounts, nps_interval
from app.kpis.statistics import DEFAULT_LEVEL, Interval, critical_z

#: Up to so many scores every assignment of the ranks is counted; beyond, the normal is close.
EXACT_TWO_GROUPS = 20
EXACT_PAIRS = 50


def midranks(histogram: Histogram) -> dict[Exact, Fraction]:
    """The rank of each score, counted from 1; equal scores have the mean of their places."""
    ranks: dict[Exact, Fraction] = {}
    below = 0
    for score in sorted(histogram):
        ranks[score] = below + Fraction(histogram[score] + 1, 2)
        below += histogram[score]
    return ranks


def _ties(histogram: Histogram) -> int:
    """The sum of t^3 - t over the groups of equal scores."""
    return sum(n**3 - n for n in histogram.values())


def mann_whitney(
    first: Histogram, second: Histogram, level: float = DEFAULT_LEVEL
) -> Evidence | None:
    """Whether scores of one group tend to be higher than those of another (1947).

    The effect is the probability that a score of the first is above one of the second, half of
    the equal pairs counted in. p is exact over all assignments of the (tied) ranks up to 20
    scores; beyond, normal with tie and continuity correction. None where a group is empty.
    """
    n, m = total(first), total(second)
    if not n or not m:
        return None
    pooled = Counter(dict(first)) + Counter(dict(second))
    ranks = midranks(pooled)
    u = sum(ranks[score] * count for score, count in first.items()) - Fraction(n * (n + 1), 2)
    superiority = float(u / (n * m))
    if n + m <= EXACT_TWO_GROUPS:
        test, p = "mann_whitney_exact", _exact_two_groups(pooled, n, u)
    else:
        test, p = "mann_whitney", _normal_two_groups(pooled, n, m, u)
    effects = (
        Effect("probability_of_superiority", superiority, superiority_interval(
            superiority, n, m, level
        )),
        Effect("rank_biserial", 2 * superiority - 1),
    )  # fmt: skip
    return Evidence(test, float(u), (), p, effects)


def _normal_two_groups(pooled: Histogram, n: int, m: int, u: Fraction) -> float:
    size = n + m
    variance = Fraction(n * m, 12) * (size + 1 - Fraction(_ties(pooled), size * (size - 1)))
    if not variance:
        return 1.0
    gap = max(abs(float(u) - n * m / 2) - 0.5, 0.0)
    return normal_two_sided_p(gap / math.sqrt(variance))


def _exact_two_groups(pooled: Histogram, n: int, u: Fraction) -> float:
    """The share of all choices of n of the ranks whose sum is at least as far from its mean."""
    ranks = midranks(pooled)
    ways: list[Counter[int]] = [Counter({0: 1})] + [Counter() for _ in range(n)]
    for score, count in pooled.items():
        double = int(2 * ranks[score])
        for _ in range(count):
            for size in range(n - 1, -1, -1):
                for ranksum, number in ways[size].items():
                    ways[size + 1][ranksum + double] += number
    size = total(pooled)
    mean = n * (size + 1)
    gap = abs(2 * u + n * (n + 1) - mean)
    far = sum(number for ranksum, number in ways[n].items() if abs(ranksum - mean) >= gap)
    return far / math.comb(size, n)


def superiority_interval(value: float, n: int, m: int, level: float = DEFAULT_LEVEL) -> Interval:
    """Interval of a probability of superiority (R. G. Newcombe, 2006, method 5).

    A score interval: it never has width 0 and stays within [0, 1]. Conservative with many ties.
    """
    z = critical_z(level)
    balance = (n + m) / 2 - 1

    def far(theta: float) -> bool:
        spread = 1 + balance * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (value - theta) ** 2 > z * z * theta * (1 - theta) * spread / (n * m)

    return Interval(level, _edge(far, value, 0.0), _edge(far, value, 1.0), "newcombe_method_5")


def _edge(far: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where `far` begins, between a point inside the interval and the end of the scale."""
    if not far(outside):
        return outside
    for _ in range(80):
        middle = (inside + outside) / 2
        if far(middle):
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2


def kruskal_wallis(groups: Sequence[Histogram]) -> Evidence | None:
    """Whether scores of several groups differ in order (1952), corrected for ties.

    None for fewer than two groups with scores, or where all scores are equal. The effect is
    epsilon squared, H / (n - 1): the share of the variance of the ranks between the groups.
    """
    filled = [group for group in groups if total(group)]
    pooled: Counter[Exact] = Counter()
    for group in filled:
        pooled.update(dict(group))
    size = total(pooled)
    if len(filled) < 2 or len(pooled) < 2:
        return None
    ranks = midranks(pooled)
    between = Fraction(0)
    for group in filled:
        ranksum = sum((ranks[score] * count for score, count in group.items()), Fraction())
        between += ranksum * ranksum / total(group)
    raw = Fraction(12, size * (size + 1)) * between - 3 * (size + 1)
    statistic = float(raw / (1 - Fraction(_ties(pooled), size**3 - size)))
    df = len(filled) - 1
    effect = Effect("epsilon_squared", min(1.0, statistic / (size - 1)))
    return Evidence(
        "kruskal_wallis", statistic, (float(df),), chi_square_survival(statistic, df), (effect,)
    )


def signed_ranks(changes: Histogram, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """Whether paired changes lean to one side (F. Wilcoxon, 1945); those of 0 say nothing.

    p is exact over all signs of the (tied) ranks up to 50 changes that are not 0; beyond, normal
    with tie correction. The main effect is the net share that rose, (up - down) / all, with the
    adjusted Wald interval of a net score; the other is the rank-biserial correlation.
    """
    sizes: Counter[Exact] = Counter()
    for change, count in changes.items():
        if change:
            sizes[max(change, -change)] += count
    moved = total(sizes)
    if not moved:
        return None
    ranks = midranks(sizes)
    up = sum((ranks[c] * n for c, n in changes.items() if c > 0), Fraction())
    whole = Fraction(moved * (moved + 1), 2)
    if moved <= EXACT_PAIRS:
        test, p = "wilcoxon_signed_rank_exact", _exact_signs(sizes, ranks, up)
    else:
        variance = Fraction(moved * (moved + 1) * (2 * moved + 1), 24) - Fraction(_ties(sizes), 48)
        test, p = "wilcoxon_signed_rank", normal_two_sided_p(
            float(up - whole / 2) / math.sqrt(variance)
        )  # fmt: skip
    effects = (net_share(changes, level), Effect("rank_biserial", float(2 * up / whole - 1)))
    return Evidence(test, float(min(up, whole - up)), (), p, effects)


def _exact_signs(sizes: Histogram, ranks: Mapping[Exact, Fraction], up: Fraction) -> float:
    """The share of all signs of the ranks whose sum is at least as far from its mean."""
    ways: Counter[int] = Counter({0: 1})
    for size, count in sizes.items():
        double = int(2 * ranks[size])
        for _ in range(count):
            following = Counter(ways)
            for ranksum, number in ways.items():
                following[ranksum + double] += number
            ways = following
    moved = total(sizes)
    mean = Fraction(moved * (moved + 1), 2)
    gap = abs(2 * up - mean)
    far = sum(n for ranksum, n in ways.items() if abs(ranksum - mean) >= gap)
    return far / int(2**moved)


def net_share(changes: Histogram, level: float = DEFAULT_LEVEL) -> Effect:
    """(up - down) / all of paired changes, as a net score with the adjusted Wald interval."""
    up = sum(n for change, n in changes.items() if change > 0)
    down = sum(n for change, n in changes.items() if change < 0)
    counts = NpsCounts(promoters=up, detractors=down, answered=total(changes))
    return Effect("net_share_risen", counts.value or 0.0, nps_interval(counts, level))
