"""Scales: from figures to places, with round numbers at the ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
#: Spans smaller than this share of the figures are one point to a reader.
_ONE_POINT = 1e-9


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] linearly onto [start, end] of the drawing; `step` parts the ticks."""

    low: float
    high: float
    step: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value is drawn; what lies outside of the scale stays at its edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """The round numbers on the scale, lowest first."""
        first = math.ceil(self.low / self.step - _ONE_POINT)
        last = math.floor(self.high / self.step + _ONE_POINT)
        return [index * self.step for index in range(first, last + 1)]


def covering(
    values: Iterable[float | None], start: float, end: float, *, ticks: int = 4, zero: bool = False
) -> Scale:
    """A scale with round ends that holds every value (and 0 where bars stand on it)."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    known += [0.0] if zero or not known else []
    low, high = min(known), max(known)
    if high - low <= _ONE_POINT * max(abs(low), abs(high), _ONE_POINT):
        room = abs(high) * 0.1 if abs(high) > _ONE_POINT else 1.0
        low, high = (0.0 if zero else low - room), high + room
    step = _round_step((high - low) / ticks)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, step, start, end)


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `rough`."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in _STEPS if factor * power >= rough * (1 - _ONE_POINT))
