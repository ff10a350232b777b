"""Estimates what drives an outcome, in the worker: numerics, with intervals from resamples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses import importance
from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.failing import Impossible
from app.analyses.importance import Array, Measure
from app.analyses.importance_schemas import MapCut
from app.analyses.mapping import part, point, sample_on_100
from app.analyses.quadrants import Distance, cut_of, cut_weights, distances
from app.analyses.rows import Products, Table, tables, values
from app.analyses.run_schemas import (
    DerivedMapRead,
    DerivedMapRequest,
    Driver,
    DriversRead,
    DriversRequest,
)
from app.analyses.runs import driven
from app.analyses.variables import Asked, Variable
from app.kpis import envelopes
from app.kpis.statistics import Interval

#: Most different rows of answers that are taken into memory.
MOST_ROWS = 200_000
#: Below it a correlation is as good as none.
_NOTHING = 1e-12
_PERCENTILE = "bootstrap_percentile"

_MEASURES: dict[str, Measure] = {
    "relative_weight": importance.relative_weights,
    "shapley": importance.shapley_values,
    "partial_r": importance.partial_correlations,
}


@dataclass(frozen=True)
class Data:
    """Complete rows with how often each was given, and their correlations."""

    variables: list[Variable]
    table: Table
    scores: Array
    counts: Array
    matrix: Array

    @property
    def n(self) -> int:
        """How many responses stand behind it."""
        return int(self.counts.sum())


async def load(session: AsyncSession, chosen: Chosen, variables: list[Variable]) -> Data:
    """The rows that answered everything; raises `Impossible` where no estimate is sound."""
    columns = values(variables)
    every = tuple(range(len(columns)))
    (table,) = await tables(session, chosen, columns, [every], complete=True, most=MOST_ROWS)
    (ruling,) = await judge(session, chosen, columns, [every])
    n = sum(table.values())
    if not ruling.tells or 0 < n < chosen.minimum:
        raise Impossible("suppressed")
    if n < len(variables) + 2:
        raise Impossible("too_few_answers")
    scores = np.array([[float(value) for value in row] for row in table])
    counts = np.array(list(table.values()), dtype=np.float64)
    matrix = importance.correlations(scores, counts)
    if constant := [
        each.name for each, r in zip(variables, matrix.diagonal(), strict=True) if np.isnan(r)
    ]:
        raise Impossible("constant_item", constant)
    if importance.least_eigenvalue(matrix) < importance.LEAST_EIGENVALUE:
        raise Impossible("collinear_items", _entangled(variables, matrix))
    return Data(variables, table, scores, counts, matrix)


def _entangled(variables: Sequence[Variable], matrix: Array) -> list[str]:
    """The drivers that repeat one another: those in the direction in which nothing varies."""
    _, vectors = np.linalg.eigh(matrix[:-1, :-1])
    involved = np.abs(vectors[:, 0]) > 1e-6
    return [each.name for each, is_in in zip(variables[:-1], involved, strict=True) if is_in]


async def prepare_drivers(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: DriversRequest, seed: int
) -> Callable[[dict[str, Any]], DriversRead]:
    """What is left to compute once the data are here, and the session is given back."""
    variables = driven(asked, "/drivers", wanted.drivers, wanted.outcome, scales=False)
    data = await load(session, chosen, variables)

    def compute(header: dict[str, Any]) -> DriversRead:
        return _drivers(data, chosen, wanted, seed, header)

    return compute


def _drivers(
    data: Data, chosen: Chosen, wanted: DriversRequest, seed: int, header: dict[str, Any]
) -> DriversRead:
    measure = _MEASURES[wanted.measure]
    weights = measure(data.matrix)
    r_squared = float(importance.explained(data.matrix))
    many = wanted.measure == "shapley" and len(wanted.drivers) > importance.MOST_SHAPLEY_RESAMPLED
    drawn = np.empty((0, len(wanted.drivers))) if many else _draw(data, measure, wanted, seed)
    shares = drawn / drawn.sum(axis=1, keepdims=True)
    drivers = [
        Driver(
            item=item,
            weight=float(weights[place]),
            weight_interval=envelopes.interval(_percentiles(drawn[:, place], chosen.level)),
            share=float(weights[place] / weights.sum()),
            share_interval=envelopes.interval(_percentiles(shares[:, place], chosen.level)),
            r=float(data.matrix[place, -1]),
            sign=_sign(float(data.matrix[place, -1])),
        )
        for place, item in enumerate(wanted.drivers)
    ]
    warnings = ["no_intervals_for_so_many_drivers"] if many else []
    return DriversRead(
        **header | {"analysis": "drivers", "warnings": warnings},
        outcome=wanted.outcome,
        measure=wanted.measure,
        n=data.n,
        r_squared=r_squared,
        drivers=drivers,
        resamples=len(drawn),
        seed=seed,
        causal=False,
    )


def _draw(
    data: Data, measure: Measure, wanted: DriversRequest | DerivedMapRequest, seed: int
) -> Array:
    """The measure in every usable resample: (resamples, drivers)."""
    stacks = importance.resampled(data.scores, data.counts, wanted.resamples, seed)
    found = [measure(stack) for stack in stacks if len(stack)]
    if not found:
        return np.empty((0, len(data.variables) - 1))
    return np.concatenate(found)


def _percentiles(drawn: Array, level: float) -> Interval | None:
    """The middle of what the resamples gave (B. Efron, 1979); None where hardly any did."""
    if len(drawn) < 100:
        return None
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(level, float(low), float(high), _PERCENTILE)


def _sign(r: float) -> Literal["positive", "negative", "none"]:
    if abs(r) < _NOTHING:
        return "none"
    return "positive" if r > 0 else "negative"


async def prepare_map(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: DerivedMapRequest, seed: int
) -> Callable[[dict[str, Any]], DerivedMapRead]:
    """As `prepare_drivers`, for the map."""
    variables = driven(asked, "/items", wanted.items, wanted.outcome, scales=True)
    data = await load(session, chosen, variables)

    def compute(header: dict[str, Any]) -> DerivedMapRead:
        return _map(data, chosen, wanted, seed, header)

    return compute


def _map(
    data: Data, chosen: Chosen, wanted: DerivedMapRequest, seed: int, header: dict[str, Any]
) -> DerivedMapRead:
    """Performance by its own contrasts; distances of importance from the same resamples."""
    size = len(wanted.items)
    performance = part(sample_on_100(_products(data.table, size), data.variables[:size]),
                       range(size))  # fmt: skip
    share = _parts(wanted)
    weighs = share(data.matrix)
    drawn = _draw(data, share, wanted, seed)
    weights = np.array([float(w) for w in cut_weights(_fractions(weighs), wanted.crosshair)])
    away = (
        drawn
        - (np.median(drawn, axis=1) if wanted.crosshair == "median" else drawn @ weights)[:, None]
    )
    cut = float(cut_of(_fractions(weighs), wanted.crosshair))
    near = distances(performance, wanted.crosshair, chosen.level)
    points = [
        point(
            item,
            (float(performance.means[place]), float(weighs[place])),
            (
                near[place],
                Distance(float(weighs[place]) - cut, _percentiles(away[:, place], chosen.level)),
            ),
        )
        for place, item in enumerate(wanted.items)
    ]
    return DerivedMapRead(
        **header | {"analysis": "derived-importance-performance"},
        outcome=wanted.outcome,
        importance=wanted.importance,
        crosshair=wanted.crosshair,
        n=data.n,
        r_squared=float(importance.explained(data.matrix)),
        cut=MapCut(performance=float(cut_of(performance.means, wanted.crosshair)), importance=cut),
        points=points,
        resamples=len(drawn),
        seed=seed,
        causal=False,
    )


def _parts(wanted: DerivedMapRequest) -> Measure:
    """Importance as it stands on the map: the share of R squared, or the partial correlation."""
    measure = _MEASURES[wanted.importance]
    if wanted.importance == "partial_r":
        return measure

    def share(matrix: Array) -> Array:
        found = measure(matrix)
        shares: Array = found / found.sum(axis=-1, keepdims=True)
        return shares

    return share


def _fractions(found: Array) -> list[Fraction]:
    return [Fraction(float(each)) for each in found]


def _products(table: Table, size: int) -> Products:
    """Exact sums of the first columns."""
    totals = [Fraction(0)] * size
    products = [[Fraction(0)] * size for _ in range(size)]
    for row, n in table.items():
        for i in range(size):
            totals[i] += row[i] * n
            for j in range(size):
                products[i][j] += row[i] * row[j] * n
    return Products(sum(table.values()), tuple(totals), tuple(tuple(each) for each in products))
