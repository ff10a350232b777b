"""What every estimate shares: intervals, differences, verdicts, several tests at once.

The families build on it: `proportions` (shares and NPS), `means` (scores) and `rates` (counts
per exposure). A figure that cannot be computed is None, never 0, NaN or infinite.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.kpis.distributions import normal_quantile

Direction = Literal["higher", "lower"]
ChangeVerdict = Literal["improved", "worsened", "no_evidence_of_change", "too_few"]
TargetVerdict = Literal["met", "missed", "inconclusive", "no_data"]
Correction = Literal["holm", "bh"]

DEFAULT_LEVEL = 0.95
"""Two-sided confidence level of an interval unless the caller asks for another."""

DEFAULT_MIN_N = 30
"""Below this many answers on either side a change gets the verdict `too_few`."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval; `method` names how it was made (`wilson`, `t`, ...)."""

    level: float
    low: float
    high: float
    method: str
    ends: tuple[float, float] | None = None
    """Where the scale of a mean ends, if it has ends: limits are cut there."""

    @property
    def width(self) -> float:
        """High minus low; 0 where every answer was the same and the method is `t`."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Difference:
    """Now minus before (or one group minus another), with its interval and two-sided p-value.

    `difference` is the plain difference of the two published values. `test` names where `p`
    comes from and `method` where the limits come from.
    """

    difference: float
    low: float
    high: float
    level: float
    p: float
    test: str
    method: str

    @property
    def interval(self) -> Interval:
        """The limits as an `Interval`."""
        return Interval(self.level, self.low, self.high, self.method)


@lru_cache
def critical_z(level: float) -> float:
    """The standard normal value for a two-sided `level`: 1.959964 for 0.95.

    Raises ValueError unless 0 < level < 1.
    """
    check_level(level)
    return normal_quantile(0.5 + level / 2)


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise ValueError("a confidence level must lie strictly between 0 and 1")


def clip(value: float, low: float, high: float) -> float:
    """The nearest number to `value` between `low` and `high`."""
    return min(max(value, low), high)


def change_verdict(
    change: Difference | None,
    *,
    direction: Direction,
    n_now: float,
    n_before: float,
    min_n: int = DEFAULT_MIN_N,
) -> ChangeVerdict:
    """Say what a change shows: `improved`, `worsened`, `no_evidence_of_change` or `too_few`.

    Too few: no comparison was possible, or either side has fewer than `min_n` answers. A change
    is claimed only when p < 1 - level and the interval excludes 0: for rates the two come from
    different methods, and a claim must not contradict either number shown beside it.
    `direction` says which way is better.
    """
    if change is None or min(n_now, n_before) < min_n:
        return "too_few"
    if change.p >= 1 - change.level or change.low <= 0 <= change.high:
        return "no_evidence_of_change"
    return "improved" if (change.low > 0) == (direction == "higher") else "worsened"


def target_verdict(
    value: float | None, interval: Interval | None, *, target: float, direction: Direction
) -> TargetVerdict:
    """Judge a value against a target by its whole interval, not by the point alone.

    `met`: the whole interval is at the target or on its good side; `missed`: the whole interval
    is on the wrong side; else, or without an interval, `inconclusive`. No value is `no_data`.
    A figure that is counted and not estimated is its own interval: pass one of width 0.
    """
    if value is None:
        return "no_data"
    if interval is None:
        return "inconclusive"
    worst, best = interval.low - target, interval.high - target
    if direction == "lower":
        worst, best = -best, -worst
    if worst >= 0:
        return "met"
    return "missed" if best < 0 else "inconclusive"


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values of several tests, in the order given (S. Holm, 1979).

    An adjusted value below alpha may be claimed while the chance of any false claim in the whole
    set stays at most alpha, however the tests depend on one another.
    """
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(ranked):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values of several tests, in the order given (Y. Benjamini, Y. Hochberg, 1995).

    Of all differences claimed at alpha, on average at most that part is false. Weaker than Holm
    and finds more: for looking through many pairs, not for proving one.
    """
    adjusted = [0.0] * len(p_values)
    ceiling = 1.0
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    for place, index in enumerate(ranked):
        rank = len(p_values) - place
        ceiling = min(ceiling, p_values[index] * len(p_values) / rank)
        adjusted[index] = ceiling
    return tuple(adjusted)


#: How p-values of several tests are adjusted, by the name that requests give.
CORRECTIONS: Mapping[Correction, Callable[[Sequence[float]], tuple[float, ...]]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
}
