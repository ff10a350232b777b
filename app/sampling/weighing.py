"""Answering by which weights respondents agree with their population."""

import math
from collections.abc import Iterator, Sequence

from app.errors import FieldError, Invalid, Problem, field_error
from app.sampling.formulas import RAKING
from app.sampling.raking import Category, Margin, Raked, Spread, cut, rake, spread, weighted_share
from app.sampling.raking_schemas import (
    CategoryShares,
    CellWeight,
    MarginShares,
    RakeRead,
    RakeRequest,
    WeightSpread,
)

NOT_CONVERGED = "not_converged"
#: Totals of margins may differ by what rounding does.
_ROUNDED = 0.01
#: The least target but 0: weights must not vanish in floating point.
_LEAST_SHARE = 1e-9
#: A weight this near to a bound is within it.
_NOISE = 1e-9


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
    plain = rake(counts, margins)
    found, trimmed = _within(wanted, counts, margins, plain)
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
        trimmed=trimmed,
        warnings=[] if found.converged else [NOT_CONVERGED],
    )


def _within(
    wanted: RakeRequest, counts: Sequence[int], margins: Sequence[Margin], plain: Raked
) -> tuple[Raked, int]:
    """The weights within the bounds, and the number of respondents whose weights were not."""
    if wanted.trim == "none":
        return plain, 0
    bounds = (wanted.trim.low, wanted.trim.high)
    inside = cut(plain.weights, bounds)
    outside = [abs(a - b) > _NOISE for a, b in zip(plain.weights, inside, strict=True)]
    trimmed = sum(n for n, out in zip(counts, outside, strict=True) if out)
    if not trimmed:
        return plain, 0
    again = rake(counts, margins, inside, bounds)
    return Raked(again.weights, plain.rounds + again.rounds, again.error), trimmed


def _problems(wanted: RakeRequest) -> Iterator[FieldError]:
    """What is wrong with the table and its margins."""
    yield from _problems_of_margins(wanted)
    yield from _problems_of_cells(wanted)


def _problems_of_margins(wanted: RakeRequest) -> Iterator[FieldError]:
    """Margins that repeat or contradict each other."""
    names: set[str] = set()
    totals = [math.fsum(each.targets.values()) for each in wanted.margins]
    for place, margin in enumerate(wanted.margins):
        if margin.variable in names:
            yield FieldError(f"/margins/{place}/variable", "duplicate-item")
        names.add(margin.variable)
        if totals[place] <= 0 or abs(totals[place] - totals[0]) > _ROUNDED * totals[0]:
            yield FieldError(f"/margins/{place}/targets", "wrong-sum")
        for name, target in margin.targets.items():
            if 0 < target < _LEAST_SHARE * totals[place]:
                at = f"/margins/{place}/targets/{_escaped(name)}"
                yield FieldError(at, "number-out-of-range")


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
        FieldError(f"/margins/{place}/targets/{_escaped(name)}", "empty-category")
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


def _escaped(name: str) -> str:
    """A name as a part of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


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
