"""Satisfaction against loyalty: who is both, one, or neither, and who they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.relation_schemas import (
    Axis,
    AxisCuts,
    Level,
    LoyaltyCell,
    LoyaltyCustomer,
    LoyaltyCustomersRequest,
    LoyaltyRequest,
    Zone,
)
from app.analyses.rows import run, select_sql, tables, values
from app.analyses.variables import Asked, Variable, on_scale
from app.errors import FieldError, Invalid
from app.http.pagination import PageRequest, cut, encode_cursor
from app.kpis import envelopes
from app.kpis.disclosure import Cell, protected
from app.kpis.proportions import Share, wilson

#: What T. Jones and W. E. Sasser (1995) call the corners.
_ZONES: Mapping[tuple[Level, Level], Zone] = {
    ("high", "high"): "loyalist",
    ("high", "low"): "mercenary",
    ("low", "high"): "hostage",
    ("low", "low"): "defector",
}


@dataclass(frozen=True)
class Side:
    """An axis with its points judged."""

    variable: Variable
    high: tuple[int, ...]
    low: tuple[int, ...]

    def level(self, point: int) -> Level:
        """Where an answer lies."""
        if point in self.high:
            return "high"
        return "low" if point in self.low else "indifferent"

    def points(self, level: Level) -> list[int]:
        """The points of a level."""
        scale = self.variable.scale
        assert scale is not None  # noqa: S101 - `on_scale` asked for it
        return [p for p in range(scale.min, scale.max + 1) if self.level(p) == level]

    @property
    def cuts(self) -> AxisCuts:
        """The points as they are answered."""
        return AxisCuts(item=self.variable.name, high=list(self.high), low=list(self.low))


def sides(asked: Asked, wanted: LoyaltyRequest) -> tuple[Side, Side]:
    """Both axes; 422 for points that the scale lacks, or that are both high and low."""
    found = tuple(
        _side(asked, name, axis, wanted.zones)
        for name, axis in (("satisfaction", wanted.satisfaction), ("loyalty", wanted.loyalty))
    )
    if found[0].variable.name == found[1].variable.name:
        raise Invalid(FieldError("/loyalty/item", "duplicate-item"))
    return found[0], found[1]


def _side(asked: Asked, name: str, axis: Axis, zones: int) -> Side:
    variable = asked.one(f"/{name}/item", axis.item, on_scale)
    scale = variable.scale
    assert scale is not None  # noqa: S101 - `on_scale` asked for it
    every = range(scale.min, scale.max + 1)
    high = axis.high if axis.high is not None else list(scale.top_box)
    if not high:
        raise Invalid(FieldError(f"/{name}/high", "missing-field"))
    low = _low(name, axis, variable) if zones == 3 else [p for p in every if p not in high]
    if zones == 2 and axis.low is not None:
        raise Invalid(FieldError(f"/{name}/low", "unknown-field"))
    if not low:
        raise Invalid(FieldError(f"/{name}/high", "too-many-items"))
    _check_points(f"/{name}/high", high, every, ())
    _check_points(f"/{name}/low", low, every, high)
    return Side(variable, tuple(sorted(high)), tuple(sorted(low)))


def _low(name: str, axis: Axis, variable: Variable) -> list[int]:
    """The low points of three zones; the detractors of an NPS question."""
    if axis.low is not None:
        return axis.low
    if variable.type != "nps":
        raise Invalid(FieldError(f"/{name}/low", "missing-field"))
    return list(range(7))


def _check_points(pointer: str, points: list[int], every: range, taken: Collection[int]) -> None:
    for index, point in enumerate(points):
        if point not in every:
            raise Invalid(FieldError(f"{pointer}/{index}", "number-out-of-range"))
        if point in points[:index] or point in taken:
            raise Invalid(FieldError(f"{pointer}/{index}", "duplicate-item"))


async def cross(
    session: AsyncSession, chosen: Chosen, both: tuple[Side, Side], zones: int
) -> dict[str, Any]:
    """`n` and `cells` of the matrix; cells of too few are withheld with one to hide behind."""
    columns = values([side.variable for side in both])
    (table,) = await tables(session, chosen, columns, [(0, 1)], complete=True)
    (ruling,) = await judge(session, chosen, columns, [(0, 1)])
    levels: list[Level] = ["high", "low"] if zones == 2 else ["high", "indifferent", "low"]
    counts = {(one, other): 0 for one in levels for other in levels}
    for (x, y), n in table.items():
        counts[both[0].level(x), both[1].level(y)] += n
    n = sum(counts.values())
    cells = {f"{one} {other}": Cell(count) for (one, other), count in counts.items()}
    kept = protected(cells, chosen.minimum)
    told = ruling.tells and not 0 < n < chosen.minimum
    return {
        "n": n if told else None,
        "cells": [
            _cell(chosen, place, count, n, told=told and kept.permits([" ".join(place)]))
            for place, count in counts.items()
        ],
    }


def _cell(
    chosen: Chosen, place: tuple[Level, Level], count: int, n: int, *, told: bool
) -> LoyaltyCell:
    share = Share(count, n) if told and n else None
    return LoyaltyCell(
        satisfaction=place[0],
        loyalty=place[1],
        zone=_ZONES.get(place),
        n=count if told else None,
        share=share.value if share else None,
        interval=envelopes.interval(wilson(share, chosen.level)) if share else None,
        suppressed=not told,
    )


async def customers_in(
    session: AsyncSession,
    chosen: Chosen,
    both: tuple[Side, Side],
    wanted: LoyaltyCustomersRequest,
    paging: PageRequest,
) -> tuple[list[LoyaltyCustomer], str | None]:
    """The customers of one cell by their ids; responses without a customer name nobody."""
    columns = values([side.variable for side in both])
    selected = ["r.customer", "r.id", "r.occurred_at"]
    selected += [f"{each.sql} AS c{place}" for place, each in enumerate(columns)]
    after = paging.position(str)
    beyond = "AND customer > :after" if after else ""
    sql = f"""
WITH chosen AS ({select_sql(chosen, selected)})
SELECT DISTINCT ON (customer) customer, id, occurred_at FROM chosen
WHERE customer IS NOT NULL AND c0 = ANY(:satisfied) AND c1 = ANY(:loyal) {beyond}
ORDER BY customer, occurred_at DESC, id DESC LIMIT {paging.limit + 1}"""  # noqa: S608 - our own
    rows = await run(
        session,
        sql,
        chosen,
        columns,
        satisfied=both[0].points(wanted.cell.satisfaction),
        loyal=both[1].points(wanted.cell.loyalty),
        after=after[0] if after else None,
    )
    shown, more = cut(rows, paging)
    found = [
        LoyaltyCustomer(customer=customer, response=response, occurred_at=at)
        for customer, response, at in shown
    ]
    return found, encode_cursor(found[-1].customer) if more else None
