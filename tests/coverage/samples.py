"""Samples with their probabilities: all that there are where they are few, else many at random.

A sample is how often each answer was given. The same function measures both kinds: it sums
probabilities, which for random samples are shares of them.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from app.kpis.statistics import Interval

Sample = tuple[Any, ...]
#: Samples with their probabilities.
Law = Mapping[Sample, float]

#: Most samples that are enumerated; of more, random ones are drawn.
MOST_SAMPLES = 2_500
DRAWN = 1_000


@dataclass(frozen=True)
class Measured:
    """A rate for one size: over several truths its mean, lowest and highest."""

    rates: tuple[float, ...]
    exact: bool
    """Summed over all samples; else a share of random ones."""
    drawn: int = DRAWN

    @property
    def mean(self) -> float:
        """Over the truths, all alike."""
        return math.fsum(self.rates) / len(self.rates)

    @property
    def error(self) -> float:
        """The Monte Carlo error of the mean: three standard errors, at a rate of 5 %."""
        return 0.0 if self.exact else 3 * math.sqrt(0.05 * 0.95 / self.drawn / len(self.rates))


def generator(seed: int) -> np.random.RandomState:
    """Numbers that are the same in every release of numpy."""
    return np.random.RandomState(seed)


def answers(n: int, chances: Sequence[float], seed: int) -> tuple[Law, bool]:
    """Samples of n answers with these chances; whether they are all that there are."""
    size = math.comb(n + len(chances) - 1, n)
    if size <= MOST_SAMPLES:
        samples = list(_compositions(n, len(chances)))
        law = stats.multinomial(n, chances).pmf(np.array(samples))
        return dict(zip(samples, law.tolist(), strict=True)), True
    drawn = generator(seed).multinomial(n, chances, DRAWN)
    return _shares(map(tuple, drawn.tolist())), False


def two(first: tuple[Law, bool], second: tuple[Law, bool], seed: int) -> tuple[Law, bool]:
    """Pairs of independent samples."""
    (one, whole), (other, full) = first, second
    if whole and full and len(one) * len(other) <= MOST_SAMPLES:
        pairs = itertools.product(one.items(), other.items())
        return {(a, b): p * q for (a, p), (b, q) in pairs}, True
    rng = generator(seed)
    drawn = zip(_draw(first, rng), _draw(second, rng), strict=True)
    return _shares(drawn), False


def counts(expected: float) -> tuple[Law, bool]:
    """Numbers of events of a Poisson law."""
    reach = 9 * math.sqrt(expected) + 9
    around = range(max(0, int(expected - reach)), int(expected + reach))
    chances = stats.poisson(expected).pmf(np.array(around)).tolist()
    return {(n,): p for n, p in zip(around, chances, strict=True)}, True


def several(laws: Sequence[tuple[Law, bool]], seed: int) -> tuple[Law, bool]:
    """Random samples of several independent groups."""
    rng = generator(seed)
    return _shares(zip(*(_draw(law, rng) for law in laws), strict=True)), False


def covered(law: Law, interval_of: Callable[[Sample], Interval | None], truth: float) -> float:
    """How often the interval, where there is one, holds the truth."""
    held = asked = 0.0
    for sample, chance in law.items():
        interval = interval_of(sample)
        if interval is not None:
            asked += chance
            held += chance * (interval.low - 1e-12 <= truth <= interval.high + 1e-12)
    return held / asked


def rejected(law: Law, p_of: Callable[[Sample], float | None], alpha: float = 0.05) -> float:
    """How often p is below alpha; where nothing can be tested nothing is claimed."""
    found = ((p_of(sample), chance) for sample, chance in law.items())
    return math.fsum(chance for p, chance in found if p is not None and p < alpha)


def _compositions(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    for bars in itertools.combinations(range(n + parts - 1), parts - 1):
        ends = (-1, *bars, n + parts - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def _draw(found: tuple[Law, bool], rng: np.random.RandomState) -> list[Sample]:
    """So many samples at random; those that were drawn already each once, in another order."""
    law, exact = found
    samples = list(law)
    chances = np.array(list(law.values()))
    if exact:
        places = rng.choice(len(samples), DRAWN, p=chances / chances.sum())
    else:
        times = np.rint(chances * DRAWN).astype(int)
        places = rng.permutation(np.repeat(np.arange(len(samples)), times))
    return [samples[place] for place in places]


def _shares(drawn: Any) -> Law:
    found = Counter(drawn)
    return {sample: n / DRAWN for sample, n in found.items()}
