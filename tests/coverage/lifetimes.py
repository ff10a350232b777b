"""Survival curves: bands, medians and the log-rank test, on customers who leave and are lost.

Each period 15 % of the customers leave; a twelfth of them is watched for 1 period, for 2, ...
"""

from app.kpis.statistics import Interval
from app.kpis.survival import Lives, Watched, curve, limits, log_rank, median_limits
from tests.coverage.intervals import Method
from tests.coverage.samples import Measured, Sample, answers, covered, rejected, several

_LEAVING = 0.15
_LONGEST = 12
_AT = 4
_SURVIVING = (1 - _LEAVING) ** _AT
_MEDIAN = 5


def _chances() -> list[float]:
    """Leaving at 1, 2, ... while being watched, then lost from sight at 1, 2, ..."""
    stay = [(1 - _LEAVING) ** t for t in range(_LONGEST + 1)]
    watched = [(_LONGEST - t + 1) / _LONGEST for t in range(1, _LONGEST + 1)]
    left = [stay[t - 1] * _LEAVING * watched[t - 1] for t in range(1, _LONGEST + 1)]
    lost = [stay[t] / _LONGEST for t in range(1, _LONGEST + 1)]
    return [*left, *lost]


def _watched(sample: Sample) -> Lives:
    return Lives.of(
        Watched(-1, place % _LONGEST + 1, place < _LONGEST, n)
        for place, n in enumerate(sample)
        if n
    )


def _band(sample: Sample) -> Interval | None:
    points = [point for point in curve(_watched(sample)).points if point.t <= _AT]
    return limits(points[-1], "log-log") if points else None


def _median(sample: Sample) -> Interval | None:
    low, high = median_limits(curve(_watched(sample)), "log-log")
    return Interval(0.95, low or 0, high or 1_000, "") if low else None


def _measure_band(n: int) -> Measured:
    law, exact = answers(n, _chances(), n)
    return Measured((covered(law, _band, _SURVIVING),), exact)


def _measure_median(n: int) -> Measured:
    law, exact = answers(n, _chances(), n)
    return Measured((covered(law, _median, _MEDIAN),), exact)


def _measure_log_rank(n: int) -> Measured:
    law, exact = several([answers(n, _chances(), 1), answers(n, _chances(), 2)], n)

    def p_of(sample: Sample) -> float | None:
        found = log_rank({"a": _watched(sample[0]), "b": _watched(sample[1])})
        return None if found is None else found.p

    return Measured((rejected(law, p_of),), exact)


LIFETIME_INTERVALS = (
    Method("greenwood_log_log", "a survival curve after 4 periods", _measure_band),
    Method("brookmeyer_crowley", "a median lifetime in whole periods", _measure_median, high=1.0),
)
LIFETIME_TESTS = (
    Method("log_rank", "two survival curves", _measure_log_rank, 0.035, 0.06,
           low_small=0.0, high_small=0.075),
)  # fmt: skip
