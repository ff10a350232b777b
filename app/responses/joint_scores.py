"""Several scores of one respondent in one code, and what cells keep of them: bars and sums.

There are nearly as many joint codes (`@loyalty.indicators=1/2,3/4,7/10`) as respondents. What
figures need of them is how many lie in which bar, and moments of weighted sums of the scores. Both
can be added up, so cells keep them: counts by bar, and one cell with the sums of the scores and of
their products, in whole units, exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

from app.surveys.composites import LOYALTY, VALUE

#: Scores are summed in units of one such part: a multiple of all steps of the usual scales, and of
#: means over a few items. Sums of products of a billion responses stay below 2^63.
UNIT = 75_600
#: Bars into which the mean of a respondent's scores, from 0 to 1, is counted.
BARS = 20
#: Whose bars are counted: the distribution of others is not asked for.
WITH_DISTRIBUTION = frozenset({LOYALTY, VALUE})
#: The code of the cell that holds the sums of all the others, and how many they are.
SUMS = "~sums"
#: Most scores of a code.
WIDTH = 3
#: What is summed, in order: each score, and each product of two, by their places.
SUMMED: tuple[tuple[int, ...], ...] = (
    *((place,) for place in range(WIDTH)),
    *((one, other) for one in range(WIDTH) for other in range(one, WIDTH)),
)


def parts_of(code: str) -> list[tuple[int, int]]:
    """The fractions that a code is made of: `1/2,3/4` is (1, 2), (3, 4)."""
    pairs = (part.split("/") for part in code.split(","))
    return [(int(part), int(whole)) for part, whole in pairs]


def in_units(parts: Sequence[tuple[int, int]], unit: int = UNIT) -> tuple[int, ...]:
    """The fractions as numbers of units, with 0 for those that are not there."""
    scores = [part * (unit // whole) for part, whole in parts]
    return (*scores, *[0] * (WIDTH - len(scores)))


def bar_of(parts: Sequence[tuple[int, int]]) -> int:
    """The bar of the mean, 0 to `BARS`; the last one holds those whose scores are all 1."""
    unit = lcm(*(whole for _, whole in parts))
    return BARS * sum(in_units(parts, unit)) // (unit * len(parts))


@dataclass(frozen=True)
class JointTally:
    """A tally of joint scores and what cells keep of it."""

    tally: str
    bar: str | None
    """The tally that is counted instead; None where no distribution is asked for."""
    scores: tuple[int, ...]
    """In units, and 0 for those that are not there."""


def read(tally: str) -> JointTally | None:
    """A tally as cells keep it; None for one of another form or with other denominators."""
    name, _, code = tally.partition("=")
    try:
        parts = parts_of(code)
    except ValueError:
        return None
    if not 1 < len(parts) <= WIDTH or any(UNIT % whole for _, whole in parts):
        return None
    bar = f"{name}={bar_of(parts)}" if name in WITH_DISTRIBUTION else None
    return JointTally(tally, bar, in_units(parts))


def added_up(sums: str) -> str:
    """SQL that adds arrays of sums up; NULL where there are none."""
    each = ", ".join(f"sum({sums}[{place}])::int8" for place in range(1, len(SUMMED) + 1))
    return f"CASE WHEN count({sums}) > 0 THEN ARRAY[{each}] END"
