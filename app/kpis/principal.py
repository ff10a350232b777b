"""The first principal component of a few items: weights that the data themselves give."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, hypot, sqrt

_MOST_ROUNDS = 10_000
_CONVERGED = 1e-14

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Loadings of length 1, those that are the larger part positive, and the share explained."""

    loadings: tuple[float, ...]
    share: float


def principal(correlations: Matrix) -> Principal | None:
    """The eigenvector of the largest eigenvalue, by the power method.

    None where it does not stand out from the second one.
    """
    size = len(correlations)
    vector = [1 / sqrt(size) + place * 1e-6 for place in range(size)]
    for _ in range(_MOST_ROUNDS):
        image = [fsum(a * b for a, b in zip(row, vector, strict=True)) for row in correlations]
        length = hypot(*image)
        if not length:
            return None
        following = [each / length for each in image]
        moved = hypot(*(a - b for a, b in zip(following, vector, strict=True)))
        vector = following
        if moved < _CONVERGED:
            sign = 1 if fsum(vector) > 0 else -1
            return Principal(tuple(sign * each for each in vector), length / size)
    return None


def index_weights(loadings: Sequence[float], deviations: Sequence[float]) -> tuple[float, ...]:
    """Weights of raw scores that add up to 1: each loading over the item's standard deviation.

    So an index of raw scores ranks respondents as the component of standardised ones does
    (C. Fornell and others, 1996, for the outer weights of a latent variable).
    """
    raw = [each / deviation for each, deviation in zip(loadings, deviations, strict=True)]
    total = fsum(raw)
    return tuple(each / total for each in raw)
