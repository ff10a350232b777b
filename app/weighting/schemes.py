"""A weighting scheme, and the weight that it gives to each answer of a sample."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from app.weighting.raking import Category, Margin, rake_within

#: A member of each dimension of a scheme, in its order.
Stratum = tuple[str, ...]
#: Why a sample cannot be weighed.
Fault = Literal["empty_stratum", "weights_not_converged"]


@dataclass(frozen=True)
class Scheme:
    """The margins that a sample should have, and how far weights may go."""

    name: str
    revision: int
    margins: Mapping[str, Mapping[str, float]]
    """By dimension what each of its members should be: shares or numbers, of one population."""
    bounds: tuple[float, float] | None
    """The least and the greatest weight, as multiples of the mean."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What strata are made of."""
        return tuple(self.margins)

    def weigh(self, sample: Mapping[Stratum, int]) -> Mapping[Stratum, Fraction] | Fault:
        """The weight of each answer of a stratum, with mean 1 over the answers that have one.

        Strata with a member that has no target (or one of 0) have none. A member with a target
        and without answers leaves nothing to weigh, and so does a sample that no weights within
        the bounds bring to the margins: then the fault is told instead. The method is raking, see
        `app.weighting.raking`.
        """
        if not any(sample.values()):
            return {}
        shares = [_shares(targets) for targets in self.margins.values()]
        strata = [
            stratum
            for stratum, n in sample.items()
            if n and all(each in own for each, own in zip(stratum, shares, strict=True))
        ]
        margins: list[Margin] = [
            [
                Category([at for at, each in enumerate(strata) if each[place] == member], share)
                for member, share in own.items()
            ]
            for place, own in enumerate(shares)
        ]
        if not all(category.cells for margin in margins for category in margin):
            return "empty_stratum"
        found = rake_within([sample[each] for each in strata], margins, self.bounds).kept
        if not found.converged:
            return "weights_not_converged"
        return dict(zip(strata, map(Fraction, found.weights), strict=True))


def _shares(targets: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(targets.values())
    return {member: target / total for member, target in targets.items() if target}
