"""Expectation against perception: gaps of items, dimensions and all, respondent by respondent."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.groups import mean_change
from app.analyses.relation_schemas import DimensionGap, ExpectationRequest, GapFigure, ItemGap
from app.analyses.rows import spreads, values
from app.analyses.schemas import evidence_read
from app.analyses.variables import Asked, Variable, on_scale
from app.errors import FieldError, Invalid
from app.kpis.means import Moments


@dataclass(frozen=True)
class _Sum:
    """A weighted sum of item gaps, and what it is divided by."""

    items: tuple[int, ...]
    weights: tuple[int, ...]
    divisor: int

    def sql(self, gaps: Sequence[str]) -> str:
        """NULL for who did not answer all of it."""
        parts = (f"{w} * ({gaps[i]})" for i, w in zip(self.items, self.weights, strict=True))
        return " + ".join(parts)


@dataclass(frozen=True)
class Gaps:
    """What was found."""

    items: list[ItemGap]
    dimensions: list[DimensionGap]
    overall: GapFigure


async def find_gaps(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: ExpectationRequest
) -> Gaps:
    """All gaps from one scan.

    The overall gap is the unweighted mean of the dimensions (A. Parasuraman, V. Zeithaml and
    L. Berry, 1988), or of the items where no dimension is named.
    """
    variables = _variables(asked, wanted)
    dimensions = _dimensions(wanted)
    size = len(wanted.items)
    higher = variables[0].scale is not None and variables[0].scale.direction == "higher"
    sides = [(f"c{2 * i + 1}", f"c{2 * i}") if higher else (f"c{2 * i}", f"c{2 * i + 1}")
             for i in range(size)]  # fmt: skip
    gaps = [f"{good} - {bad}" for good, bad in sides]
    sums = [_Sum((i,), (1,), 1) for i in range(size)]
    sums += [_Sum(tuple(items), (1,) * len(items), len(items)) for items in dimensions.values()]
    sums.append(_overall(size, list(dimensions.values())))
    means = [
        f"CASE WHEN c{other} IS NOT NULL THEN c{one} END"
        for i in range(size)
        for one, other in ((2 * i, 2 * i + 1), (2 * i + 1, 2 * i))
    ]
    columns = values(variables)
    found = await spreads(session, chosen, columns, [*(each.sql(gaps) for each in sums), *means])
    rulings = await judge(session, chosen, columns, [_places(each) for each in sums])
    figures = [
        _figure(chosen, _divided(moments, each.divisor), tells=ruling.tells)
        for moments, each, ruling in zip(found, sums, rulings, strict=False)
    ]
    sides_means = [each.value if each else None for each in found[len(sums) :]]
    return Gaps(
        items=[
            ItemGap(
                **figures[i],
                expectation=item.expectation,
                perception=item.perception,
                dimension=item.dimension,
                expectation_mean=None if figures[i]["suppressed"] else sides_means[2 * i],
                perception_mean=None if figures[i]["suppressed"] else sides_means[2 * i + 1],
            )
            for i, item in enumerate(wanted.items)
        ],
        dimensions=[
            DimensionGap(**figures[size + place], dimension=name, items=len(items))
            for place, (name, items) in enumerate(dimensions.items())
        ],
        overall=GapFigure(**figures[-1]),
    )


def _variables(asked: Asked, wanted: ExpectationRequest) -> list[Variable]:
    """Both sides of every item, in turn; 422 unless all share one scale."""
    found: list[Variable] = []
    for index, item in enumerate(wanted.items):
        for side in ("expectation", "perception"):
            pointer = f"/items/{index}/{side}"
            variable = asked.one(pointer, getattr(item, side), on_scale)
            if found and _ends(variable) != _ends(found[0]):
                raise Invalid(FieldError(pointer, "invalid-value"))
            if variable.name in {each.name for each in found}:
                raise Invalid(FieldError(pointer, "duplicate-item"))
            found.append(variable)
    return found


def _ends(variable: Variable) -> tuple[int, int, str]:
    assert variable.scale is not None  # noqa: S101 - `on_scale` asked for it
    return variable.scale.min, variable.scale.max, variable.scale.direction


def _dimensions(wanted: ExpectationRequest) -> dict[str, list[int]]:
    """The items of each dimension; 422 where only some items name one."""
    found: dict[str, list[int]] = {}
    for index, item in enumerate(wanted.items):
        if (item.dimension is None) != (wanted.items[0].dimension is None):
            raise Invalid(FieldError(f"/items/{index}/dimension", "missing-field"))
        if item.dimension is not None:
            found.setdefault(item.dimension, []).append(index)
    return found


def _overall(size: int, dimensions: Sequence[Sequence[int]]) -> _Sum:
    """The mean over dimensions of the means over their items, in whole weights."""
    if not dimensions:
        return _Sum(tuple(range(size)), (1,) * size, size)
    common = lcm(*(len(items) for items in dimensions))
    weighted = [(i, common // len(items)) for items in dimensions for i in items]
    items, weights = zip(*weighted, strict=True)
    return _Sum(items, weights, common * len(dimensions))


def _places(each: _Sum) -> list[int]:
    """The columns that a sum stands on."""
    return [column for i in each.items for column in (2 * i, 2 * i + 1)]


def _divided(found: Moments | None, divisor: int) -> Moments | None:
    if found is None:
        return None
    variance = None if found.variance is None else found.variance / divisor**2
    return Moments(found.n, found.mean / divisor, variance)


def _figure(chosen: Chosen, found: Moments | None, *, tells: bool) -> dict[str, Any]:
    n = found.n if found else 0
    suppressed = not tells or 0 < n < chosen.minimum
    if suppressed or found is None:
        return {
            "n": None if suppressed else 0,
            "gap": None,
            "standard_deviation": None,
            "evidence": None,
            "suppressed": suppressed,
        }
    return {
        "n": n,
        "gap": found.value,
        "standard_deviation": found.standard_deviation,
        "evidence": evidence_read(mean_change(found, chosen.level)),
        "suppressed": False,
    }
