"""Which observations go the same way: what Kendall's coefficient and its error are made of."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A pair of scores: how often it is there, and its concordant less discordant partners."""

    left: Any
    right: Any
    count: int
    net: int


def concordances(pairs: Mapping[tuple[Any, Any], int]) -> list[Kind]:
    """Every kind of pair in order, in n log n steps (after W. R. Knight, 1966).

    The sum of count x net counts every pair of observations twice.
    """
    sizes: Counter[Any] = Counter()
    for (_, y), count in pairs.items():
        sizes[y] += count
    place = {score: index for index, score in enumerate(sorted(sizes), start=1)}
    upto = [0, *accumulate(sizes[score] for score in sorted(sizes))]
    seen, passed, everybody = _Prefix(len(place)), 0, upto[-1]
    kinds = []
    for _, same in groupby(sorted(pairs.items()), key=lambda item: item[0][0]):
        together = [(pair, count, place[pair[1]]) for pair, count in same]
        lower = [(seen.upto(at - 1), seen.upto(at)) for _, _, at in together]
        before = passed
        for _, count, at in together:
            seen.add(at, count)
            passed += count
        for ((x, y), count, at), (below_left, upto_left) in zip(together, lower, strict=True):
            concordant = below_left + everybody - passed - (upto[at] - seen.upto(at))
            discordant = (before - upto_left) + upto[at - 1] - seen.upto(at - 1)
            kinds.append(Kind(x, y, count, concordant - discordant))
    return kinds


class _Prefix:
    """Counts by place, with the sum up to a place in logarithmic time (P. M. Fenwick, 1994)."""

    def __init__(self, places: int) -> None:
        self._sums = [0] * (places + 1)

    def add(self, place: int, count: int) -> None:
        """Count something at a place from 1."""
        for index in self._up(place):
            self._sums[index] += count

    def upto(self, place: int) -> int:
        """What was counted at the place and below."""
        found = 0
        while place:
            found += self._sums[place]
            place &= place - 1
        return found

    def _up(self, place: int) -> Iterator[int]:
        while place < len(self._sums):
            yield place
            place += place & -place
