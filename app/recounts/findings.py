"""What a recount looks for: a stored number that is not what the rows say."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Difference:
    """A cell whose stored number differs from the recount, by its key."""

    cell: str
    stored: str
    counted: str


@dataclass(frozen=True)
class Recount:
    """What was looked at in one rollup of one workspace, and what was wrong there."""

    blocks: int
    """How many stretches of cells were counted again; 0 where there is nothing to compare."""
    differences: Sequence[Difference]


#: Counts random stretches of a workspace's rollup again, so many, or all of it (None). It reads
#: rollup and rows in the one snapshot of the session, and writes nothing.
Recounter = Callable[[AsyncSession, UUID, int | None], Awaitable[Recount]]
