"""What is asked and answered about weights."""

from typing import Annotated

from pydantic import Field

from app.fields import Input, Output, ShortText, example
from app.kpis.schemas import KpiDefinition
from app.weighting.schemas import MOST_MARGINS, Targets, Trim, TrimInput

MOST_CELLS = 500
#: So that the heaviest of the sample still weighs something in floating point.
MOST_RESPONDENTS = 10**9


class MarginInput(Input):
    """A variable with what each of its categories should be."""

    variable: ShortText
    targets: Targets
    """By category its share, per cent, or number in the population; all margins in one unit."""


class CellInput(Input):
    """How many respondents have these categories, one of each margin in their order."""

    categories: Annotated[list[ShortText], Field(min_length=1, max_length=MOST_MARGINS)]
    n: Annotated[int, Field(ge=0, le=MOST_RESPONDENTS)]


class RakeRequest(Input):
    """A table of respondents, and the margins that it should have."""

    model_config = example(
        margins=[
            {"variable": "gender", "targets": {"f": 0.5, "m": 0.5}},
            {"variable": "age", "targets": {"under 40": 0.4, "40 and over": 0.6}},
        ],
        cells=[
            {"categories": ["f", "under 40"], "n": 80},
            {"categories": ["f", "40 and over"], "n": 40},
            {"categories": ["m", "under 40"], "n": 50},
            {"categories": ["m", "40 and over"], "n": 30},
        ],
    )

    margins: Annotated[list[MarginInput], Field(min_length=1, max_length=MOST_MARGINS)]
    cells: Annotated[list[CellInput], Field(min_length=1, max_length=MOST_CELLS)]
    trim: Trim = Field(default_factory=TrimInput)
    """`none` leaves the weights as the margins make them."""


class WeightSpread(Output):
    """How unequal the weights are, over respondents."""

    minimum: float
    maximum: float
    design_effect: float
    """Kish's: n sum w² / (sum w)²."""
    n_effective: float
    """As many equal answers tell as much: (sum w)² / sum w²."""


class CellWeight(Output):
    """The weight of each respondent of a cell; null where there is none."""

    categories: list[str]
    n: int
    weight: float | None


class CategoryShares(Output):
    """A category before and after."""

    category: str
    target: float
    unweighted: float
    weighted: float


class MarginShares(Output):
    """A margin before and after."""

    variable: str
    categories: list[CategoryShares]


class RakeRead(Output):
    """Weights with mean 1, what they cost, and whether they do what they should."""

    definition: KpiDefinition
    n: int
    sum_of_weights: float
    cells: list[CellWeight]
    margins: list[MarginShares]
    converged: bool
    """Whether every category is within a millionth of its target."""
    rounds: int
    error: float
    """The largest relative error of a category."""
    weights: WeightSpread
    untrimmed: WeightSpread
    """Before any weight was cut."""
    trimmed: int
    """Respondents whose weight was outside the bounds."""
    warnings: list[str]
    """`not_converged`: no such weights were found in 100 rounds: categories that go together in
    the sample contradict the margins, or the bounds are too narrow."""
