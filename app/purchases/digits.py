"""Whole numbers of many customers at once: a set of customers for each binary digit.

Adding, subtracting and comparing then take as many steps as there are digits, however many
customers there are. The digits come lowest first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from app.purchases.spans import set_of

Digits = Sequence[int]


@dataclass(frozen=True)
class Amounts:
    """An amount of each customer, of either sign."""

    above: Digits = ()
    """Of those whose amount is above zero."""
    below: Digits = ()
    """Of those whose amount is below zero: how far."""

    @classmethod
    def of(cls, amounts: Iterable[tuple[int, int]]) -> "Amounts":
        """The amounts of customers by number."""
        listed = list(amounts)
        return cls(
            digits_of((number, amount) for number, amount in listed if amount > 0),
            digits_of((number, -amount) for number, amount in listed if amount < 0),
        )

    def plus(self, other: "Amounts") -> "Amounts":
        """The sum of each customer's two amounts."""
        gained, lost = add(self.above, other.above), add(self.below, other.below)
        left = less(lost, gained)
        return Amounts(subtract(gained, lost, left), subtract(lost, gained, less(gained, lost)))

    @property
    def negative(self) -> "Amounts":
        """Each with the other sign."""
        return Amounts(self.below, self.above)

    @property
    def any(self) -> bool:
        """Whether anybody has anything but zero."""
        return any(self.above) or any(self.below)

    def total(self, customers: int) -> int:
        """The sum over a set."""
        return total(self.above, customers) - total(self.below, customers)


def digits_of(amounts: Iterable[tuple[int, int]]) -> list[int]:
    """The digits of the amounts, from 0, of customers by number."""
    listed = list(amounts)
    highest = max((amount for _, amount in listed), default=0).bit_length()
    return [
        set_of([number for number, amount in listed if amount >> level & 1])
        for level in range(highest)
    ]


def who(digits: Digits) -> int:
    """The set of those with anything but zero."""
    found = 0
    for digit in digits:
        found |= digit
    return found


def total(digits: Digits, customers: int) -> int:
    """The sum over a set."""
    return sum((digit & customers).bit_count() << level for level, digit in enumerate(digits))


def less(one: Digits, other: Digits) -> int:
    """The set of those with less of one than of the other: the highest digit that differs says."""
    found = 0
    for a, b in zip_longest(one, other, fillvalue=0):
        found = _decided(found, a ^ b, b)
    return found


def _decided(so_far: int, differ: int, where: int) -> int:
    """Where a digit differs it decides, elsewhere those below it (`~` of a large set is slow)."""
    return (differ & where) | (so_far ^ (so_far & differ))


def lesser(one: Digits, other: Digits) -> list[int]:
    """The lesser of both."""
    first = less(one, other)
    return [b ^ ((a ^ b) & first) for a, b in zip_longest(one, other, fillvalue=0)]


def add(one: Digits, other: Digits) -> list[int]:
    """The sum of both."""
    found, carried = [], 0
    for a, b in zip_longest(one, other, fillvalue=0):
        found.append(a ^ b ^ carried)
        carried = (a & b) | (carried & (a ^ b))
    return [*found, carried] if carried else found


def subtract(one: Digits, other: Digits, customers: int) -> list[int]:
    """One less the other, of a set of customers who have no more of the other; else zero."""
    found, borrowed = [], 0
    for a, b in zip_longest(one, other, fillvalue=0):
        found.append((a ^ b ^ borrowed) & customers)
        borrowed = _decided(borrowed, a ^ b, b)
    return found
