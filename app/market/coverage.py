"""Which part of what is stated for some local days falls into others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Generic, TypeVar

T = TypeVar("T")
ALL = Fraction(1)


@dataclass(frozen=True)
class Portion(Generic[T]):
    """Something stated, and the share of its days that fall into a period."""

    of: T
    share: Fraction

    @property
    def whole(self) -> bool:
        """Whether all of its days do."""
        return self.share == 1


@dataclass(frozen=True)
class Coverage(Generic[T]):
    """What is stated of a period."""

    portions: tuple[Portion[T], ...]
    missing_days: int
    """Days of the period for which nothing is stated."""

    @property
    def prorated(self) -> bool:
        """Whether something counts in part, as if each of its days were like the others."""
        return not all(portion.whole for portion in self.portions)


def cover(stated: Iterable[tuple[date, date, T]], start: date, end: date) -> Coverage[T]:
    """The portions of what is stated that fall into [start, end), by their share of days.

    Each statement stands behind its first day and the day after its last. Several may be of the
    same days (one for each channel): a day is missing only if nothing at all is stated for it.
    """
    portions = []
    reached, missing = start, 0
    for first, last, each in sorted(stated, key=lambda one: one[:2]):
        low, high = max(first, start), min(last, end)
        if low >= high:
            continue
        whole = (low, high) == (first, last)
        share = ALL if whole else Fraction((high - low).days, (last - first).days)
        portions.append(Portion(each, share))
        missing += max(0, (low - reached).days)
        reached = max(reached, high)
    return Coverage(tuple(portions), missing + max(0, (end - reached).days))
