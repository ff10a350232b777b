"""Shares of answers, and the net promoter score, with their intervals and tests."""

import math
from dataclasses import dataclass
from typing import Literal

from app.kpis.distributions import normal_two_sided_p
from app.kpis.statistics import DEFAULT_LEVEL, Difference, Interval, clip, critical_z

NpsMethod = Literal["adjusted_wald", "wald"]

_PSEUDO_EXTREME = 0.75
_PSEUDO_ALL = 3.0
_FARTHEST_Z = 40.0  # the normal tail beyond it is smaller than the smallest float


@dataclass(frozen=True, slots=True)
class Share:
    """`count` answers out of `total`; raises ValueError unless 0 <= count <= total."""

    count: int
    total: int
    n_effective: float | None = None
    """As many independent answers would tell as much; None: as many as there are."""

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.total:
            raise ValueError("a share needs 0 <= count <= total")

    @property
    def value(self) -> float | None:
        """The share in [0, 1]; None when nobody answered."""
        return float(self.count / self.total) if self.total else None

    @property
    def tells_as_much_as(self) -> float:
        """The number of independent answers that would tell as much."""
        return float(self.total) if self.n_effective is None else self.n_effective


@dataclass(frozen=True, slots=True)
class NpsCounts:
    """Promoters (9-10), detractors (0-6) and all answers of a 0-10 question.

    Raises ValueError for negative counts, or more promoters and detractors than answers.
    """

    promoters: int
    detractors: int
    answered: int
    n_effective: float | None = None
    """As many independent answers would tell as much; None: as many as there are."""

    def __post_init__(self) -> None:
        passives = self.answered - self.promoters - self.detractors
        if min(self.promoters, self.detractors, passives) < 0:
            raise ValueError("promoters and detractors must be counts within the answers")

    @property
    def passives(self) -> int:
        """Answers of 7 and 8."""
        return self.answered - self.promoters - self.detractors

    @property
    def value(self) -> float | None:
        """(promoters - detractors) / answered, in [-1, 1]; None when nobody answered.

        From the counts: a score from rounded percentages can be off by one point.
        """
        if not self.answered:
            return None
        return float((self.promoters - self.detractors) / self.answered)

    @property
    def variance(self) -> float | None:
        """Population variance of one answer scored +1, 0 or -1; None when nobody answered."""
        if not self.answered:
            return None
        return _score_variance(self.promoters, self.detractors, self.answered)

    @property
    def standard_error(self) -> float | None:
        """sqrt(variance / answers that tell as much); None when nobody answered."""
        variance = self.variance
        return None if variance is None else math.sqrt(variance / self.tells_as_much_as)

    @property
    def tells_as_much_as(self) -> float:
        """The number of independent answers that would tell as much."""
        return float(self.answered) if self.n_effective is None else self.n_effective


def wilson(share: Share, level: float = DEFAULT_LEVEL) -> Interval | None:
    """Wilson's score interval of a share (E. B. Wilson, 1927); None for an empty denominator.

    Stays inside [0, 1], always holds the share, and is never of width 0: no success in n gives
    [0, z^2/(n+z^2)].
    """
    z = critical_z(level)
    if not share.total:
        return None
    below, above = _wilson_arms(share, z)
    p = share.count / share.total
    low = 0.0 if share.count == 0 else max(0.0, p - below)
    high = 1.0 if share.count == share.total else min(1.0, p + above)
    return Interval(level, low, high, "wilson")


def newcombe(now: Share, before: Share, level: float = DEFAULT_LEVEL) -> Difference | None:
    """Difference of two independent shares: Newcombe's hybrid score interval (1998, method 10).

    `p` is the smallest alpha at which that same interval excludes 0. It was preferred to the
    pooled z test, from which it differs little, because the interval, the p-value and the verdict
    of one answer can then never contradict each other. None if either denominator is empty.
    """
    z = critical_z(level)
    if not now.total or not before.total:
        return None
    difference = float(now.count / now.total - before.count / before.total)
    now_below, now_above = _wilson_arms(now, z)
    before_below, before_above = _wilson_arms(before, z)
    return Difference(
        difference=difference,
        low=clip(difference - math.hypot(now_below, before_above), -1.0, 1.0),
        high=clip(difference + math.hypot(now_above, before_below), -1.0, 1.0),
        level=level,
        p=_newcombe_p(now, before),
        test="newcombe",
        method="newcombe",
    )


def nps_interval(
    counts: NpsCounts, level: float = DEFAULT_LEVEL, method: NpsMethod = "adjusted_wald"
) -> Interval | None:
    """Interval of a net promoter score, clipped to [-1, 1]; None when nobody answered.

    `adjusted_wald` (B. Rocks, "Interval Estimation for the Net Promoter Score", 2016) adds 0.75
    promoters, 1.5 passives and 0.75 detractors and is centred there: it keeps its coverage in
    small samples and does not collapse when all answers agree, where `wald` has width 0. Pulled
    towards 0, it may miss the score itself when there are one or two answers.
    """
    z = critical_z(level)
    value, variance = counts.value, counts.variance
    if value is None or variance is None:
        return None
    if method == "adjusted_wald":
        value, square = adjusted_nps(counts)
    else:
        square = variance / counts.tells_as_much_as
    half = z * math.sqrt(square)
    return Interval(level, clip(value - half, -1, 1), clip(value + half, -1, 1), method)


def nps_difference(
    now: NpsCounts, before: NpsCounts, level: float = DEFAULT_LEVEL
) -> Difference | None:
    """Difference of two independent net promoter scores: two-sample adjusted Wald z.

    z and the interval use the adjusted scores and variances of `nps_interval`; `difference` is
    that of the published scores. Limits lie in [-2, 2]. None if either side has no answers.
    """
    z = critical_z(level)
    value_now, value_before = now.value, before.value
    if value_now is None or value_before is None:
        return None
    centre_now, square_now = adjusted_nps(now)
    centre_before, square_before = adjusted_nps(before)
    centre, error = centre_now - centre_before, math.sqrt(square_now + square_before)
    return Difference(
        difference=value_now - value_before,
        low=clip(centre - z * error, -2, 2),
        high=clip(centre + z * error, -2, 2),
        level=level,
        p=normal_two_sided_p(centre / error),
        test="nps_two_sample_adjusted_wald",
        method="adjusted_wald",
    )


def _wilson_arms(share: Share, z: float) -> tuple[float, float]:
    """Distances from the share down to and up to its Wilson limits, both at least 0."""
    n = share.tells_as_much_as
    p = float(share.count / share.total)
    weight = z * z / n
    shift = weight * (0.5 - p) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(p * (1 - p) / n + weight / (4 * n))
    return max(0.0, half - shift), max(0.0, half + shift)


def _newcombe_p(now: Share, before: Share) -> float:
    """Two-sided p at which Newcombe's limit nearest to 0 reaches 0; the limit falls with z."""
    gap = now.count * before.total - before.count * now.total
    if gap == 0:
        return 1.0
    upper, lower = (now, before) if gap > 0 else (before, now)
    difference = abs(gap) / (now.total * before.total)

    def excludes_zero(z: float) -> bool:
        return math.hypot(_wilson_arms(upper, z)[0], _wilson_arms(lower, z)[1]) < difference

    near, far = 0.0, _FARTHEST_Z
    if excludes_zero(far):
        return 0.0
    while far - near > 1e-13 * far:
        middle = (near + far) / 2
        near, far = (middle, far) if excludes_zero(middle) else (near, middle)
    return normal_two_sided_p(near)


def adjusted_nps(counts: NpsCounts) -> tuple[float, float]:
    """Rocks' adjusted score and the square of its standard error."""
    each = counts.tells_as_much_as / counts.answered
    promoters = counts.promoters * each + _PSEUDO_EXTREME
    detractors = counts.detractors * each + _PSEUDO_EXTREME
    total = counts.tells_as_much_as + _PSEUDO_ALL
    return (promoters - detractors) / total, _score_variance(promoters, detractors, total) / total


def _score_variance(promoters: float, detractors: float, total: float) -> float:
    """(P + D)/n - ((P - D)/n)^2 as (n(P + D) - (P - D)^2)/n^2, exact for counts."""
    return (total * (promoters + detractors) - (promoters - detractors) ** 2) / total**2
