"""Weighing attainments: the score of what is known, and how much of the whole is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from app.kpis.statistics import Interval, TargetVerdict
from app.targets.attainment import MOST, Direction, attainment_of

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Attained:
    """How much of a goal is reached, and the attainments at the ends of the interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """A weighted mean of attainments. `coverage` is the share of the weights that it stands on."""

    value: float | None
    low: float | None
    high: float | None
    coverage: float

    @property
    def verdict(self) -> TargetVerdict:
        """Whether all the score's goals together are met, by the whole range of the score."""
        if self.low is None or self.high is None:
            return "no_data"
        if self.low >= 1 - _ROUNDING:
            return "met"
        return "missed" if self.high < 1 - _ROUNDING else "inconclusive"


def attained(
    value: float | None,
    interval: Interval | None,
    *,
    estimated: bool,
    target: float,
    direction: Direction,
    floor: float | None,
) -> Attained | None:
    """The attainment of a figure and of the ends of its interval; None without a figure.

    A plain count is its own interval. An estimate without one may be anything: [0, 1.2].
    """
    found = attainment_of(value, target=target, direction=direction, floor=floor)
    if found is None or value is None:
        return None
    if interval is None:
        return Attained(found, 0.0, MOST) if estimated else Attained(found, found, found)
    ends = [
        attainment_of(end, target=target, direction=direction, floor=floor) or 0.0
        for end in (interval.low, interval.high)
    ]
    return Attained(found, min(*ends, found), max(*ends, found))


def score(parts: Sequence[tuple[float, Attained | None]]) -> Score:
    """The weighted mean of what is known; what is missing lowers `coverage` and counts as nothing.

    `parts` are pairs of a weight above 0 and an attainment. The range is that of every part at
    the worse or the better end of its interval at once: it holds however the parts depend on one
    another, and is wider than a confidence interval of the same level.
    """
    total = fsum(weight for weight, _ in parts)
    known = [(weight, part) for weight, part in parts if part is not None]
    weights = fsum(weight for weight, _ in known)
    if not known:
        return Score(None, None, None, 0.0)
    return Score(
        fsum(weight * part.value for weight, part in known) / weights,
        fsum(weight * part.low for weight, part in known) / weights,
        fsum(weight * part.high for weight, part in known) / weights,
        weights / total,
    )


def shares(weights: Sequence[Sequence[float]], outer: Sequence[float]) -> list[list[float]]:
    """What each indicator weighs in the whole: its part of its perspective's part.

    `outer` are the weights of the perspectives, `weights` those of the indicators in each.
    """
    whole = fsum(outer)
    return [
        [weight / fsum(inner) * part / whole for weight in inner]
        for inner, part in zip(weights, outer, strict=True)
    ]
