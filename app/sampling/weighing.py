"""Answering by which weights respondents agree with their population."""

import math
from collections.abc import Iterator, Sequence

from app.errors import FieldError, Invalid, Problem, field_error
from app.sampling.formulas import RAKING
from app.sampling.raking_schemas import (
    CategoryShares,
    CellWeight,
    MarginShares,
    RakeRead,
    RakeRequest,
    WeightSpread,
)
from app.weighting.margins import escaped, problems_of_margins
from app.weighting.raking import Category, Margin, Spread, rake_within, spread, weighted_share

NOT_CONVERGED = "not_converged"


def rake_sample(wanted: RakeRequest, language: str) -> RakeRead:
    """Weights by which the table meets its margins, within the bounds.

    422 `invalid-request` for a table that does not fit its margins, `empty-category` for a category
    with a target and without respondents.
    """
    problems = list(_problems(wanted))
    if problems:
        raise Invalid(*problems)
    counts = [each.n for each in wanted.cells]
    margins = _margins(wanted)
    _refuse_empty(wanted, margins, counts)
    bounds = None if wanted.trim == "none" else (wanted.trim.low, wanted.trim.high)
    raked = rake_within(counts, margins, bounds)
    plain, found = raked.plain, raked.kept
    before, after = spread(counts, plain.weights), spread(counts, found.weights)
    return RakeRead(
        definition=RAKING.of(language),
        n=sum(counts),
        sum_of_weights=after.total,
        cells=[
            CellWeight(categories=each.categories, n=each.n, weight=weight if each.n else None)
            for each, weight in zip(wanted.cells, found.weights, strict=True)
        ],
        margins=_shares(wanted, margins, counts, found.weights),
        converged=found.converged,
        rounds=found.rounds,
        error=found.error,
        weights=_spread(after),
        untrimmed=_spread(before),
        trimmed=raked.outside,
        warnings=[] if found.converged else [NOT_CONVERGED],
    )


def _problems(wanted: RakeRequest) -> Iterator[FieldError]:
    """What is wrong with the table and its margins."""
    margins = [(each.variable, each.targets) for each in wanted.margins]
    yield from problems_of_margins(margins, "variable")
    yield from _problems_of_cells(wanted)


def _problems_of_cells(wanted: RakeRequest) -> Iterator[FieldError]:
    """Cells that repeat or do not fit the margins."""
    seen: set[tuple[str, ...]] = set()
    for place, cell in enumerate(wanted.cells):
        at = f"/cells/{place}/categories"
        if len(cell.categories) != len(wanted.margins):
            many = len(cell.categories) > len(wanted.margins)
            yield FieldError(at, "too-many-items" if many else "too-few-items")
            continue
        for index, (name, margin) in enumerate(zip(cell.categories, wanted.margins, strict=True)):
            if name not in margin.targets:
                yield FieldError(f"{at}/{index}", "unknown-value")
        if tuple(cell.categories) in seen:
            yield FieldError(at, "duplicate-item")
        seen.add(tuple(cell.categories))


def _margins(wanted: RakeRequest) -> list[Margin]:
    """The margins as shares, each category with the places of its cells."""
    found: list[Margin] = []
    for index, margin in enumerate(wanted.margins):
        total = math.fsum(margin.targets.values())
        cells: dict[str, list[int]] = {name: [] for name in margin.targets}
        for place, cell in enumerate(wanted.cells):
            cells[cell.categories[index]].append(place)
        found.append(
            [Category(cells[name], target / total) for name, target in margin.targets.items()]
        )
    return found


def _refuse_empty(wanted: RakeRequest, margins: Sequence[Margin], counts: Sequence[int]) -> None:
    """No weight makes somebody of nobody; and those who count must be somebody."""
    nobody = [
        FieldError(f"/margins/{place}/targets/{escaped(name)}", "empty-category")
        for place, (margin, asked) in enumerate(zip(margins, wanted.margins, strict=True))
        for name, each in zip(asked.targets, margin, strict=True)
        if each.target > 0 and not any(counts[cell] for cell in each.cells)
    ]
    if nobody:
        raise Problem("empty-category", errors=nobody)
    unwanted = {
        cell for margin in margins for each in margin if not each.target for cell in each.cells
    }
    if not any(n for place, n in enumerate(counts) if place not in unwanted):
        raise field_error("/cells", "too-few-items")


def _shares(
    wanted: RakeRequest,
    margins: Sequence[Margin],
    counts: Sequence[int],
    weights: Sequence[float],
) -> list[MarginShares]:
    total = sum(counts)
    return [
        MarginShares(
            variable=asked.variable,
            categories=[
                CategoryShares(
                    category=name,
                    target=each.target,
                    unweighted=sum(counts[cell] for cell in each.cells) / total,
                    weighted=weighted_share(counts, weights, each.cells),
                )
                for name, each in zip(asked.targets, margin, strict=True)
            ],
        )
        for asked, margin in zip(wanted.margins, margins, strict=True)
    ]


def _spread(found: Spread) -> WeightSpread:
    return WeightSpread(
        minimum=found.low,
        maximum=found.high,
        design_effect=found.design_effect,
        n_effective=found.n_effective,
    )
