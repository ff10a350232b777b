"""Purchase histories as the models see them: how often, until when, watched for how long."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Histories:
    """Distinct histories, each with the number of customers that have it.

    `x` repeat purchases (days with a purchase, less one), `t_x` the time from the first to the
    last, `T` from the first to the end of the observation; times in one unit, 0 <= t_x <= T.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats

    @classmethod
    def of(cls, x: Floats, t_x: Floats, T: Floats) -> "Histories":  # noqa: N803 - as published
        """One history a customer."""
        return cls(x, t_x, T, np.ones(len(x)))

    @cached_property
    def distinct_x(self) -> tuple[Floats, Ints]:
        """The values of x, and where each history's is among them.

        Gamma functions are dear, and take few values.
        """
        values, place = np.unique(self.x, return_inverse=True)
        return values, place


def compressed(x: Ints, t_x: Ints, age: Ints, days_in_unit: float) -> tuple[Histories, Ints]:
    """Distinct histories of whole days in units of so many days, and each customer's place."""
    width = np.int64(max(int(age.max(initial=0)) + 1, 1))
    code = (x * width + t_x) * width + age
    distinct, place, weight = np.unique(code, return_inverse=True, return_counts=True)
    found = Histories(
        x=(distinct // (width * width)).astype(np.float64),
        t_x=(distinct // width % width) / days_in_unit,
        T=(distinct % width) / days_in_unit,
        weight=weight.astype(np.float64),
    )
    return found, place
