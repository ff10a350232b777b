"""Survival curves: how long until something happens, of those who could be watched long enough.

Kaplan and Meier (1958), with delayed entry; Greenwood's variance; the log-rank test (Mantel 1966).
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter, mul, truediv
from typing import Literal, NamedTuple, Self

from app.kpis.distributions import chi_square_survival
from app.kpis.statistics import DEFAULT_LEVEL, Interval, critical_z

Band = Literal["log-log", "log", "plain"]
#: The low and the high end of a band.
Ends = tuple[float, float]
#: S is a product of fractions: a half must be met although it is computed in floats.
_SLACK = 1e-12
#: The entry of those who were watched from the beginning.
ALWAYS = -1


class Watched(NamedTuple):
    """So many subjects watched after time `entry` up to and including `time`.

    With `event` it happened at `time`; else they were watched that long in vain.
    """

    entry: int
    time: int
    event: bool
    n: int = 1


@dataclass
class Lives:
    """All that a curve needs of those who were watched: how many, by when each thing was."""

    entered: Counter[int] = field(default_factory=Counter)
    """By the time after which they were watched."""
    events: Counter[int] = field(default_factory=Counter)
    """By the time at which it happened."""
    censored: Counter[int] = field(default_factory=Counter)
    """By the last time of those to whom it did not happen."""

    @classmethod
    def of(cls, watched: Iterable[Watched]) -> Self:
        """Those who were watched at all."""
        lives = cls()
        for each in watched:
            if each.time > each.entry and each.n:
                lives.add(each)
        return lives

    def add(self, watched: Watched) -> None:
        """Add one kind of subject."""
        entry, time, event, n = watched
        self.entered[entry] += n
        (self.events if event else self.censored)[time] += n

    @property
    def subjects(self) -> int:
        """How many were watched."""
        return self.entered.total()

    def at_risk(self, times: Iterable[int]) -> Iterator[int]:
        """How many were watched at each of the times, which ascend.

        A subject that is censored at t is at risk at t.
        """
        entries = sorted(self.entered, reverse=True)
        ends = sorted(self.events.keys() | self.censored.keys(), reverse=True)
        present = 0
        for t in times:
            while entries and entries[-1] < t:
                present += self.entered[entries.pop()]
            while ends and ends[-1] < t:
                end = ends.pop()
                present -= self.events.get(end, 0) + self.censored.get(end, 0)
            yield present


class Point(NamedTuple):
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
        return next(reversed(self.until(t)), None)

    def until(self, t: int) -> Sequence[Point]:
        """The points up to a time."""
        return self.points[: bisect_right(self.points, t, key=itemgetter(0))]

    def quantile(self, share: float) -> int | None:
        """The first time at which S is at most 1 - share; None if it never is."""
        return next((each.t for each in self.points if each.s <= 1 - share + _SLACK), None)


def curve(lives: Lives) -> Curve:
    """The Kaplan-Meier curve."""
    points, s, variance = [], 1.0, 0.0
    times = sorted(t for t, n in lives.events.items() if n)
    for t, at_risk in zip(times, lives.at_risk(times), strict=True):
        events = lives.events[t]
        left = at_risk - events
        s *= left / at_risk
        variance += events / (at_risk * left) if left else math.inf
        points.append(Point(t, at_risk, events, s, variance))
    return Curve(
        points,
        subjects=lives.subjects,
        events=lives.events.total(),
        late=lives.subjects - lives.entered[ALWAYS],
    )


def limits(point: Point, band: Band, level: float = DEFAULT_LEVEL) -> Interval | None:
    """The confidence band at a point; None where S is 0 or 1, of which it says nothing.

    `log-log` keeps within 0 and 1 by itself (Kalbfleisch and Prentice), `log` and `plain` are
    cut there.
    """
    found = next(_ends([point], band, level))
    return None if found is None else Interval(level, *found, f"greenwood_{band.replace('-', '_')}")


def banded(found: Curve, band: Band, level: float = DEFAULT_LEVEL) -> Iterator[Ends | None]:
    """The ends of the band at each point of a curve; see `limits`."""
    return _ends(found.points, band, level)


def _ends(points: Sequence[Point], band: Band, level: float) -> Iterator[Ends | None]:
    z, around = critical_z(level), _BANDS[band]
    for _, _, _, s, variance in points:
        yield around(s, z * math.sqrt(variance)) if 0 < s < 1 else None


def _plain(s: float, spread: float) -> Ends:
    return max(s * (1 - spread), 0.0), min(s * (1 + spread), 1.0)


def _log(s: float, spread: float) -> Ends:
    return s * math.exp(-spread), min(s * math.exp(spread), 1.0)


def _log_log(s: float, spread: float) -> Ends:
    power = spread / -math.log(s)
    return s ** math.exp(power), s ** math.exp(-power)


_BANDS: Mapping[Band, Callable[[float, float], Ends]] = {
    "log-log": _log_log,
    "log": _log,
    "plain": _plain,
}


def median_limits(
    found: Curve, band: Band, level: float = DEFAULT_LEVEL
) -> tuple[int | None, int | None]:
    """The times between which the median lies: where the band holds a half.

    Brookmeyer and Crowley (1982). None for an end that was not reached.
    """
    return median_within(found, banded(found, band, level))


def median_within(found: Curve, ends: Iterable[Ends | None]) -> tuple[int | None, int | None]:
    """The same by the ends of the band at each point; they are read up to the median alone."""
    first = None
    for point, own in zip(found.points, ends, strict=True):
        low, high = own or (point.s, point.s)
        if first is None and low <= 0.5 + _SLACK:
            first = point.t
        if high <= 0.5 + _SLACK:
            return first, point.t
    return first, None


@dataclass(frozen=True)
class LogRank:
    """Whether several curves may be one."""

    statistic: float
    df: int
    p: float


def log_rank(groups: Mapping[str, Lives]) -> LogRank | None:
    """The log-rank test; None for fewer than two groups, or where nothing can differ.

    Events of each group against those expected if all shared one curve, with the covariance of
    the hypergeometric distribution at each time.
    """
    names = sorted(groups)
    size = len(names) - 1
    if size < 1:
        return None
    own = [groups[name] for name in names]
    happened: Counter[int] = Counter()
    for lives in own:
        happened.update(lives.events)
    times = sorted(t for t, n in happened.items() if n)
    events = [happened[t] for t in times]
    present = [list(lives.at_risk(times)) for lives in own]
    at_risk = [sum(each) for each in zip(*present, strict=True)]
    varying = [
        d * (n - d) / (n - 1) if n > 1 else 0.0 for d, n in zip(events, at_risk, strict=True)
    ]
    shares = [list(map(truediv, each, at_risk)) for each in present[:size]]
    gap = [
        lives.events.total() - sum(map(mul, events, share))
        for lives, share in zip(own[:size], shares, strict=True)
    ]
    weighed = [list(map(mul, varying, share)) for share in shares]
    spread = [
        [
            (sum(one) if i == j else 0.0) - sum(map(mul, one, other))
            for j, other in enumerate(shares)
        ]
        for i, one in enumerate(weighed)
    ]
    solved = _solve(spread, gap)
    if solved is None:
        return None
    statistic = max(0.0, sum(g * x for g, x in zip(gap, solved, strict=True)))
    return LogRank(statistic, size, chi_square_survival(statistic, size))


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
