"""Weighted figures: how often their intervals hold the truth, and what their tests claim.

One in five answers is of the half of the population that answers seldom, so that its answers
weigh four times those of the other half. Samples without any of either have no figure.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from app.kpis.declaration import Measurement
from app.kpis.means import moments, t_interval, welch
from app.kpis.proportions import (
    NpsCounts,
    Share,
    newcombe,
    nps_difference,
    nps_interval,
    wilson,
)
from app.kpis.statistics import Difference, Interval
from app.kpis.tallies import Tally
from app.kpis.weighted_figures import Weighed, weighted
from app.weighting.schemes import Scheme
from tests.coverage.intervals import SCALES, SCORES, Method
from tests.coverage.samples import Measured, Sample, answers, covered, rejected, several

_NAME = (UUID(int=1), "asked")
_SCHEME = Scheme("halves", 1, {"half": {"seldom": 1, "often": 1}}, None)
#: How often an answer is of each half.
_ANSWERING = (0.2, 0.8)
_DIFFERENT = (0.8, 0.3)
_SIZES = (5, 10, 30, 200)

Figure = Callable[[Tally], Measurement]


def _given(answered: Tally) -> list[int]:
    codes = answered.codes(_NAME)
    return [codes.get(str(place), 0) for place in range(5)]


def _share(answered: Tally) -> Measurement:
    given = _given(answered)
    share = Share(given[0], sum(given))
    return Measurement(share.value, share.total, interval=wilson(share), evidence=share)


def _nps(answered: Tally) -> Measurement:
    given = _given(answered)
    counts = NpsCounts(given[0], given[2], sum(given))
    return Measurement(counts.value, counts.answered, interval=nps_interval(counts),
                       evidence=counts)  # fmt: skip


def _mean(answered: Tally) -> Measurement:
    scores = moments(dict(enumerate(_given(answered), 1)))
    n = scores.n if scores else 0
    return Measurement(None, n, interval=t_interval(scores), evidence=scores)


def _weighted(sample: Sample, figure: Figure) -> Measurement | None:
    """The figure of a sample: how often the seldom gave each answer, and then the others."""
    width = len(sample) // 2
    halves = {("seldom",): sample[:width], ("often",): sample[width:]}
    weights = _SCHEME.weigh({half: sum(given) for half, given in halves.items()})
    if isinstance(weights, str):
        return None
    tallies = [
        Weighed(
            Tally({_NAME: Counter({str(place): n for place, n in enumerate(given)})}),
            weights[half],
        )
        for half, given in halves.items()
    ]
    return weighted(figure, tallies)


def _chances(seldom: Sequence[float], often: Sequence[float]) -> list[float]:
    own, others = _ANSWERING
    return [own * each for each in seldom] + [others * each for each in often]


def _interval(figure: Figure, sample: Sample) -> Interval | None:
    found = _weighted(sample, figure)
    return None if found is None else found.interval


def _covering(
    figure: Figure, truths: Sequence[tuple[Sequence[float], Sequence[float], float]]
) -> Callable[[int], Measured]:
    """Chances of answers in both halves, and what is true of the population."""

    def measure(n: int) -> Measured:
        laws = [answers(n, _chances(seldom, often), n) for seldom, often, _ in truths]
        rates = [
            covered(law, partial(_interval, figure), truth)
            for (law, _), (_, _, truth) in zip(laws, truths, strict=True)
        ]
        return Measured(tuple(rates), exact=all(exact for _, exact in laws))

    return measure


def _claiming(
    figure: Figure,
    chances: Sequence[float],
    test: Callable[[Measurement, Measurement], Difference | None],
) -> Callable[[int], Measured]:
    """Two periods in which nothing differs."""

    def p_of(pair: Sample) -> float | None:
        one, other = (_weighted(each, figure) for each in pair)
        found = None if one is None or other is None else test(one, other)
        return None if found is None else found.p

    def measure(n: int) -> Measured:
        law = _chances(chances, chances)
        found, _ = several([answers(n, law, 1), answers(n, law, 2)], n)
        return Measured((rejected(found, p_of),), exact=False)

    return measure


def _newcombe(one: Measurement, other: Measurement) -> Difference | None:
    assert isinstance(one.evidence, Share)
    assert isinstance(other.evidence, Share)
    return newcombe(one.evidence, other.evidence)


def _nps_test(one: Measurement, other: Measurement) -> Difference | None:
    assert isinstance(one.evidence, NpsCounts)
    assert isinstance(other.evidence, NpsCounts)
    return nps_difference(one.evidence, other.evidence)


def _welch(one: Measurement, other: Measurement) -> Difference | None:
    return welch(one.evidence, other.evidence)  # type: ignore[arg-type]


def _points(chances: Sequence[float]) -> float:
    return sum(point * chance for point, chance in enumerate(chances, 1))


_ALIKE = [((p, 1 - p), (p, 1 - p), p) for p in (0.3, 0.8)]
_APART = [((p, 1 - p), (q, 1 - q), (p + q) / 2) for p, q in (_DIFFERENT, _DIFFERENT[::-1])]

WEIGHTED_INTERVALS: tuple[Method, ...] = (
    Method("wilson (weighted)", "a share that is alike in both halves",
           _covering(_share, _ALIKE), sizes=_SIZES),
    Method("wilson (weighted)", "a share of 80 % in one half, 30 % in the other",
           _covering(_share, _APART), high=1.0, sizes=_SIZES),
    Method("adjusted_wald (weighted)", "an NPS that is alike in both halves",
           _covering(_nps, [(SCORES[0], SCORES[0], SCORES[0][0] - SCORES[0][2])]), sizes=_SIZES),
    Method("t (weighted)", "a mean that is alike in both halves",
           _covering(_mean, [(each, each, _points(each)) for each in SCALES[:2]]), low=0.935,
           sizes=_SIZES),
    Method("t (weighted)", "a mean that differs between the halves",
           _covering(_mean, [(SCALES[1], SCALES[2],
                              (_points(SCALES[1]) + _points(SCALES[2])) / 2)]), high=1.0,
           sizes=_SIZES),
)  # fmt: skip
WEIGHTED_TESTS: tuple[Method, ...] = tuple(
    Method(name, of, measure, 0.025, 0.055, low_small=0.0, high_small=0.065, sizes=_SIZES)
    for name, of, measure in (
        ("newcombe (weighted)", "a share in two periods",
         _claiming(_share, (0.5, 0.5), _newcombe)),
        ("nps_two_sample_adjusted_wald (weighted)", "an NPS in two periods",
         _claiming(_nps, SCORES[0], _nps_test)),
        ("welch (weighted)", "a mean in two periods", _claiming(_mean, SCALES[0], _welch)),
    )
)  # fmt: skip
