"""What is withheld because so few people stand behind it that it would speak of persons."""

from collections.abc import Sequence

#: Fewer responses than this are no figure.
SMALLEST_CELL = 5


def withheld(counts: Sequence[int]) -> frozenset[int]:
    """Which cells of a row are hidden, by their places.

    A count from 1 to 4 is hidden; where the hidden ones together could be told from the total,
    the smallest of the others goes with them.
    """
    hidden = {place for place, n in enumerate(counts) if 0 < n < SMALLEST_CELL}
    if hidden and (len(hidden) == 1 or sum(counts[each] for each in hidden) < SMALLEST_CELL):
        others = [place for place, n in enumerate(counts) if place not in hidden and n]
        if others:
            hidden.add(min(others, key=lambda place: (counts[place], place)))
    return frozenset(hidden)
