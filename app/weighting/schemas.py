"""What clients send and see of weighting schemes."""

from typing import Annotated, Literal

from pydantic import Field

from app.fields import Code, Input, Localized, Output, ShortText, Timestamp, example

MOST_CATEGORIES = 100
MOST_MARGINS = 6
#: What each category is in the population.
Targets = Annotated[
    dict[ShortText, Annotated[float, Field(ge=0, le=1e12)]],
    Field(min_length=1, max_length=MOST_CATEGORIES),
]


class TrimInput(Input):
    """The least and the greatest weight, as multiples of the mean."""

    low: Annotated[float, Field(ge=0, lt=1)] = 0.2
    high: Annotated[float, Field(gt=1, le=1000)] = 5.0


Trim = TrimInput | Literal["none"]


class SchemeMargin(Input):
    """A dimension of responses with what each of its members is in the population."""

    dimension: Code
    """`channel`, `method`, `segment`, `version`, `language`, or one that the workspace declares."""
    targets: Targets
    """By member its share, per cent, or number; all margins in one unit. Who is of a member that
    is not named, or has 0, is not of the population: the answers are left out."""


class WeightingSchemePut(Input):
    """The margins of the population that answers shall stand for."""

    model_config = example(
        name={"zh-CN": "按客户群加权", "en": "By segment of customers"},
        margins=[
            {"dimension": "segment", "targets": {"new": 1200, "regular": 6800, "vip": 400}},
            {"dimension": "channel", "targets": {"web": 5000, "phone": 3400}},
        ],
        source="CRM, all active customers on 2026-10-01",
    )

    name: Localized
    margins: Annotated[list[SchemeMargin], Field(min_length=1, max_length=MOST_MARGINS)]
    trim: Trim = Field(default_factory=TrimInput)
    """`none` leaves the weights as the margins make them."""
    source: ShortText
    """Where the numbers of the population come from, so that others can look."""


class SchemeMarginRead(Output):
    """A margin."""

    dimension: str
    targets: dict[str, float]


class TrimRead(Output):
    """The least and the greatest weight, as multiples of the mean."""

    low: float
    high: float


class WeightingSchemeRead(Output):
    """A weighting scheme. `revision` rises with each change; figures name it."""

    scheme: str
    name: dict[str, str]
    margins: list[SchemeMarginRead]
    trim: TrimRead | None
    """Null where weights are left as the margins make them."""
    source: str
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
