"""Counting leads by what became of them, exactly at one instant, from what is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import prepared
from app.market.changes import listed_changes
from app.market.judging import concerned, judge, kept_verdicts
from app.market.models import LeadRollup
from app.market.verdicts import Cell, Counts, Tally
from app.purchases.local_days import split_months

#: More changes than this are not judged by hand.
MOST_BY_HAND = 2_000
DIMENSIONS = ("channel", "campaign")


@dataclass(frozen=True)
class Wanted:
    """Which leads are counted, and how."""

    within: int
    """Days that each is given."""
    over: int
    """Leads of days before this one have had all of them."""
    by: str | None
    filters: Mapping[str, tuple[str, ...]]

    @property
    def dimension(self) -> str | None:
        """By what is counted, '' for everybody; None for several dimensions at once."""
        named = {*self.filters, *([self.by] if self.by else ())}
        if len(named) > 1 or not named <= set(DIMENSIONS):
            return None
        return next(iter(named), "")


class Piece(NamedTuple):
    """Places of one grain that belong to a window of days."""

    number: int
    over: bool
    grain: str
    first: int
    last: int


class Group(NamedTuple):
    """The leads of a member, those whose days are over apart."""

    member: str
    over: bool


Groups = dict[Group, Counts]

_CELLS = """
SELECT asked.number, asked.over, {member} AS member, sum(c.leads), sum(c.repeated), sum(c.won),
    sum(c.known)
FROM unnest(CAST(:numbers AS bigint[]), CAST(:overs AS boolean[]), CAST(:grains AS text[]),
    CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS asked (number, over, grain, first, last)
CROSS JOIN generate_series(asked.first, asked.last - 1) AS place (place)
JOIN LATERAL (
    SELECT * FROM lead_cells c
    WHERE c.workspace_id = :workspace_id AND c.grain = asked.grain
        AND c.dimension = :dimension AND c.place = place.place AND c.within <= :within
        AND {condition}
    OFFSET 0
) AS c ON true
GROUP BY 1, 2, 3
"""


async def count_leads(
    session: AsyncSession,
    workspace_id: UUID,
    zone: ZoneInfo,
    windows: Sequence[tuple[int, int]],
    wanted: Wanted,
) -> list[Groups] | None:
    """The leads of the days [first, last) of each window.

    None where the rows have to be counted: before the first fold, in another zone, for several
    dimensions at once, or when too much has changed.
    """
    mine = select(LeadRollup).where(LeadRollup.workspace_id == workspace_id)
    state = (await session.scalars(mine)).one_or_none()
    if state is None or not state.complete or state.time_zone != zone.key:
        return None
    listed = await listed_changes(session, workspace_id, MOST_BY_HAND)
    if listed is None or wanted.dimension is None:
        return None
    leads = await concerned(session, workspace_id, listed)
    if len(leads) > MOST_BY_HAND:
        return None
    tally = Tally()
    if leads:
        for verdict in (await kept_verdicts(session, workspace_id, leads)).values():
            tally.add(verdict, -1)
        for verdict in (await judge(session, workspace_id, leads, zone)).values():
            tally.add(verdict)
    found = await _kept(session, workspace_id, windows, wanted)
    for cell, counts in tally.changes().items():
        _correct(found, windows, wanted, cell, counts)
    return found


async def _kept(
    session: AsyncSession,
    workspace_id: UUID,
    windows: Sequence[tuple[int, int]],
    wanted: Wanted,
) -> list[Groups]:
    pieces = [
        piece
        for number, window in enumerate(windows)
        for piece in _pieces(number, window, wanted.over)
    ]
    dimension = wanted.dimension or ""
    members = wanted.filters.get(dimension)
    names = ("numbers", "overs", "grains", "firsts", "lasts")
    named: dict[str, object] = {
        "workspace_id": workspace_id,
        "dimension": dimension,
        "within": wanted.within,
        **{name: [piece[at] for piece in pieces] for at, name in enumerate(names)},
    }
    if members is not None:
        named["members"] = list(members)
    statement = _CELLS.format(
        member="c.member" if wanted.by else "''",
        condition="true" if members is None else "c.member = ANY(CAST(:members AS text[]))",
    )
    found: list[Groups] = [{} for _ in windows]
    for number, over, member, *sums in await session.execute(prepared(statement), named):
        found[number][Group(member, over)] = Counts(*map(int, sums))
    return found


def _pieces(number: int, window: tuple[int, int], over: int) -> Iterator[Piece]:
    """Whole months and the days around them, before the day `over` and from it on."""
    first, last = window
    turn = min(max(first, over), last)
    for begins, ends, is_over in ((first, turn, True), (turn, last, False)):
        before, months, after = split_months(begins, ends)
        for grain, places in (("day", before), ("month", months), ("day", after)):
            if places:
                yield Piece(number, is_over, grain, places.start, places.stop)


def _correct(
    found: Sequence[Groups],
    windows: Sequence[tuple[int, int]],
    wanted: Wanted,
    cell: Cell,
    counts: Counts,
) -> None:
    """Add what has changed in a cell to the windows that hold its day."""
    dimension = wanted.dimension or ""
    if cell.grain != "day" or cell.dimension != dimension or cell.within > wanted.within:
        return
    if cell.member in wanted.filters.get(dimension, (cell.member,)):
        group = Group(cell.member if wanted.by else "", cell.place < wanted.over)
        for groups, (first, last) in zip(found, windows, strict=True):
            if first <= cell.place < last:
                kept = groups.get(group, Counts())
                groups[group] = Counts(*map(int.__add__, kept, counts))
