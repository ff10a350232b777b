"""What is asked and answered about samples: their size, and how they are divided."""

from typing import Annotated

from pydantic import Field

from app.fields import Input, Output, ShortText, example
from app.kpis.schemas import KpiDefinition, KpiInterval
from app.kpis.statistics import DEFAULT_LEVEL
from app.sampling.sizes import Rounding
from app.sampling.strata import Method

#: So many that no population has more; sums of them stay exact.
MOST_PEOPLE = 10**12
MOST_STRATA = 200

People = Annotated[int, Field(ge=1, le=MOST_PEOPLE)]
Level = Annotated[float, Field(ge=0.8, le=0.999)]
ResponseRate = Annotated[float, Field(ge=0.0001, le=1)]
_Measured = Annotated[float, Field(ge=-1e12, le=1e12)]
_Spread = Annotated[float, Field(ge=0, le=1e12)]
_Cost = Annotated[float, Field(ge=1e-6, le=1e12)]


class SampleSizeRequest(Input):
    """How sure one wants to be of a share, in which population."""

    model_config = example(margin=0.05, population=1000, response_rate=0.2)

    proportion: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The share that is expected; 0.5 needs the most answers."""
    margin: Annotated[float, Field(ge=0.0001, le=0.5)] = 0.05
    """Half the width of the interval that is wanted."""
    level: Level = DEFAULT_LEVEL
    """Confidence level of the interval."""
    population: People | None = None
    """Absent: so large that it does not matter."""
    response_rate: ResponseRate = 1.0
    """The share of the invited who are expected to answer."""
    design_effect: Annotated[float, Field(ge=0.1, le=100)] = 1.0
    """The variance beside that of a simple random sample of the same size."""
    rounding: Rounding = "up"
    """`nearest` reproduces the table of Krejcie and Morgan (1970)."""
    achieved: People | None = None
    """How many answered: which margin do they give?"""


class AchievedRead(Output):
    """What a number of answers is good for."""

    n: int
    margin: float
    enough: bool
    """Whether the margin is as small as was wanted."""


class SampleSizeRead(Output):
    """How many answers are needed, and how many invitations for them."""

    definition: KpiDefinition
    level: float
    z: float
    unlimited: float
    """n0: a simple random sample of an unlimited population, not rounded."""
    unrounded: float
    n: int
    """The answers needed."""
    margin: float
    """The margin that they give."""
    invitations: int
    achieved: AchievedRead | None
    warnings: list[str]
    """`population_too_small`: there are not so many to invite. `few_expected`: fewer than five
    answers are expected on one side, so the margin, which is of the normal distribution, is rough.
    """


class Observed(Input):
    """What was found in a stratum."""

    n: People
    mean: _Measured
    sd: _Spread


class StratumInput(Input):
    """A part of the population."""

    stratum: ShortText
    population: People
    sd: _Spread | None = None
    """The standard deviation that is expected there."""
    cost: _Cost | None = None
    """What an answer costs there, in any unit that is the same for all."""
    response_rate: ResponseRate = 1.0
    observed: Observed | None = None
    """What was found there; given for all strata, the mean of the population is estimated."""


class AllocationRequest(Input):
    """A sample of `n` to be divided among strata."""

    model_config = example(
        n=300,
        method="neyman",
        strata=[
            {"stratum": "north", "population": 6000, "sd": 1.2},
            {"stratum": "south", "population": 2000, "sd": 2.4},
        ],
    )

    n: People
    method: Method = "proportional"
    minimum: Annotated[int, Field(ge=1, le=10_000)] = 2
    """The fewest of each stratum (or all of a smaller one); a variance needs two."""
    level: Level = DEFAULT_LEVEL
    strata: Annotated[list[StratumInput], Field(min_length=1, max_length=MOST_STRATA)]


class StratumRead(Output):
    """A stratum and its part of the sample."""

    stratum: str
    population: int
    weight: float
    """W_h: its share of the population."""
    n: int
    fraction: float
    """n_h / N_h."""
    invitations: int


class PlannedRead(Output):
    """How precise the mean will be, if the standard deviations are as expected."""

    variance: float
    standard_error: float
    margin: float


class EstimateRead(Output):
    """The mean of the population, from what was found in each stratum."""

    value: float
    variance: float
    standard_error: float
    interval: KpiInterval


class AllocationRead(Output):
    """How many of each stratum."""

    definition: KpiDefinition
    method: Method
    n: int
    population: int
    strata: list[StratumRead]
    invitations: int
    cost: float | None
    """Of all answers; null without the cost of each stratum."""
    planned: PlannedRead | None
    """Null without the standard deviation of each stratum."""
    estimate: EstimateRead | None
    """Null without what was found in each stratum."""
    warnings: list[str]
    """`population_too_small`: a stratum has not so many to invite."""
