"""What every test answers: a statistic with its p-value, and an effect with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from app.kpis.statistics import Interval

Exact = int | Fraction | Decimal
#: Exact scores with how often each was given (a mapping of one kind of number is not one of
#: several, so that the type of the scores is left open).
Histogram: TypeAlias = Mapping[Any, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """How large a difference or a relation is; `interval` is None where none is defined."""

    name: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A test with its two-sided p-value, and the effects that it speaks of, the main one first.

    `statistic` is None where the test goes to its p-value directly.
    """

    test: str
    statistic: float | None
    df: tuple[float, ...]
    p: float
    effects: tuple[Effect, ...]


def total(histogram: Histogram) -> int:
    """How many scores there are."""
    return sum(histogram.values())


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that among the claims at alpha at most that share is false on average.

    Y. Benjamini and Y. Hochberg, 1995; in the order given.
    """
    adjusted = [0.0] * len(p_values)
    ceiling = 1.0
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    for below, index in enumerate(ranked):
        rank = len(p_values) - below
        ceiling = min(ceiling, p_values[index] * len(p_values) / rank)
        adjusted[index] = ceiling
    return tuple(adjusted)
