"""How two answers go together: Pearson, Spearman and Kendall, from the table of their pairs."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from app.analyses.concordance import Kind, concordances
from app.analyses.evidence import Effect, Evidence, Exact
from app.analyses.ranks import midranks
from app.kpis.distributions import normal_two_sided_p, t_two_sided_p
from app.kpis.statistics import DEFAULT_LEVEL, Interval, critical_z

#: Pairs of exact scores with how often each was given.
PairTable: TypeAlias = Mapping[tuple[Any, Any], int]
#: Below it no coefficient is given.
LEAST_PAIRS = 4


def pearson(pairs: PairTable, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """The product-moment correlation, with Fisher's z interval (1921) and Student's test.

    None below four pairs, or where one side does not vary. No interval for a perfect relation.
    """
    return _product_moment("pearson", pairs, level, lambda _: 1.0, "fisher_z")


def spearman(pairs: PairTable, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """The correlation of (tied) ranks; interval after D. G. Bonett and T. A. Wright (2000)."""
    left: Counter[Exact] = Counter()
    right: Counter[Exact] = Counter()
    for (x, y), n in pairs.items():
        left[x] += n
        right[y] += n
    ranks = midranks(left), midranks(right)
    ranked: Counter[tuple[Exact, Exact]] = Counter()
    for (x, y), n in pairs.items():
        ranked[ranks[0][x], ranks[1][y]] += n
    return _product_moment(
        "spearman", ranked, level, lambda r: 1 + r * r / 2, "fisher_z_bonett_wright"
    )


def _product_moment(
    name: str, pairs: PairTable, level: float, inflation: Callable[[float], float], method: str
) -> Evidence | None:
    n = sum(pairs.values())
    r = correlation(pairs)
    if n < LEAST_PAIRS or r is None:
        return None
    df = float(n - 2)
    if abs(r) == 1:
        return Evidence(name, None, (df,), 0.0, (Effect("r", r),))
    t = r * math.sqrt(df / (1 - r * r))
    half = critical_z(level) * math.sqrt(inflation(r) / (n - 3))
    interval = _around(r, half, level, method)
    return Evidence(name, t, (df,), t_two_sided_p(t, df), (Effect("r", r, interval),))


def correlation(pairs: PairTable) -> float | None:
    """The product-moment correlation from exact sums; None where one side does not vary."""
    n = sum(pairs.values())
    scored = [(Fraction(x), Fraction(y), count) for (x, y), count in pairs.items()]
    sum_x = sum((x * count for x, _, count in scored), Fraction())
    sum_y = sum((y * count for _, y, count in scored), Fraction())
    xx = n * sum((x * x * count for x, _, count in scored), Fraction()) - sum_x**2
    yy = n * sum((y * y * count for _, y, count in scored), Fraction()) - sum_y**2
    xy = n * sum((x * y * count for x, y, count in scored), Fraction()) - sum_x * sum_y
    if not xx or not yy:
        return None
    square = min(Fraction(1), xy * xy / (xx * yy))
    return math.copysign(math.sqrt(square), xy)


def kendall(pairs: PairTable, level: float = DEFAULT_LEVEL) -> Evidence | None:
    """Kendall's tau-b (1945): pairs in the same order less pairs in the opposite one.

    p from the normal distribution with its variance corrected for ties; interval by Fisher's z
    with the asymptotic variance of tau-b, which knows the ties (M. B. Brown and J. K. Benedetti,
    1977), times n / (n - 4), from five pairs on. None below four pairs, or where one side does
    not vary.
    """
    n = sum(pairs.values())
    left: Counter[Exact] = Counter()
    right: Counter[Exact] = Counter()
    for (x, y), count in pairs.items():
        left[x] += count
        right[y] += count
    if n < LEAST_PAIRS or len(left) < 2 or len(right) < 2:
        return None
    kinds = concordances(pairs)
    score = sum(kind.count * kind.net for kind in kinds) // 2
    all_pairs = n * (n - 1) // 2
    tied_x, tied_y = (sum(t * (t - 1) // 2 for t in side.values()) for side in (left, right))
    square = Fraction(score**2, (all_pairs - tied_x) * (all_pairs - tied_y))
    tau = math.copysign(math.sqrt(min(Fraction(1), square)), score)
    z = score / math.sqrt(_kendall_variance(n, left, right))
    interval = None
    if n > LEAST_PAIRS and abs(tau) < 1:
        error = _tau_variance(kinds, tau, left, right) * n / (n - 4) / (1 - tau * tau) ** 2
        interval = _around(tau, critical_z(level) * math.sqrt(error), level, "fisher_z_tau_b")
    effect = Effect("tau_b", tau, interval)
    return Evidence("kendall", z, (), normal_two_sided_p(z), (effect,))


def _tau_variance(
    kinds: Sequence[Kind], tau: float, left: Counter[Exact], right: Counter[Exact]
) -> float:
    """The asymptotic variance of tau-b, whatever the relation; never below 0."""
    n = sum(left.values())
    wide, high = (n * n - sum(t * t for t in side.values()) for side in (left, right))
    area = math.sqrt(wide * high)
    squares = math.fsum(
        kind.count
        * (2 * area * kind.net + tau * (left[kind.left] * high + right[kind.right] * wide)) ** 2
        for kind in kinds
    )
    return max(0.0, (squares - n**3 * tau**2 * (wide + high) ** 2) / area**4)


def _kendall_variance(n: int, left: Counter[Exact], right: Counter[Exact]) -> Fraction:
    """The variance of the score without any relation, given the ties of both sides."""

    def falling(side: Counter[Exact], depth: int) -> int:
        return sum(math.perm(t, depth) for t in side.values())

    def weighted(side: Counter[Exact]) -> int:
        return sum(t * (t - 1) * (2 * t + 5) for t in side.values())

    main = Fraction(n * (n - 1) * (2 * n + 5) - weighted(left) - weighted(right), 18)
    twos = Fraction(falling(left, 2) * falling(right, 2), 2 * n * (n - 1))
    threes = Fraction(falling(left, 3) * falling(right, 3), 9 * math.perm(n, 3))
    return main + twos + threes


def _around(r: float, half: float, level: float, method: str) -> Interval:
    """The limits of a coefficient on Fisher's scale, brought back."""
    z = math.atanh(r)
    return Interval(level, math.tanh(z - half), math.tanh(z + half), method)
