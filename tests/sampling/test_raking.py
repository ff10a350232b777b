"""Tests of raking: against iterative proportional fitting of whole arrays, and its bounds."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.weighting.raking import Category, Margin, rake, spread
from tests.conftest import Tenant
from tests.sampling.asking import Json, plan, refused

Table = NDArray[np.float64]


def _ipf(table: Table, targets: list[Table], rounds: int = 2_000) -> Table:
    """Brute force: the whole array is divided by its margin and multiplied by the target."""
    fitted = table.astype(float)
    for _ in range(rounds):
        for axis, target in enumerate(targets):
            others = tuple(each for each in range(table.ndim) if each != axis)
            shape = [-1 if each == axis else 1 for each in range(table.ndim)]
            fitted = fitted * (target / fitted.sum(axis=others)).reshape(shape)
    return fitted


def _margins(shape: tuple[int, ...], targets: list[Table]) -> list[Margin]:
    """The margins of the cells in the order of `ravel`."""
    places = list(itertools.product(*map(range, shape)))
    return [
        [
            Category([at for at, each in enumerate(places) if each[axis] == code], float(share))
            for code, share in enumerate(target / target.sum())
        ]
        for axis, target in enumerate(targets)
    ]


@st.composite
def _problems(draw: st.DrawFn) -> tuple[Table, list[Table]]:
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    size = int(np.prod(shape))
    counts = draw(st.lists(st.integers(1, 200), min_size=size, max_size=size))
    targets = [
        np.array(draw(st.lists(st.integers(1, 9), min_size=each, max_size=each)), dtype=float)
        for each in shape
    ]
    return np.array(counts, dtype=float).reshape(shape), targets


@given(_problems())
@settings(max_examples=30, deadline=None)
def test_raking_is_iterative_proportional_fitting(problem: tuple[Table, list[Table]]) -> None:
    """Weighted counts are those of fitting the whole array (oracle: numpy), and sum to n."""
    table, targets = problem
    n = table.sum()
    oracle = _ipf(table, [target / target.sum() * n for target in targets])
    counts = [int(each) for each in table.ravel()]
    found = rake(counts, _margins(table.shape, targets))
    assert found.converged
    weighted = np.array(counts) * np.array(found.weights)
    assert weighted == pytest.approx(oracle.ravel(), rel=1e-4)
    assert weighted.sum() == pytest.approx(n)


@given(_problems())
@settings(max_examples=30, deadline=None)
def test_weights_stay_within_bounds(problem: tuple[Table, list[Table]]) -> None:
    """Whatever the margins; and where it converged, the margins are met as well."""
    table, targets = problem
    counts = [int(each) for each in table.ravel()]
    margins = _margins(table.shape, targets)
    found = rake(counts, margins, bounds=(0.2, 5.0))
    assert all(0.2 <= each <= 5.0 for each in found.weights) or found.rounds == 0
    if found.converged:
        for category in itertools.chain(*margins):
            held = sum(counts[cell] * found.weights[cell] for cell in category.cells)
            assert held / sum(counts) == pytest.approx(category.target, rel=1e-5)


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0.1, 10)), min_size=1, max_size=20))
@settings(max_examples=30)
def test_kishs_effect_is_that_of_the_single_weights(cells: list[tuple[int, float]]) -> None:
    """deff = 1 + cv^2 of the weights of all respondents (numpy); n_eff at most n."""
    counts, weights = [n for n, _ in cells], [weight for _, weight in cells]
    found = spread(counts, weights)
    each = np.repeat(weights, counts)
    assert found.design_effect == pytest.approx(1 + each.var() / each.mean() ** 2)
    assert found.n_effective == pytest.approx(len(each) / found.design_effect)
    assert found.n_effective <= len(each) * (1 + 1e-12)


def _cells(*counts: int) -> list[Json]:
    places = itertools.product(("f", "m"), ("young", "old"))
    return [{"categories": list(each), "n": n} for each, n in zip(places, counts, strict=True)]


def _targets(f: float, young: float) -> list[dict[str, Any]]:
    return [
        {"variable": "gender", "targets": {"f": f, "m": 1 - f}},
        {"variable": "age", "targets": {"young": young, "old": 1 - young}},
    ]


async def test_one_margin_by_hand(tenant: Tenant) -> None:
    """30 of 100 should be half: weights 5/3 and 5/7, Kish's effect 25/21."""
    found = await plan(
        tenant,
        "weights/rake",
        margins=[{"variable": "gender", "targets": {"f": 50, "m": 50}}],
        cells=[{"categories": ["f"], "n": 30}, {"categories": ["m"], "n": 70}],
    )
    assert [each["weight"] for each in found["cells"]] == pytest.approx([5 / 3, 5 / 7])
    assert found["weights"]["design_effect"] == pytest.approx(25 / 21)
    assert found["weights"]["n_effective"] == pytest.approx(84)
    assert (found["converged"], found["trimmed"], found["n"]) == (True, 0, 100)
    shares = found["margins"][0]["categories"][0]
    assert shares["unweighted"] == 0.3
    assert shares["weighted"] == pytest.approx(0.5)


async def test_a_heavy_weight_is_cut_and_the_margins_are_met_again(tenant: Tenant) -> None:
    """The four young men weigh a little too much; what is cut off goes to the young women."""
    body: Json = {"margins": _targets(0.5, 0.12), "cells": _cells(2, 50, 4, 44)}
    free = await plan(tenant, "weights/rake", **body, trim="none")
    cut = await plan(tenant, "weights/rake", **body, trim={"high": 2.01})
    assert free["weights"]["maximum"] > 2.01
    assert cut["trimmed"] == 4
    assert cut["weights"]["maximum"] <= 2.01
    assert cut["untrimmed"] == free["weights"]
    assert cut["converged"] is True
    for margin in cut["margins"]:
        for each in margin["categories"]:
            assert each["weighted"] == pytest.approx(each["target"], rel=1e-5)


async def test_what_cannot_be_met_is_said(tenant: Tenant) -> None:
    """Bounds that are too narrow, and a table whose empty cells contradict the margins."""
    body: Json = {"margins": _targets(0.5, 0.5), "cells": _cells(5, 45, 5, 45)}
    narrow = await plan(tenant, "weights/rake", **body, trim={"high": 2})
    assert (narrow["converged"], narrow["warnings"]) == (False, ["not_converged"])
    assert narrow["weights"]["maximum"] == 2
    apart = await plan(
        tenant, "weights/rake", margins=_targets(0.5, 0.7), cells=_cells(50, 0, 0, 50), trim="none"
    )
    assert apart["converged"] is False
    assert [each["weight"] is None for each in apart["cells"]] == [False, True, True, False]


async def test_a_category_that_nobody_should_be_in_weighs_nothing(tenant: Tenant) -> None:
    """Its respondents have the weight 0, which no bound lifts."""
    found = await plan(
        tenant, "weights/rake", margins=_targets(0.5, 1.0), cells=_cells(30, 5, 30, 5)
    )
    weights = [each["weight"] for each in found["cells"]]
    assert weights == pytest.approx([70 / 60, 0, 70 / 60, 0])
    assert found["converged"] is True


async def test_tables_that_do_not_fit_are_refused(tenant: Tenant) -> None:
    """An empty category with a target has a code of its own; the rest has pointers."""
    path = "weights/rake"
    assert await refused(tenant, path, margins=_targets(0.5, 0.5), cells=_cells(9, 0, 9, 0)) == (
        "empty-category", [("/margins/1/targets/old", "empty-category")],
    )  # fmt: skip
    cells = [*_cells(1, 1, 1, 1), {"categories": ["f", "old"], "n": 1}]
    cells += [{"categories": ["x", "old"], "n": 1}, {"categories": ["f"], "n": 1}]
    assert (await refused(tenant, path, margins=_targets(0.5, 0.5), cells=cells))[1] == [
        ("/cells/4/categories", "duplicate-item"),
        ("/cells/5/categories/0", "unknown-value"),
        ("/cells/6/categories", "too-few-items"),
    ]
    margins = [*_targets(0.5, 0.5)[:1], {"variable": "gender", "targets": {"young": 2, "old": 9}}]
    assert (await refused(tenant, path, margins=margins, cells=_cells(1, 1, 1, 1)))[1] == [
        ("/margins/1/variable", "duplicate-item"),
        ("/margins/1/targets", "wrong-sum"),
    ]
    found = await refused(tenant, path, margins=_targets(1e-12, 0.5), cells=_cells(1, 1, 1, 1))
    assert found[1] == [("/margins/0/targets/f", "number-out-of-range")]
    nobody = _targets(1.0, 1.0)
    found = await refused(tenant, path, margins=nobody, cells=_cells(0, 5, 5, 0))
    assert found[1] == [("/cells", "too-few-items")]
