"""Survival curves: how long until something happens, of those who could be watched long enough.

Kaplan and Meier (1958), with delayed entry; Greenwood's variance; the log-rank test (Mantel 1966).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from app.kpis.distributions import chi_square_survival
from app.kpis.statistics import DEFAULT_LEVEL, Interval, critical_z

Band = Literal["log-log", "log", "plain"]
#: S is a product of fractions: a half must be met although it is computed in floats.
_SLACK = 1e-12


class Watched(NamedTuple):
    """So many subjects watched after time `entry` up to and including `time`.

    With `event` it happened at `time`; else they were watched that long in vain.
    """

    entry: int
    time: int
    event: bool
    n: int = 1


@dataclass(frozen=True)
class Point:
    """The curve after time `t`, at which `events` of `at_risk` had it happen."""

    t: int
    at_risk: int
    events: int
    s: float
    variance: float
    """Greenwood's sum: the variance of S divided by its square; infinite once S is 0."""


@dataclass(frozen=True)
class Curve:
    """A survival curve; there is a point for each time at which something happened."""

    points: Sequence[Point]
    subjects: int
    events: int
    late: int
    """How many came under observation after their beginning."""

    def at(self, t: int) -> Point | None:
        """The last point up to a time; None before the first event."""
        return next((each for each in reversed(self.points) if each.t <= t), None)

    def quantile(self, share: float) -> int | None:
        """The first time at which S is at most 1 - share; None if it never is."""
        return next((each.t for each in self.points if each.s <= 1 - share + _SLACK), None)


def curve(watched: Iterable[Watched]) -> Curve:
    """The Kaplan-Meier curve. A subject that is censored at t is at risk at t."""
    seen = [each for each in watched if each.time > each.entry and each.n]
    points, s, variance = [], 1.0, 0.0
    for t, at_risk, events in _risks(seen):
        left = at_risk - events
        s *= left / at_risk
        variance += events / (at_risk * left) if left else math.inf
        points.append(Point(t, at_risk, events, s, variance))
    return Curve(
        points,
        subjects=sum(each.n for each in seen),
        events=sum(each.n for each in seen if each.event),
        late=sum(each.n for each in seen if each.entry >= 0),
    )


def _risks(watched: Sequence[Watched]) -> list[tuple[int, int, int]]:
    """Each time with an event, how many were at risk, and how many events there were."""
    enter, leave, events = Counter[int](), Counter[int](), Counter[int]()
    for each in watched:
        enter[each.entry + 1] += each.n
        leave[each.time + 1] += each.n
        if each.event:
            events[each.time] += each.n
    times = sorted({*enter, *leave, *events})
    present = accumulate(enter[t] - leave[t] for t in times)
    return [(t, n, events[t]) for t, n in zip(times, present, strict=True) if events[t]]


def limits(point: Point, band: Band, level: float = DEFAULT_LEVEL) -> Interval | None:
    """The confidence band at a point; None where S is 0 or 1, of which it says nothing.

    `log-log` keeps within 0 and 1 by itself (Kalbfleisch and Prentice), `log` and `plain` are
    cut there.
    """
    s, spread = point.s, critical_z(level) * math.sqrt(point.variance)
    if not 0 < s < 1:
        return None
    if band == "plain":
        low, high = s * (1 - spread), s * (1 + spread)
    elif band == "log":
        low, high = s * math.exp(-spread), s * math.exp(spread)
    else:
        power = spread / abs(math.log(s))
        low, high = s ** math.exp(power), s ** math.exp(-power)
    return Interval(level, max(low, 0.0), min(high, 1.0), f"greenwood_{band.replace('-', '_')}")


def median_limits(
    found: Curve, band: Band, level: float = DEFAULT_LEVEL
) -> tuple[int | None, int | None]:
    """The times between which the median lies: where the band holds a half.

    Brookmeyer and Crowley (1982). None for an end that was not reached.
    """
    banded = [(each.t, each.s, limits(each, band, level)) for each in found.points]
    low = next(
        (t for t, s, around in banded if (around.low if around else s) <= 0.5 + _SLACK), None
    )
    high = next(
        (t for t, s, around in banded if (around.high if around else s) <= 0.5 + _SLACK), None
    )
    return low, high


@dataclass(frozen=True)
class LogRank:
    """Whether several curves may be one."""

    statistic: float
    df: int
    p: float


def log_rank(groups: Mapping[str, Sequence[Watched]]) -> LogRank | None:
    """The log-rank test; None for fewer than two groups, or where nothing can differ.

    Events of each group against those expected if all shared one curve, with the covariance of
    the hypergeometric distribution at each time.
    """
    names = sorted(groups)
    size = len(names) - 1
    if size < 1:
        return None
    everybody = [each for name in names for each in groups[name] if each.time > each.entry]
    own = [_at_risk(groups[name]) for name in names]
    gap = [0.0] * size
    spread = [[0.0] * size for _ in range(size)]
    for t, at_risk, events in _risks(everybody):
        shares = [risk(t) / at_risk for risk, _ in own[:size]]
        varying = events * (at_risk - events) / (at_risk - 1) if at_risk > 1 else 0.0
        for i, share in enumerate(shares):
            gap[i] += own[i][1][t] - events * share
            for j, other in enumerate(shares):
                spread[i][j] += varying * share * ((1 if i == j else 0) - other)
    solved = _solve(spread, gap)
    if solved is None:
        return None
    statistic = max(0.0, sum(g * x for g, x in zip(gap, solved, strict=True)))
    return LogRank(statistic, size, chi_square_survival(statistic, size))


class _Risk:
    """How many of a group are at risk at a time."""

    def __init__(self, watched: Sequence[Watched]) -> None:
        changes = Counter[int]()
        for each in watched:
            if each.time > each.entry:
                changes[each.entry + 1] += each.n
                changes[each.time + 1] -= each.n
        self.times = sorted(changes)
        self.present = list(accumulate(changes[t] for t in self.times))
        self.place = 0

    def __call__(self, t: int) -> int:
        """Times must ascend."""
        while self.place < len(self.times) and self.times[self.place] <= t:
            self.place += 1
        return self.present[self.place - 1] if self.place else 0


def _at_risk(watched: Sequence[Watched]) -> tuple[_Risk, Counter[int]]:
    events = Counter[int]()
    for each in watched:
        if each.event and each.time > each.entry:
            events[each.time] += each.n
    return _Risk(watched), events


def _solve(matrix: list[list[float]], right: list[float]) -> list[float] | None:
    """The solution of a few linear equations by elimination; None if there is no single one."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for place in range(size):
        best = max(range(place, size), key=lambda row: abs(rows[row][place]))
        if abs(rows[best][place]) < _SLACK:
            return None
        rows[place], rows[best] = rows[best], rows[place]
        for row in range(size):
            if row != place:
                factor = rows[row][place] / rows[place][place]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[place], strict=True)]
    return [rows[place][size] / rows[place][place] for place in range(size)]
