"""From the observations of a metric to its figure for a longer time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import Literal

from app.kpis.statistics import Interval

Aggregation = Literal["sum", "mean", "last"]


@dataclass(frozen=True, slots=True)
class Observed:
    """A value that somebody states for the local dates [start, end)."""

    start: date
    end: date
    value: float
    n: int | None = None
    interval: Interval | None = None

    @property
    def days(self) -> int:
        """Number of local dates."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The figure of several observations; `days` is how many dates they cover."""

    value: float
    n: int | None
    interval: Interval | None
    observations: int
    days: int


def aggregate(observed: Sequence[Observed], how: Aggregation) -> Aggregate | None:
    """One figure for observations that do not overlap; None for none.

    `sum` adds them up, `last` takes the latest. `mean` weighs by n where every observation states
    one above 0, else by days. The interval of one observation is its own; of several, where each
    has one, that of all at their lower or upper ends at once (`bounds`), which holds however they
    depend on one another.
    """
    if not observed:
        return None
    ordered = sorted(observed, key=lambda each: each.start)
    days = sum(each.days for each in ordered)
    if how == "last":
        latest = ordered[-1]
        return Aggregate(latest.value, latest.n, latest.interval, len(ordered), days)
    weights = _weights(ordered, how)
    counts = [each.n for each in ordered if each.n is not None]
    return Aggregate(
        value=_weighed([each.value for each in ordered], weights),
        n=sum(counts) if len(counts) == len(ordered) else None,
        interval=_bounds(ordered, weights),
        observations=len(ordered),
        days=days,
    )


def _weights(observed: Sequence[Observed], how: Aggregation) -> list[float]:
    if how == "sum":
        return [1.0] * len(observed)
    known = [each.n for each in observed if each.n]
    sizes = known if len(known) == len(observed) else [each.days for each in observed]
    return [size / sum(sizes) for size in sizes]


def _weighed(values: Sequence[float], weights: Sequence[float]) -> float:
    return fsum(value * weight for value, weight in zip(values, weights, strict=True))


def _bounds(observed: Sequence[Observed], weights: Sequence[float]) -> Interval | None:
    found = [each.interval for each in observed if each.interval is not None]
    if len(found) < len(observed):
        return None
    if len(found) == 1:
        return found[0]
    return Interval(
        min(each.level for each in found),
        _weighed([each.low for each in found], weights),
        _weighed([each.high for each in found], weights),
        "bounds",
    )
