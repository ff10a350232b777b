"""Which figures would tell of too few: minimum cell size, and no way round it by arithmetic.

A total is told whatever its size. A figure that is narrowed by a dimension or grouped by one is a
cell, and whoever asks may subtract and add up whatever was answered. So this module does not
judge one figure alone but everything that the same question would be answered for any choice:

- One dimension. Its members are cut into pieces that are asked only as a whole: each member with
  enough is a piece, and those with too few are one piece together, grown by the smallest others
  until it is large enough (`protected`). Sums and differences of what is told are sums of pieces.
- Several dimensions at once. They must lie in one set, chosen by the data and the same for every
  question (`combinable`), whose table has no small cell at all.

Why that is enough, and what it does not promise: docs/decisions/0010.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

DEFAULT_MINIMUM = 5
#: The size from which on nothing is withheld.
OFF = 1


@dataclass(frozen=True)
class Cell:
    """How many a figure stands on, and the counts beside it that name others (who skipped)."""

    n: int
    beside: Mapping[str, int] = field(default_factory=dict)

    def tells_of_few(self, minimum: int) -> bool:
        """Whether it is too small to be told: 1 to `minimum` - 1 of whatever it counts.

        Counts beside a large enough `n` are properties of that many; alone they are a cell.
        Whatever is made of cells that do not tell of few does not either.
        """
        if self.n:
            return self.n < minimum
        return 0 < max(self.beside.values(), default=0) < minimum

    @property
    def is_empty(self) -> bool:
        """Whether it tells of nobody."""
        return not self.n and not any(self.beside.values())


def together(cells: Collection[Cell]) -> Cell:
    """The cell of all."""
    beside: Counter[str] = Counter()
    for cell in cells:
        beside.update(cell.beside)
    return Cell(sum(cell.n for cell in cells), beside)


@dataclass(frozen=True)
class Protected:
    """Members of one dimension that are told only together, or that nothing is told at all."""

    members: frozenset[str] = frozenset()
    everything: bool = False

    def permits(self, chosen: Collection[str]) -> bool:
        """Whether a figure of the chosen members may be told: all of the protected, or none."""
        if self.everything:
            return False
        within = self.members.intersection(chosen)
        return not within or within == self.members


def protected(table: Mapping[str, Cell], minimum: int, withheld: Collection[str] = ()) -> Protected:
    """The members that must stay together: the small ones (and those that are withheld anyhow).

    They are joined by the smallest others until they are at least two and large enough, so that
    what is left of the total tells of them only together. If even all of them are too few,
    nothing is told, not even who is not among them.
    """
    if minimum <= OFF:
        return Protected()
    if together(table.values()).tells_of_few(minimum):
        return Protected(everything=True)
    inside = {
        member
        for member, cell in table.items()
        if cell.tells_of_few(minimum) or (member in withheld and not cell.is_empty)
    }
    others = sorted(
        (member for member, cell in table.items() if member not in inside and not cell.is_empty),
        key=lambda member: (table[member].n, member),
        reverse=True,
    )
    while inside and others and _too_small(inside, table, minimum):
        inside.add(others.pop())
    return Protected(frozenset(inside))


def _too_small(members: Collection[str], table: Mapping[str, Cell], minimum: int) -> bool:
    whole = together([table[member] for member in members])
    return len(members) < 2 or whole.tells_of_few(minimum)


def combinable(
    table: Mapping[tuple[str, ...], Cell], dimensions: Sequence[str], minimum: int
) -> frozenset[str]:
    """The dimensions that may be combined: as many as their table allows, in the order given.

    `table` has a cell for each combination of members of the dimensions. A dimension is taken
    when no cell of the table of all that are taken tells of few. The order must not depend on
    what is asked: two sets that are each harmless may together tell of one person.
    """
    if together(table.values()).tells_of_few(minimum):
        return frozenset()
    taken: list[int] = []
    for place in range(len(dimensions)):
        wider = [*taken, place]
        if not any(cell.tells_of_few(minimum) for cell in _summed(table, wider).values()):
            taken = wider
    return frozenset(dimensions[place] for place in taken)


def _summed(
    table: Mapping[tuple[str, ...], Cell], places: Sequence[int]
) -> Mapping[tuple[str, ...], Cell]:
    """The table of some of the dimensions only."""
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for members, cell in table.items():
        groups.setdefault(tuple(members[place] for place in places), []).append(cell)
    return {members: together(cells) for members, cells in groups.items()}
