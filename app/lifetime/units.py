"""Units of time of a fit, with their real lengths, and the horizons of values."""

import math
from collections.abc import Mapping
from typing import Literal

Unit = Literal["days", "weeks", "months"]
Horizon = Literal["12", "24", "36", "infinite"]

DAYS_IN_YEAR = 365.25
#: A month is a twelfth of a year, not four weeks or thirty days: a weekly model asked for twelve
#: months is asked for 52.18 weeks.
DAYS_IN: Mapping[Unit, float] = {"days": 1.0, "weeks": 7.0, "months": DAYS_IN_YEAR / 12}
#: A year in whole units, as published figures have it.
ROUND_YEAR: Mapping[Unit, int] = {"days": 365, "weeks": 52, "months": 12}
HORIZONS: tuple[Horizon, ...] = ("12", "24", "36", "infinite")


def units_in(horizon: Horizon, unit: Unit) -> float:
    """A horizon of months in units of a fit."""
    if horizon == "infinite":
        return math.inf
    return int(horizon) * DAYS_IN_YEAR / 12 / DAYS_IN[unit]


def force_of_discount(percent_a_year: int, unit: Unit) -> float:
    """delta of the continuous discount exp(-delta t), t in units: ln(1 + d) / units in a year."""
    return math.log1p(percent_a_year / 100) * DAYS_IN[unit] / DAYS_IN_YEAR
