"""How much each driver adds to an outcome: Johnson's weights, Shapley values, partial relations.

Numerics over numpy, for the worker alone: nothing that serves requests imports this module.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
#: Gives each driver its part, for a stack of correlation matrices (..., p + 1, p + 1) whose last
#: row and column are the outcome: (..., p).
Measure: TypeAlias = Callable[[Array], Array]

#: Below it drivers repeat one another, and no part of the outcome is anybody's.
LEAST_EIGENVALUE = 1e-10
#: Shapley values fit every subset of the drivers: 2^15 of them are enough.
MOST_SHAPLEY = 15
#: With more drivers 1,000 resamples of all subsets would take minutes.
MOST_SHAPLEY_RESAMPLED = 10
_AT_ONCE = 50


def correlations(scores: Array, counts: Array) -> Array:
    """The correlation matrix of columns, each row counted so often; NaN for a constant column.

    `counts` may be a stack (k, rows): then so is the answer.
    """
    # Around their means and in their own units, so that large numbers cost no digits.
    centred: Array = scores - scores.mean(axis=0)
    size = np.abs(centred).max(axis=0, initial=0.0)
    unit: Array = centred / np.where(size > 0, size, 1.0)
    n = counts.sum(axis=-1)[..., None]
    means: Array = counts @ unit / n
    products = np.einsum("...r,ri,rj->...ij", counts, unit, unit, optimize=True)
    covariances: Array = products / n[..., None] - means[..., :, None] * means[..., None, :]
    variances = np.diagonal(covariances, axis1=-2, axis2=-1)
    spread = np.sqrt(np.where(variances > 1e-14, variances, np.nan))
    found: Array = covariances / (spread[..., :, None] * spread[..., None, :])
    return found


def least_eigenvalue(matrix: Array) -> Array:
    """The smallest eigenvalue of the drivers' own correlations, for each of a stack."""
    values = np.asarray(np.linalg.eigvalsh(matrix[..., :-1, :-1]), dtype=np.float64)
    found: Array = values[..., 0]
    return found


def explained(matrix: Array) -> Array:
    """R squared of the regression on all drivers."""
    predictors, outcome = matrix[..., :-1, :-1], matrix[..., :-1, -1]
    slopes = np.linalg.solve(predictors, outcome[..., None])[..., 0]
    found: Array = (slopes * outcome).sum(axis=-1)
    return found


def relative_weights(matrix: Array) -> Array:
    """Johnson's relative weights (J. W. Johnson, 2000); they add up to R squared.

    With R = V L V' the drivers' correlations: Lambda = V L^(1/2) V' relates them to their
    closest orthogonal counterparts, beta = Lambda^-1 r, and driver j has the sum over k of
    Lambda_jk^2 beta_k^2.
    """
    values, vectors = np.linalg.eigh(matrix[..., :-1, :-1])
    root = (vectors * np.sqrt(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    beta = np.linalg.solve(root, matrix[..., :-1, -1:])[..., 0]
    found: Array = ((root**2) @ (beta**2)[..., None])[..., 0]
    return found


def shapley_values(matrix: Array) -> Array:
    """The mean gain of R squared over all orders of entry (Lindeman, Merenda and Gold, 1980).

    Every subset of the drivers is fitted once. They add up to R squared.
    """
    p = matrix.shape[-1] - 1
    fits = np.zeros((*matrix.shape[:-2], 2**p))
    for size in range(1, p + 1):
        subsets = np.array(list(combinations(range(p), size)))
        predictors = matrix[..., subsets[:, :, None], subsets[:, None, :]]
        outcome = matrix[..., subsets, p]
        slopes = np.linalg.solve(predictors, outcome[..., None])[..., 0]
        fits[..., (1 << subsets).sum(axis=1)] = (slopes * outcome).sum(axis=-1)
    subsets_of_all = np.arange(2**p)
    sizes = np.array([each.bit_count() for each in range(2**p)])
    parts = np.empty((*matrix.shape[:-2], p))
    for driver in range(p):
        without = subsets_of_all[(subsets_of_all >> driver) & 1 == 0]
        weights = np.array([1 / (p * comb(p - 1, int(size))) for size in sizes[without]])
        gains = fits[..., without | (1 << driver)] - fits[..., without]
        parts[..., driver] = (gains * weights).sum(axis=-1)
    return parts


def partial_correlations(matrix: Array) -> Array:
    """The correlation of each driver with the outcome, all other drivers held constant."""
    inverse = np.linalg.inv(matrix)
    diagonal = np.diagonal(inverse, axis1=-2, axis2=-1)
    found: Array = -inverse[..., :-1, -1] / np.sqrt(diagonal[..., :-1] * diagonal[..., -1:])
    return found


def resampled(scores: Array, counts: Array, times: int, seed: int) -> Iterator[Array]:
    """Correlation matrices of samples of the same size drawn with replacement, in stacks.

    The same seed draws the same samples. Samples in which a column does not vary, or drivers
    repeat one another, say nothing and are left out.
    """
    rng = np.random.default_rng(seed)
    n = int(counts.sum())
    drawn = 0
    while drawn < times:
        size = min(_AT_ONCE, times - drawn)
        drawn += size
        weights = rng.multinomial(n, counts / n, size=size).astype(np.float64)
        found = correlations(scores, weights)
        found = found[np.isfinite(found).all(axis=(1, 2))]
        if len(found):
            yield found[least_eigenvalue(found) >= LEAST_EIGENVALUE]
