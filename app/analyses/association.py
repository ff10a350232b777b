"""How two answers go together: Pearson, Spearman and Kendall, from the table of their pairs."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import groupby
from typing import Any, TypeAlias

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
    with variance 0.437 / (n - 4) (Fieller, Hartley and Pearson, 1957), from five pairs on.
    None below four pairs, or where one side does not vary.
    """
    n = sum(pairs.values())
    left: Counter[Exact] = Counter()
    right: Counter[Exact] = Counter()
    for (x, y), count in pairs.items():
        left[x] += count
        right[y] += count
    if n < LEAST_PAIRS or len(left) < 2 or len(right) < 2:
        return None
    score = _concordance(pairs, right)
    all_pairs = n * (n - 1) // 2
    tied_x, tied_y = (sum(t * (t - 1) // 2 for t in side.values()) for side in (left, right))
    square = Fraction(score**2, (all_pairs - tied_x) * (all_pairs - tied_y))
    tau = math.copysign(math.sqrt(min(Fraction(1), square)), score)
    z = score / math.sqrt(_kendall_variance(n, left, right))
    interval = None
    if n > LEAST_PAIRS and abs(tau) < 1:
        half = critical_z(level) * math.sqrt(0.437 / (n - 4))
        interval = _around(tau, half, level, "fisher_z_fieller")
    effect = Effect("tau_b", tau, interval)
    return Evidence("kendall", z, (), normal_two_sided_p(z), (effect,))


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


def _concordance(pairs: PairTable, right: Counter[Exact]) -> int:
    """Concordant less discordant pairs, counted in order of the left side (Knight, 1966)."""
    place = {score: index for index, score in enumerate(sorted(right), start=1)}
    seen = _Prefix(len(place))
    score = passed = 0
    for _, same in groupby(sorted(pairs.items()), key=lambda item: item[0][0]):
        together = [(place[y], count) for (_, y), count in same]
        for index, count in together:
            below, upto = seen.upto(index - 1), seen.upto(index)
            score += count * (below - (passed - upto))
        for index, count in together:
            seen.add(index, count)
            passed += count
    return score


class _Prefix:
    """Counts by place, with the sum up to a place in logarithmic time (P. M. Fenwick, 1994)."""

    def __init__(self, places: int) -> None:
        self._sums = [0] * (places + 1)

    def add(self, place: int, count: int) -> None:
        """Count something at a place from 1."""
        for index in self._up(place):
            self._sums[index] += count

    def upto(self, place: int) -> int:
        """What was counted at the place and below."""
        found = 0
        while place:
            found += self._sums[place]
            place &= place - 1
        return found

    def _up(self, place: int) -> Iterator[int]:
        while place < len(self._sums):
            yield place
            place += place & -place


def _around(r: float, half: float, level: float, method: str) -> Interval:
    """The limits of a coefficient on Fisher's scale, brought back."""
    z = math.atanh(r)
    return Interval(level, math.tanh(z - half), math.tanh(z + half), method)
