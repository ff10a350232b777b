"""Every kind of interval that the product makes, and how often it holds the truth."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.analyses.association import kendall, pearson, spearman
from app.analyses.evidence import Evidence
from app.analyses.ranks import superiority_interval
from app.kpis.means import moments, t_interval, welch
from app.kpis.proportions import NpsCounts, Share, newcombe, nps_difference, nps_interval, wilson
from app.kpis.rates import Rate, garwood, rate_difference
from app.kpis.statistics import Difference, Interval
from app.kpis.trends import Point, fitted_line, sen_slope
from tests.coverage.samples import (
    Measured,
    Sample,
    answers,
    counts,
    covered,
    generator,
    several,
    two,
)

SIZES = (5, 10, 30, 200, 5_000)
SHARES = (0.1, 0.3, 0.5, 0.8, 0.95)
#: Promoters, passives, detractors.
SCORES = ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), (0.34, 0.33, 0.33), (0.8, 0.15, 0.05))
#: Points of a scale of five.
SCALES = ((0.1, 0.2, 0.4, 0.2, 0.1), (0.05, 0.05, 0.1, 0.3, 0.5), (0.3, 0.1, 0.1, 0.1, 0.4))
#: Pairs of answers on two scales of five: normal scores with a correlation of 0.5, cut.
PAIRS = (
    (0.030, 0.033, 0.033, 0.008, 0.002),
    (0.033, 0.062, 0.080, 0.028, 0.008),
    (0.033, 0.080, 0.140, 0.080, 0.033),
    (0.008, 0.028, 0.080, 0.062, 0.033),
    (0.002, 0.008, 0.033, 0.033, 0.030),
)


@dataclass(frozen=True)
class Method:
    """A method, of what it is measured, and between which rates its means must lie."""

    name: str
    of: str
    measure: Callable[[int], Measured]
    low: float = 0.94
    high: float = 0.96
    """Bounds of the mean rate, Monte Carlo error aside, from `solid` on."""
    solid: int = 30
    low_small: float = 0.9
    high_small: float = 1.0
    """Bounds of the mean rate below that."""
    sizes: Sequence[int] = SIZES


Table = dict[tuple[int, int], int]


def scored(sample: Sample) -> dict[int, int]:
    """How often each point of a scale was given."""
    return {point: n for point, n in enumerate(sample, 1) if n}


def interval_of(found: Difference | None) -> Interval | None:
    """The interval of a difference, where there is one."""
    return None if found is None else found.interval


def _mean(chances: Sequence[float]) -> float:
    return math.fsum(point * chance for point, chance in enumerate(chances, 1))


def nps_counts(sample: Sample) -> NpsCounts:
    """Promoters, passives and detractors."""
    return NpsCounts(promoters=sample[0], detractors=sample[2], answered=sum(sample))


def _wilson(n: int) -> Measured:
    laws = [answers(n, (p, 1 - p), n) for p in SHARES]
    rates = [
        covered(law, lambda s: wilson(Share(s[0], n)), p)
        for (law, _), p in zip(laws, SHARES, strict=True)
    ]
    return Measured(tuple(rates), exact=all(exact for _, exact in laws))


def _newcombe(n: int) -> Measured:
    pairs = ((0.5, 0.5), (0.8, 0.6), (0.95, 0.9), (0.3, 0.1))
    rates, whole = [], True
    for p, q in pairs:
        law, exact = two(answers(n, (p, 1 - p), 1), answers(n, (q, 1 - q), 2), n)
        whole = whole and exact

        def interval(s: Sample) -> Interval | None:
            return interval_of(newcombe(Share(s[0][0], n), Share(s[1][0], n)))

        rates.append(covered(law, interval, p - q))
    return Measured(tuple(rates), whole)


def _nps_interval(n: int) -> Measured:
    laws = [answers(n, chances, n) for chances in SCORES]
    rates = [
        covered(law, lambda s: nps_interval(nps_counts(s)), chances[0] - chances[2])
        for (law, _), chances in zip(laws, SCORES, strict=True)
    ]
    return Measured(tuple(rates), exact=all(exact for _, exact in laws))


def _nps_difference(n: int) -> Measured:
    rates, whole = [], True
    for one, other in ((SCORES[0], SCORES[0]), (SCORES[0], SCORES[1]), (SCORES[3], SCORES[2])):
        law, exact = two(answers(n, one, 1), answers(n, other, 2), n)
        whole = whole and exact

        def interval(s: Sample) -> Interval | None:
            return interval_of(nps_difference(nps_counts(s[0]), nps_counts(s[1])))

        rates.append(covered(law, interval, one[0] - one[2] - other[0] + other[2]))
    return Measured(tuple(rates), whole)


def _t(n: int) -> Measured:
    laws = [answers(n, chances, n) for chances in SCALES]
    rates = [
        covered(law, lambda s: t_interval(moments(scored(s))), _mean(chances))
        for (law, _), chances in zip(laws, SCALES, strict=True)
    ]
    return Measured(tuple(rates), exact=all(exact for _, exact in laws))


def _welch(n: int) -> Measured:
    rates = []
    for one, other in ((SCALES[0], SCALES[0]), (SCALES[1], SCALES[2])):
        law, _ = several([answers(n, one, 1), answers(n, other, 2)], n)

        def interval(s: Sample) -> Interval | None:
            return interval_of(welch(moments(scored(s[0])), moments(scored(s[1]))))

        rates.append(covered(law, interval, _mean(one) - _mean(other)))
    return Measured(tuple(rates), exact=False)


def _garwood(n: int) -> Measured:
    law, exact = counts(n)
    exposure = 1_000
    return Measured((covered(law, lambda s: garwood(Rate(s[0], exposure)), n),), exact)


def _mover(n: int) -> Measured:
    rates = []
    for expected, exposure in ((n, 1_000), (2 * n, 4_000)):
        law, _ = several([counts(n), counts(expected)], n)

        def interval(s: Sample, exposure: int = exposure) -> Interval | None:
            return interval_of(rate_difference(Rate(s[0][0], 1_000), Rate(s[1][0], exposure)))

        rates.append(covered(law, interval, n - expected * 1_000 / exposure))
    return Measured(tuple(rates), exact=False)


def _superiority(n: int) -> Measured:
    rates = []
    for one, other in ((SCALES[0], SCALES[0]), (SCALES[1], SCALES[2])):
        law, _ = several([answers(n, one, 1), answers(n, other, 2)], n)
        truth = math.fsum(
            p * q * ((a > b) + (a == b) / 2)
            for a, p in enumerate(one) for b, q in enumerate(other)
        )  # fmt: skip

        def interval(s: Sample) -> Interval:
            above = sum(x * y * ((a > b) + (a == b) / 2)
                        for a, x in enumerate(s[0]) for b, y in enumerate(s[1]))  # fmt: skip
            return superiority_interval(above / n**2, n, n)

        rates.append(covered(law, interval, truth))
    return Measured(tuple(rates), exact=False)


def table(sample: Sequence[int]) -> Table:
    """Pairs of answers on two scales of five."""
    return {divmod(place, 5): n for place, n in enumerate(sample) if n}


def _relation(measure: Callable[[Table], Evidence | None]) -> Callable[[int], Measured]:
    def rate(n: int) -> Measured:
        chances = [p for row in PAIRS for p in row]
        law, exact = answers(n, chances, n)
        whole = measure({divmod(k, 5): round(1_000 * p) for k, p in enumerate(chances)})
        assert whole is not None
        truth = whole.effects[0].value

        def interval(s: Sample) -> Interval | None:
            found = measure(table(s))
            return found.effects[0].interval if found else None

        return Measured((covered(law, interval, truth),), exact)

    return rate


def _series(fit: Callable[[list[Point]], Interval], reps: int) -> Callable[[int], Measured]:
    """A line with a slope of 0.1 and normal errors."""

    def rate(n: int) -> Measured:
        noise = generator(n).normal(size=(reps, n))
        held = 0
        for row in noise.tolist():
            interval = fit([Point(k, 0.1 * k + value) for k, value in enumerate(row)])
            held += interval.low <= 0.1 <= interval.high
        return Measured((held / reps,), exact=False, drawn=reps)

    return rate


def _line(points: list[Point]) -> Interval:
    found = fitted_line(points)
    assert found is not None
    return found.interval


def _sen(points: list[Point]) -> Interval:
    found = sen_slope(points)
    assert found is not None
    return found.interval


_POINTS = (5, 10, 30, 200)
INTERVALS: tuple[Method, ...] = (
    Method("wilson", "a share of 10 to 95 %", _wilson),
    Method("newcombe", "a difference of two shares", _newcombe, high=0.965),
    Method("adjusted_wald", "an NPS", _nps_interval),
    Method("adjusted_wald (difference)", "a difference of two NPS", _nps_difference),
    Method("t", "a mean on five points, skewed ones too", _t, low=0.935),
    Method("welch", "a difference of two means", _welch),
    Method("garwood", "a rate; n events expected", _garwood, high=0.97),
    Method("mover_garwood", "a difference of two rates; n events expected", _mover, high=0.97),
    Method("newcombe_method_5", "a probability of superiority", _superiority, high=0.97),
    Method("fisher_z", "Pearson's correlation of two answers", _relation(pearson)),
    Method("fisher_z_bonett_wright", "Spearman's", _relation(spearman), high=0.97),
    Method("fisher_z_tau_b", "Kendall's", _relation(kendall)),
    Method("t (slope)", "the slope of a series of n", _series(_line, 800), sizes=_POINTS),
    Method("sen", "the median slope of a series of n", _series(_sen, 300), high=0.975,
           sizes=_POINTS),
)  # fmt: skip
