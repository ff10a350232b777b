"""Importance of drivers: the published example, brute force, and the bootstrap."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analyses.importance import (
    correlations,
    explained,
    least_eigenvalue,
    partial_correlations,
    relative_weights,
    resampled,
    shapley_values,
)
from tests.analyses.mtcars import MTCARS

#: Of the example of the R package `rwa`: mpg by cyl, disp, hp and gear.
PUBLISHED = (0.2284797, 0.2221469, 0.2321744, 0.0963886)


def _matrix(columns: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(60, columns)) @ rng.normal(size=(columns, columns))
    return correlations(scores, np.ones(60))


def _r_squared(
    matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]], subset: tuple[int, ...]
) -> float:
    if not subset:
        return 0.0
    r = matrix[list(subset), -1]
    return float(r @ np.linalg.inv(matrix[np.ix_(subset, subset)]) @ r)


def test_the_published_relative_weights() -> None:
    """Four drivers of fuel consumption: the weights and R squared to the digits printed."""
    scores = np.array([[row[name] for name in ("cyl", "disp", "hp", "gear", "mpg")]
                       for row in MTCARS])  # fmt: skip
    matrix = correlations(scores, np.ones(len(scores)))
    assert [round(float(each), 7) for each in relative_weights(matrix)] == list(PUBLISHED)
    assert round(float(explained(matrix)), 7) == 0.7791896


@given(st.integers(3, 5), st.integers(0, 1_000))
@settings(max_examples=15, deadline=None)
def test_shapley_values_are_the_mean_gain_over_all_orders(columns: int, seed: int) -> None:
    """Every order of entry counted one by one (brute force); the parts add up to R squared."""
    matrix = _matrix(columns, seed)
    p = columns - 1
    gains = np.zeros(p)
    orders = list(permutations(range(p)))
    for order in orders:
        for place, driver in enumerate(order):
            gains[driver] += _r_squared(matrix, order[: place + 1]) - _r_squared(
                matrix, order[:place]
            )
    found = shapley_values(matrix)
    assert found == pytest.approx(gains / len(orders), abs=1e-9)
    assert float(found.sum()) == pytest.approx(float(explained(matrix)))
    assert float(relative_weights(matrix).sum()) == pytest.approx(float(explained(matrix)))


def test_partial_correlations_are_those_of_residuals() -> None:
    """What is left of driver and outcome beside the other drivers (brute force)."""
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4))
    found = partial_correlations(correlations(scores, np.ones(80)))
    for driver in range(3):
        others = np.column_stack(
            [np.ones(80), *(scores[:, each] for each in range(3) if each != driver)]
        )
        left = [
            scores[:, each] - others @ np.linalg.lstsq(others, scores[:, each])[0]
            for each in (driver, 3)
        ]
        assert found[driver] == pytest.approx(np.corrcoef(*left)[0, 1])


def test_counts_stand_for_repeated_rows() -> None:
    """A row counted three times is three rows."""
    rng = np.random.default_rng(1)
    scores, counts = rng.normal(size=(20, 3)), rng.integers(1, 4, 20)
    repeated = np.repeat(scores, counts, axis=0)
    expected = np.corrcoef(repeated, rowvar=False)
    assert correlations(scores, counts.astype(float)) == pytest.approx(expected)


def test_the_same_seed_draws_the_same_samples() -> None:
    """A bootstrap can be repeated; samples of a constant column are left out."""
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(30, 3))
    first, again = (np.concatenate(list(resampled(scores, np.ones(30), 120, 7))) for _ in "ab")
    assert (first == again).all()
    assert len(first) == 120
    constant = np.column_stack([scores, np.ones(30)])
    assert sum(len(each) for each in resampled(constant, np.ones(30), 100, 7)) == 0


def test_repeated_drivers_are_seen() -> None:
    """A driver that is the sum of two others leaves no smallest eigenvalue."""
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(50, 4))
    scores[:, 2] = scores[:, 0] + scores[:, 1]
    assert least_eigenvalue(correlations(scores, np.ones(50))) < 1e-10
