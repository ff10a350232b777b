"""Spans of days whose length is a power of two, and sets of customers as whole numbers.

A customer has a number, and a set of customers is a whole number with that bit set. The set of
those who bought on a day is kept for every day, for every two days, for every four: any range
of days is the union of a few of them. Sets are stored in chunks of 65,536 customers.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from struct import calcsize, unpack
from typing import NamedTuple

#: Customers of one stored piece of a set.
CHUNK = 65_536
#: Spans of 2^20 days hold every date there is.
LEVELS = 21
_FLAGS = bytes.maketrans(b"01", b"\0\1")


class Span(NamedTuple):
    """The days [place * 2^level, (place + 1) * 2^level)."""

    level: int
    place: int


class Buyers(NamedTuple):
    """Customers who bought on a day of a span, and those who bought on two or more."""

    once: int
    twice: int

    def and_then(self, other: "Buyers") -> "Buyers":
        """The same for two spans that do not overlap."""
        both = self.once & other.once
        return Buyers(self.once | other.once, self.twice | other.twice | both)


NOBODY = Buyers(0, 0)


def cover(first: int, last: int) -> Iterator[Span]:
    """The fewest spans that are together the days [first, last)."""
    while first < last:
        level = (last - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        level = min(level, LEVELS - 1)
        yield Span(level, first >> level)
        first += 1 << level


def tree(days: Mapping[int, int]) -> dict[Span, Buyers]:
    """All spans with a buyer, from the set of those who bought on each day."""
    found: dict[Span, Buyers] = {}
    level = {day: Buyers(buyers, 0) for day, buyers in days.items() if buyers}
    for height in range(LEVELS):
        found |= {Span(height, place): buyers for place, buyers in level.items()}
        above: dict[int, Buyers] = {}
        for place, buyers in level.items():
            above[place >> 1] = above.get(place >> 1, NOBODY).and_then(buyers)
        level = above
    return found


def set_of(numbers: Collection[int]) -> int:
    """The set of some numbers; one pass over bytes, however many there are."""
    if not numbers:
        return 0
    flags = bytearray((max(numbers) >> 3) + 1)
    for number in numbers:
        flags[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(flags, "little")


def index_of(sets: Sequence[int], size: int) -> Sequence[int]:
    """For each number below `size`, which of some disjoint sets it is in: the place from 1, or 0.

    The binary digits of the places are made of whole sets, so that it takes as many passes as
    there are digits, not as there are sets.
    """
    code = next(code for code in "BHI" if len(sets) < 256 ** calcsize(f"<{code}"))
    width = calcsize(f"<{code}")
    together = 0
    for digit in range(len(sets).bit_length()):
        own = (bits for place, bits in enumerate(sets, 1) if place >> digit & 1)
        flags = bytearray(width * size)
        flags[::width] = f"{reduce(or_, own, 0):0{size}b}"[::-1].encode().translate(_FLAGS)
        together |= int.from_bytes(flags, "little") << digit
    found = together.to_bytes(width * size, "little")
    return found if width == 1 else unpack(f"<{size}{code}", found)


def members_of(bits: int) -> Iterator[int]:
    """The numbers in a set, ascending."""
    words = (bits.bit_length() + 63) >> 6
    for place, word in enumerate(unpack(f"<{words}Q", bits.to_bytes(words << 3, "little"))):
        while word:
            lowest = word & -word
            yield (place << 6) + lowest.bit_length() - 1
            word ^= lowest  # noqa: PLW2901 - what is left of it
