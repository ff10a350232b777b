"""Nodes and weights to integrate with: over the drop-out probability, and over time."""

from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

from app.lifetime.histories import Floats

_PER_PANEL = 10
_COARSE = 3
#: exp(-28) is nothing beside 1: an infinite horizon ends there.
_FORGOTTEN = 28.0


@lru_cache(maxsize=4096)
def beta_nodes(a: float, b: float, number: int) -> tuple[Floats, Floats]:
    """Gauss-Jacobi on (0, 1) for the Beta(a, b) density; the weights add up to 1.

    Golub and Welsch (1969): nodes are the eigenvalues of the Jacobi matrix, weights the squares
    of the first components of its eigenvectors. No gamma function is taken, so that large b do
    not overflow.
    """
    # In the convention of Jacobi's polynomials on (-1, 1): weight (1-u)^A (1+u)^B.
    A, B = b - 1.0, a - 1.0  # noqa: N806 - the usual names are taken
    k = np.arange(number, dtype=np.float64)
    total = 2 * k + A + B
    with np.errstate(divide="ignore", invalid="ignore"):
        diagonal = (B * B - A * A) / (total * (total + 2))
        n = k[1:]
        s = total[1:]
        square = 4 * n * (n + A) * (n + B) * (n + A + B) / (s * s * (s + 1) * (s - 1))
    diagonal[0] = (B - A) / (A + B + 2)
    if number > 1:  # (n + A + B) / (s - 1) is 1 at n = 1, also where both are 0
        square[0] = 4 * (1 + A) * (1 + B) / ((2 + A + B) ** 2 * (3 + A + B))
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
    weights = vectors[0] ** 2
    return np.clip((values + 1) / 2, 0.0, 1.0), weights / weights.sum()


@lru_cache(maxsize=64)
def legendre(number: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(number)
    return (nodes + 1) / 2, weights / 2


def time_weights(
    scale: float, horizons: list[float], delta: float, *, fine: bool
) -> tuple[Floats, Floats]:
    """Times to take a rate at, and their weights exp(-delta t) dt up to each horizon.

    Shapes (times), (times, horizons). Panels double in width from `scale` on, and break at every
    finite horizon. An infinite horizon ends where exp(-delta t) is below 1e-12.
    """
    finite = sorted(each for each in horizons if np.isfinite(each))
    end = _FORGOTTEN / delta if len(finite) < len(horizons) else finite[-1]
    end = max([end, *finite])
    breaks, at = {0.0, end, *finite}, scale
    while at < end:
        breaks.add(at)
        at *= 2 if fine else 4
    edges = np.array(sorted(breaks))
    nodes, weights = legendre(_PER_PANEL if fine else _COARSE)
    widths = np.diff(edges)
    times = (edges[:-1, None] + widths[:, None] * nodes).ravel()
    worth = (widths[:, None] * weights).ravel() * np.exp(-delta * times)
    passed = np.repeat(edges[1:], len(nodes))
    until = np.array(horizons) * (1 + 1e-12)
    return times, worth[:, None] * (passed[:, None] <= until)
