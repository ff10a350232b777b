"""Whether an analysis may tell its figures: the rules of `kpis.disclosure`, over chosen responses.

Each figure stands on the responses that answered all of its columns. Narrowed by dimensions, or
split by a dimension or by another question, it is judged by the table of those responses by all
members, as the same question would be asked for any choice of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.rows import MOST_CELLS, Column, run, select_sql
from app.errors import Problem
from app.kpis.disclosure import OFF, Cell, Protected, combinable, protected
from app.kpis.disclosure_tables import PUBLIC
from app.responses.cells import dimension_sql

#: A group or an item was withheld because it would tell of too few.
SUPPRESSED = "suppressed"

#: The cells of one part of the data, by members.
_Table = dict[tuple[str, ...], Cell]


@dataclass(frozen=True)
class Split:
    """What groups are made by: a dimension or a question, with its SQL."""

    name: str
    column: Column


@dataclass(frozen=True)
class Ruling:
    """What may be told of one figure."""

    pieces: Sequence[Protected] = ()
    everything: bool = False
    chosen: Sequence[str] = ()
    """The members that the only filter lets pass."""

    @property
    def tells(self) -> bool:
        """Whether the figure of all chosen responses may be told."""
        return not self.everything and all(each.permits(self.chosen) for each in self.pieces)

    def tells_of(self, member: str) -> bool:
        """Whether the figure of one group may be told."""
        return not self.everything and all(each.permits([member]) for each in self.pieces)


@dataclass(frozen=True)
class _Dimensions:
    """The dimensions of the table: names, and their SQL."""

    names: list[str]
    columns: list[Column] = field(default_factory=list)


async def judge(
    session: AsyncSession,
    chosen: Chosen,
    columns: Sequence[Column],
    figures: Sequence[Sequence[int]],
    split: Split | None = None,
) -> list[Ruling]:
    """What may be told of each figure, named by the places of its columns."""
    asked = {*chosen.filters, *([split.name] if split else ())}
    if chosen.minimum <= OFF or asked <= PUBLIC:
        return [Ruling() for _ in figures]
    names = [*asked]
    if len(asked) > 1:
        order = [*chosen.order, *([split.name] if split and split.name not in chosen.order else ())]
        if not asked <= set(order):
            return [Ruling(everything=True) for _ in figures]
        names = order[: max(order.index(name) for name in asked) + 1]
    parts = await _tables(session, chosen, columns, figures, _dimensions(names, split))
    return [_ruling(chosen, each, names, asked) for each in parts]


def _ruling(
    chosen: Chosen, parts: Sequence[_Table], names: Sequence[str], asked: set[str]
) -> Ruling:
    if len(asked) > 1:
        may = all(combinable(table, names, chosen.minimum) >= asked for table in parts)
        return Ruling(everything=not may)
    pieces = [
        protected({members[0]: cell for members, cell in table.items()}, chosen.minimum)
        for table in parts
    ]
    return Ruling(pieces, chosen=next(iter(chosen.filters.values()), ()))


def _dimensions(names: list[str], split: Split | None) -> _Dimensions:
    found = _Dimensions(names)
    for place, name in enumerate(names):
        if split is not None and name == split.name:
            found.columns.append(split.column)
        else:
            sql = dimension_sql(name, f":dimension{place}")
            bound = {f"dimension{place}": name} if f":dimension{place}" in sql else {}
            found.columns.append(Column(sql, bound))
    return found


async def _tables(
    session: AsyncSession,
    chosen: Chosen,
    columns: Sequence[Column],
    figures: Sequence[Sequence[int]],
    dimensions: _Dimensions,
) -> list[list[_Table]]:
    """For each figure the cells of the dimensions; flagged responses are a part where left out."""
    whole = replace(chosen, filters={}, clean=False)
    selected = [f"{each.sql} AS c{place}" for place, each in enumerate(columns)]
    selected += [
        f"coalesce({each.sql}, '') AS d{place}" for place, each in enumerate(dimensions.columns)
    ]
    selected.append("r.quality = 'flagged' AS flagged")
    complete = [" AND ".join(f"c{place} IS NOT NULL" for place in each) for each in figures]
    counts = ", ".join(f"count(*) FILTER (WHERE {each})" for each in complete)
    by = ", ".join(f"d{place}" for place in range(len(dimensions.names)))
    sql = f"""
WITH chosen AS ({select_sql(whole, selected)})
SELECT flagged, {by}, {counts} FROM chosen
GROUP BY flagged, {by} LIMIT {MOST_CELLS + 1}"""  # noqa: S608 - our own names
    rows = await run(session, sql, whole, [*columns, *dimensions.columns])
    if len(rows) > MOST_CELLS:
        raise Problem("analysis-too-large")
    return [_parts(chosen, rows, len(dimensions.names), place) for place in range(len(figures))]


def _parts(chosen: Chosen, rows: Sequence[tuple[Any, ...]], width: int, place: int) -> list[_Table]:
    """The table of one figure; with `clean` one of the clean and one of the flagged."""
    parts: dict[bool, dict[tuple[str, ...], int]] = {False: {}, True: {}}
    for flagged, *rest in rows:
        members, n = tuple(rest[:width]), rest[width + place]
        part = parts[bool(flagged) and chosen.clean]
        part[members] = part.get(members, 0) + n
    found = [{members: Cell(n) for members, n in part.items()} for part in parts.values()]
    return found if chosen.clean else found[:1]
