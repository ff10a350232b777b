"""Answers that are alike within a customer: intervals and tests by clusters, and without.

Each customer answers 1, 3 or 8 times. Half of the spread of single answers lies between
customers: a customer has one answer in mind and gives it with a chance of sqrt(1/2), else any.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from app.kpis.clustered_scores import ClusteredScores
from app.kpis.declaration import Measurement
from app.kpis.group_tests import all_alike
from app.kpis.means import Moments, moments, t_interval, welch
from app.kpis.proportions import NpsCounts, Share, newcombe, nps_difference, nps_interval, wilson
from app.kpis.statistics import Difference, Interval
from app.kpis.thinning import thinned
from tests.coverage.intervals import SCALES, SCORES, Method
from tests.coverage.samples import Measured, generator

#: How often customers answer, one after another.
TIMES = (1, 3, 8)
#: The correlation of two answers of one customer.
WITHIN = 0.5
#: Numbers of customers.
CUSTOMERS = (5, 10, 30, 200)
DRAWN = 1_000

Evidence = Share | NpsCounts | Moments


@dataclass(frozen=True)
class Kind:
    """A kind of figure: the scores of its answers, and what it rests on."""

    scores: tuple[int, ...]
    """Of each possible answer, in order."""
    evidence: Callable[[Sequence[int]], Evidence | None]
    """From how often each was given."""


SHARE = Kind((1, 0), lambda counts: Share(counts[0], sum(counts)))
NET = Kind((1, 0, -1), lambda counts: NpsCounts(counts[0], counts[2], sum(counts)))
MEAN = Kind((1, 2, 3, 4, 5), lambda counts: moments(dict(enumerate(counts, 1))))


@cache
def drawn(
    kind: Kind, chances: tuple[float, ...], customers: int, seed: int
) -> list[tuple[Evidence, float | None]]:
    """Samples: what the figure rests on, and as many independent answers as tell as much."""
    rng = generator(1_000 * customers + seed)
    sizes = np.resize(TIMES, customers)
    scores = np.array(kind.scores)
    found = []
    for _ in range(DRAWN):
        meant = np.repeat(rng.choice(len(chances), customers, p=chances), sizes)
        any_ = rng.choice(len(chances), len(meant), p=chances)
        given = np.where(rng.random_sample(len(meant)) < math.sqrt(WITHIN), meant, any_)
        sums = np.bincount(np.repeat(np.arange(customers), sizes), scores[given]).astype(int)
        judged = ClusteredScores(
            n=len(given),
            total=Fraction(int(sums.sum())),
            squares=Fraction(int((scores[given] ** 2).sum())),
            clusters=customers,
            totals_squared=Fraction(int((sums**2).sum())),
            totals_by_sizes=Fraction(int((sums * sizes).sum())),
            sizes_squared=int((sizes**2).sum()),
        )
        evidence = kind.evidence(np.bincount(given, minlength=len(chances)).tolist())
        assert evidence is not None
        found.append((evidence, judged.n_effective))
    return found


def interval_of(evidence: Evidence) -> Interval | None:
    """The interval that figures of this kind have."""
    match evidence:
        case Share():
            return wilson(evidence)
        case NpsCounts():
            return nps_interval(evidence)
        case Moments():
            return t_interval(evidence, bounds=(1, 5))


def change_of(now: Measurement, before: Measurement) -> Difference | None:
    """The test that figures of this kind have."""
    one, other = now.evidence, before.evidence
    if isinstance(one, Share) and isinstance(other, Share):
        return newcombe(one, other)
    if isinstance(one, NpsCounts) and isinstance(other, NpsCounts):
        return nps_difference(one, other)
    if isinstance(one, Moments) and isinstance(other, Moments):
        return welch(one, other)
    return None


def judged(sample: tuple[Evidence, float | None], *, clustered: bool) -> Measurement:
    """The figure as of independent answers, or as of clusters."""
    evidence, n_effective = sample
    plain = Measurement(value=0.0, n=1, interval=interval_of(evidence), evidence=evidence)
    if not clustered:
        return plain
    return Measurement(value=0.0, n=1) if n_effective is None else thinned(plain, n_effective)


def coverage_of(
    kind: Kind, laws: Sequence[tuple[float, ...]], *, clustered: bool = True
) -> Callable[[int], Measured]:
    """How often the intervals hold the truth, for a number of customers."""

    def measure(customers: int) -> Measured:
        rates = []
        for law in laws:
            truth = math.fsum(p * score for p, score in zip(law, kind.scores, strict=True))
            limits = [
                judged(sample, clustered=clustered).interval
                for sample in drawn(kind, law, customers, 1)
            ]
            held = [each.low <= truth <= each.high for each in limits if each is not None]
            rates.append(sum(held) / len(held))
        return Measured(tuple(rates), exact=False)

    return measure


def claims_of(
    kind: Kind, laws: Sequence[tuple[float, ...]], *, clustered: bool = True
) -> Callable[[int], Measured]:
    """How often the test claims a difference of two groups that are alike."""

    def measure(customers: int) -> Measured:
        rates = []
        for law in laws:
            pairs = zip(*(drawn(kind, law, customers, seed) for seed in (1, 2)), strict=True)
            found = [
                change_of(judged(one, clustered=clustered), judged(other, clustered=clustered))
                for one, other in pairs
            ]
            rates.append(sum(each is not None and each.p < 0.05 for each in found) / DRAWN)
        return Measured(tuple(rates), exact=False)

    return measure


def claims_of_three(kind: Kind, laws: Sequence[tuple[float, ...]]) -> Callable[[int], Measured]:
    """How often the test of all claims that three groups differ which are alike."""

    def measure(customers: int) -> Measured:
        rates = []
        for law in laws:
            found = [
                all_alike([judged(each, clustered=True).evidence for each in groups])
                for groups in zip(*(drawn(kind, law, customers, n) for n in (1, 2, 3)), strict=True)
            ]
            rates.append(sum(each is not None and each.p < 0.05 for each in found) / DRAWN)
        return Measured(tuple(rates), exact=False)

    return measure


SHARES = ((0.3, 0.7), (0.5, 0.5), (0.8, 0.2))
_OF = "of n customers who answer more than once"


def _interval(name: str, of: str, kind: Kind, laws: Sequence[tuple[float, ...]]) -> Method:
    return Method(f"{name} (clustered)", f"{of} {_OF}", coverage_of(kind, laws), sizes=CUSTOMERS)


def _test(name: str, of: str, measure: Callable[[int], Measured]) -> Method:
    return Method(
        f"{name} (clustered)", f"{of} {_OF}", measure, 0.03, 0.055,
        low_small=0.0, high_small=0.075, sizes=CUSTOMERS,
    )  # fmt: skip


CLUSTER_INTERVALS = (
    _interval("wilson", "a share", SHARE, SHARES),
    _interval("adjusted_wald", "an NPS", NET, SCORES),
    _interval("t", "a mean", MEAN, SCALES),
    Method("wilson (not clustered)", f"the same share {_OF}",
           coverage_of(SHARE, SHARES, clustered=False), 0.6, 0.75, low_small=0.6, high_small=0.75,
           sizes=CUSTOMERS),
)  # fmt: skip
CLUSTER_TESTS = (
    _test("newcombe", "two shares", claims_of(SHARE, SHARES)),
    _test("nps_two_sample_adjusted_wald", "two NPS", claims_of(NET, SCORES)),
    _test("welch", "two means", claims_of(MEAN, SCALES)),
    _test("chi_square", "three shares", claims_of_three(SHARE, SHARES[:2])),
    _test("nps_adjusted_wald_chi_square", "three NPS", claims_of_three(NET, SCORES[:2])),
    _test("welch_anova", "three means", claims_of_three(MEAN, SCALES[:2])),
    Method("newcombe (not clustered)", f"the same two shares {_OF}",
           claims_of(SHARE, SHARES, clustered=False), 0.25, 0.35, low_small=0.2, high_small=0.35,
           sizes=CUSTOMERS),
)  # fmt: skip
