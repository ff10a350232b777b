"""Whoever asks everything that may be asked, and does linear algebra on the answers."""

import itertools
from collections.abc import Iterator
from functools import cache

import numpy as np

_PRECISION = 1e-8


def isolated(answers: np.ndarray, counts: np.ndarray, minimum: int) -> Iterator[np.ndarray]:
    """Every set of cells of 1 to `minimum` - 1 people whose count follows from the answers.

    `answers` has a row for each answer that was told, 1 where it counts a cell; `counts` are the
    people in each cell. A set follows if it lies in the row space. Cells that an answer of 0
    covers are known to be empty, so that they are no unknowns any more.
    """
    told = answers @ counts
    empty = answers[told == 0].any(axis=0)
    known = answers[:, ~empty]
    if not known.shape[1]:
        return
    _, singular, basis = np.linalg.svd(known, full_matrices=False)
    basis = basis[singular > _PRECISION]
    sets = _subsets(known.shape[1])
    people = sets @ counts[~empty]
    few = sets[(people > 0) & (people < minimum)]
    outside = few - (few @ basis.T) @ basis
    yield from few[np.abs(outside).max(axis=1, initial=0) < _PRECISION]


@cache
def _subsets(size: int) -> np.ndarray:
    """Every subset of so many cells, as rows of 0 and 1."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=size)))
