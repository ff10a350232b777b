"""What clients send and see of targets, and how they say which figure they mean."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.fields import (
    Code,
    Currency,
    Input,
    LocalDate,
    Output,
    ShortText,
    Timestamp,
    example,
    storable,
)
from app.targets.attainment import Direction

#: Larger than any figure, small enough that sums stay finite.
LARGEST = 1e15
#: A number of a goal, in the unit of its figure.
Figure = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
_Member = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
_Option = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)] | int


class FigureScope(Input):
    """What a figure is asked of; what is left out is not limited."""

    surveys: list[Annotated[UUID, Field(strict=False)]] = Field(default=[], max_length=50)
    question: ShortText | None = None
    filters: dict[Code, Annotated[list[_Member], Field(min_length=1, max_length=50)]] = Field(
        default={}, max_length=20
    )
    """The values that pass, by dimension; '' is "has none"."""
    quality: Literal["all", "clean"] = "all"
    options: dict[Code, _Option] = Field(default={}, max_length=20)
    """The KPI's own parameters."""


class FigureScopeRead(Output):
    """What a figure is asked of, in its one spelling: sorted, with the defaults written out."""

    surveys: list[UUID]
    question: str | None
    filters: dict[str, list[str]]
    quality: Literal["all", "clean"]
    options: dict[str, str]


class Goal(Input):
    """A number to reach. Floor, value and stretch go from worse to better.

    `floor` is where reaching it begins (attainment 0), `value` attainment 1.
    """

    value: Figure
    direction: Direction | None = None
    """Which way is better; the KPI's own if absent."""
    floor: Figure | None = None
    """0 if absent and `value` is above 0 and higher is better; else there is no attainment."""
    stretch: Figure | None = None


class TargetPut(Goal):
    """A goal for a KPI."""

    model_config = example(
        kpi="nps",
        scope={"filters": {"channel": ["web"]}},
        value=0.3,
        floor=0.0,
        stretch=0.4,
        valid_from="2026-01-01",
        valid_to="2027-01-01",
    )

    kpi: Code
    scope: FigureScope = FigureScope()
    currency: Currency | None = None
    """Of a KPI that is an amount of money."""
    valid_from: LocalDate | None = None
    """The first local date of the periods that it holds for; all before `valid_to` if absent."""
    valid_to: LocalDate | None = None
    """The local date after the last."""


class TargetRead(Output):
    """A target."""

    target: str
    kpi: str
    scope: FigureScopeRead
    value: float
    direction: Direction
    floor: float | None
    stretch: float | None
    currency: str | None
    valid_from: date | None
    valid_to: date | None
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
