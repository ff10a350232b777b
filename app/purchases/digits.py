"""Whole numbers of many customers at once: a set of customers for each binary digit.

Adding, subtracting and comparing then take as many steps as there are digits, however many
customers there are. The digits come lowest first.
"""

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, zip_longest

from app.purchases.spans import set_of

Digits = Sequence[int]
_WORD = 64
_MANY = 200
"""Where more than one of so many numbers is listed, the digits are made by transposing."""


@dataclass(frozen=True)
class Amounts:
    """An amount of each customer, of either sign."""

    above: Digits = ()
    """Of those whose amount is above zero."""
    below: Digits = ()
    """Of those whose amount is below zero: how far."""

    @classmethod
    def of(cls, customers: Sequence[int], amounts: Sequence[int]) -> "Amounts":
        """The sums of amounts of customers, who are named by number."""
        if min(amounts, default=0) >= 0:
            return cls(digits_of(customers, amounts))
        above, below = (
            ([*compress(customers, chosen)], [*map(abs, compress(amounts, chosen))])
            for chosen in ([amount > 0 for amount in amounts], [amount < 0 for amount in amounts])
        )
        return cls(digits_of(*above)).plus(cls((), digits_of(*below)))

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


def digits_of(customers: Sequence[int], amounts: Sequence[int]) -> list[int]:
    """The digits of the sum of the amounts, from 0, of each of the customers, by their numbers."""
    highest = sum(amounts).bit_length()
    # Transposing goes through all numbers, whether they are listed or not.
    if highest < _WORD and max(customers, default=0) < _MANY * len(customers):
        found = _transposed(customers, amounts, highest)
    else:
        sums: dict[int, int] = {}
        for customer, amount in zip(customers, amounts, strict=True):
            sums[customer] = sums.get(customer, 0) + amount
        found = [
            set_of([customer for customer, amount in sums.items() if amount >> level & 1])
            for level in range(max(sums.values(), default=0).bit_length())
        ]
    while found and not found[-1]:
        found.pop()
    return found


def _transposed(customers: Sequence[int], amounts: Sequence[int], highest: int) -> list[int]:
    """The same: of a row of bits for each customer, one for each digit is made."""
    eights = (max(customers, default=0) >> 3) + 1
    rows = array("Q", bytes(_WORD * eights))
    for customer, amount in zip(customers, amounts, strict=True):
        rows[customer] += amount
    if sys.byteorder == "big":
        rows.byteswap()
    octets, found = rows.tobytes(), []
    for octet in range((highest + 7) >> 3):
        # Of each eight customers the same byte: a matrix of 8 by 8 bits.
        bits = int.from_bytes(octets[octet::8], "little")
        for shift, mask in _swaps(eights):
            moved = (bits ^ (bits >> shift)) & mask
            bits ^= moved ^ (moved << shift)
        columns = bits.to_bytes(8 * eights, "little")
        found += [int.from_bytes(columns[digit::8], "little") for digit in range(8)]
    return found


@lru_cache(maxsize=8)
def _swaps(matrices: int) -> list[tuple[int, int]]:
    """By how far bits change their places, and which, in steps that transpose 8 by 8 bits.

    H. S. Warren, Hacker's Delight (2013), 7-3.
    """
    steps = ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))
    return [
        (shift, int.from_bytes(mask.to_bytes(8, "little") * matrices, "little"))
        for shift, mask in steps
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
