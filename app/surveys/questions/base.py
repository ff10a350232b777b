"""What all question types share, and what each type must say about its own answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import ConfigDict, Field
from typing_extensions import override

from app.errors import FieldError
from app.fields import Code, Input, Localized

Construct = Literal[
    "satisfaction",
    "loyalty",
    "trust",
    "repurchase",
    "recommendation",
    "expectation",
    "perception",
    "importance",
    "service_quality",
    "price",
    "value",
    "image",
    "effort",
    "awareness",
    "designation",
    "complained",
    "complaint_handling",
    "other",
]
ServiceDimension = Literal["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
Benefit = Literal["personnel", "product", "service", "image"]
Cost = Literal["money", "time", "energy", "psychological"]
#: Which side of its construct an item looks at: of service quality (Parasuraman, Zeithaml and
#: Berry, 1988), or of what a customer gains and gives up (Kotler).
Facet = Literal[ServiceDimension, Benefit, Cost]
SERVICE_DIMENSIONS: tuple[ServiceDimension, ...] = get_args(ServiceDimension)
BENEFITS: tuple[Benefit, ...] = get_args(Benefit)
COSTS: tuple[Cost, ...] = get_args(Cost)
#: The facets that items of a construct may name; of other constructs there are none.
_FACETS: Mapping[Construct, tuple[Facet, ...]] = {
    "expectation": SERVICE_DIMENSIONS,
    "perception": SERVICE_DIMENSIONS,
    "importance": SERVICE_DIMENSIONS,
    "service_quality": SERVICE_DIMENSIONS,
    "value": (*BENEFITS, *COSTS),
}
#: How much an item counts beside the others of its construct: only the ratios matter.
Weight = Annotated[int, Field(ge=1, le=1_000_000)]
Direction = Literal["higher", "lower"]
NOT_APPLICABLE = "not_applicable"

#: Judges one answer: appends what it adds to the histograms, or what is wrong with it.
Reader: TypeAlias = Callable[[object, list[str], list[FieldError]], None]
#: A JSON Schema (2020-12).
Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """Integer points from `min` to `max`; `direction` says which end is the good one."""

    min: int
    max: int
    direction: Direction
    top_box: tuple[int, ...]
    """The points that count as satisfied (for NPS the promoters); empty where none were named."""


@dataclass(frozen=True)
class Traits:
    """What an item is a part of, as its author says."""

    facet: Facet | None = None
    weight: int | None = None


class QuestionBase(Input, ABC):
    """What every question carries beside its type.

    `construct` is the attribute `measures` in Python: pydantic owns the other name.
    """

    model_config = ConfigDict(
        validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    key: Code
    """Joins the versions of the survey in statistics: it keeps its meaning for ever."""
    text: Localized
    help: Localized | None = None
    required: bool = False
    measures: Construct | None = Field(default=None, alias="construct")
    personal_data: bool = False
    """Whether answers identify a person; they are then hidden from keys without that scope."""

    @abstractmethod
    def reader(self, *, partial: bool) -> Reader:
        """The function that judges an answer; `partial` forgives parts that are absent."""

    @abstractmethod
    def answer_schema(self, *, partial: bool) -> Schema:
        """The JSON Schema of what `reader` accepts."""

    def problems(self) -> Iterator[FieldError]:
        """What contradicts itself, by pointers that start at the question."""
        return iter(())

    def scale(self) -> Scale | None:
        """The scale, if answers (or the rows of a matrix) are points of one."""
        return None

    def scale_items(self) -> tuple[tuple[str, str | None], ...]:
        """The items that are answered on the scale, as (tally name, row or None)."""
        return ((self.key, None),) if self.scale() is not None else ()

    def traits(self, row: str | None = None) -> Traits:
        """What the question, or a row of it, is a part of."""
        del row
        return Traits()

    def skipped(self) -> tuple[str, ...]:
        """The tallies of a response that leaves the question out."""
        return (f"{self.key}=~skipped",)

    @property
    def at(self) -> str:
        """The JSON Pointer of the answer in a submission."""
        return f"/answers/{self.key}"


class MeasuringQuestion(QuestionBase):
    """A question whose answers are points of a scale, and so may be a part of a figure."""

    facet: Facet | None = None
    """Which side of the construct it looks at."""
    weight: Weight | None = None
    """How much it counts where a figure is asked with `weights=given`; 1 if absent."""

    @override
    def traits(self, row: str | None = None) -> Traits:
        """The question's own."""
        return Traits(self.facet, self.weight)

    @override
    def problems(self) -> Iterator[FieldError]:
        """A facet that its construct does not have, and a weight in nothing."""
        yield from facet_problems(self.measures, self.facet, "/facet")
        if self.weight is not None and self.measures is None:
            yield FieldError("/weight", "invalid-value")


def facet_problems(
    construct: Construct | None, facet: Facet | None, at: str
) -> Iterator[FieldError]:
    """An `invalid-value` where the construct has no such facet."""
    if facet is not None and facet not in _FACETS.get(construct or "other", ()):
        yield FieldError(at, "invalid-value")


Asked = TypeVar("Asked", bound=QuestionBase)


def fill(question: Asked, **defaults: object) -> Asked:
    """Write out defaults that depend on other fields, where the author said nothing.

    For validators only: a question that was built is never changed.
    """
    for name, value in defaults.items():
        if name not in question.model_fields_set:
            question.__dict__[name] = value
    return question


def repeated(values: Sequence[object], at: str) -> Iterator[FieldError]:
    """A `duplicate-item` for every value that stood there before; `at` holds `{}` for the index."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield FieldError(at.format(index), "duplicate-item")
        seen.add(value)


#: Text that JSON Schema refuses exactly where PostgreSQL would: U+0000.
STORABLE: Schema = {"not": {"pattern": "\\u0000"}}


class PointLabel(Input):
    """The words beside one point of a scale."""

    point: int
    label: Localized


PointLabels = Annotated[list[PointLabel], Field(max_length=101)]
