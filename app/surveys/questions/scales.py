"""Questions that are answered with one point of a scale: NPS, CSAT, CES, rating."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from app.errors import FieldError
from app.surveys.questions.base import (
    NOT_APPLICABLE,
    Direction,
    MeasuringQuestion,
    PointLabels,
    Reader,
    Scale,
    Schema,
    fill,
    repeated,
)

#: A CSAT scale has at most as many points as 0 to 10; a rating may be a percentage.
CSAT_POINTS = 11
RATING_POINTS = 101
#: How many of the best points count as satisfied, by the number of points (the usual contract).
_TOP_BOX = {5: 2, 7: 2, 10: 2}

Point = Annotated[int, Field(ge=-100, le=100)]
PointSet = Annotated[list[int], Field(max_length=RATING_POINTS)]


def best_points(low: int, high: int, direction: Direction) -> list[int]:
    """The default top box: two best of 5, 7 or 10 points; empty where no custom rules.

    The set is stored with the definition and never inferred from a range later: whoever counts
    {8, 9, 10} of ten points says so.
    """
    count = _TOP_BOX.get(high - low + 1, 0)
    if direction == "lower":
        return list(range(low, low + count))
    return list(range(high - count + 1, high + 1))


def scale_reader(name: str, at: str, scale: Scale, *, not_applicable: bool) -> Reader:
    """Judge a point: whole JSON numbers only ("9", true and 9.0 are of the wrong type)."""
    points = {point: f"{name}={point}" for point in range(scale.min, scale.max + 1)}
    none = f"{name}=~not_applicable"
    outside = FieldError(at, "answer-out-of-range")
    wrong_type = FieldError(at, "wrong-type")

    def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
        if type(value) is int:
            tally = points.get(value)
            if tally is None:
                errors.append(outside)
            else:
                tallies.append(tally)
        elif not_applicable and value == NOT_APPLICABLE:
            tallies.append(none)
        elif type(value) is float and not value.is_integer():
            errors.append(outside)
        else:
            errors.append(wrong_type)

    return read


def scale_schema(scale: Scale, *, not_applicable: bool) -> Schema:
    """The JSON Schema of a point (which cannot tell 9.0 from 9)."""
    point: Schema = {"type": "integer", "minimum": scale.min, "maximum": scale.max}
    return {"anyOf": [point, {"const": NOT_APPLICABLE}]} if not_applicable else point


def scale_problems(
    scale: Scale, labels: PointLabels, most_points: int, best: str = "top_box"
) -> Iterator[FieldError]:
    """An empty or too long scale, points outside it, and a set of best points that is all."""
    points = range(scale.min, scale.max + 1)
    if not 2 <= len(points) <= most_points:
        yield FieldError("/max", "number-out-of-range")
        return
    for index, point in enumerate(scale.top_box):
        if point not in points:
            yield FieldError(f"/{best}/{index}", "number-out-of-range")
    yield from repeated(scale.top_box, f"/{best}/{{}}")
    if len(set(scale.top_box)) >= len(points):
        yield FieldError(f"/{best}", "too-many-items")
    for index, label in enumerate(labels):
        if label.point not in points:
            yield FieldError(f"/labels/{index}/point", "number-out-of-range")
    yield from repeated([label.point for label in labels], "/labels/{}/point")


class ScaleQuestion(MeasuringQuestion):
    """A question that is answered with one whole number."""

    most_points: ClassVar[int] = CSAT_POINTS
    best: ClassVar[str] = "top_box"
    """The field of the best points."""

    labels: PointLabels = Field(default_factory=list)

    @override
    @abstractmethod
    def scale(self) -> Scale:
        """The points that can be answered."""

    @property
    def offers_not_applicable(self) -> bool:
        """Whether `not_applicable` is an answer."""
        return False

    @override
    def reader(self, *, partial: bool) -> Reader:
        """One point, or `not_applicable` where that is offered."""
        return scale_reader(
            self.key, self.at, self.scale(), not_applicable=self.offers_not_applicable
        )

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """An integer of the scale, or the text `not_applicable`."""
        return scale_schema(self.scale(), not_applicable=self.offers_not_applicable)

    @override
    def problems(self) -> Iterator[FieldError]:
        """What is wrong with the scale, its best points and its labels, its facet and weight."""
        yield from super().problems()
        yield from scale_problems(self.scale(), self.labels, self.most_points, self.best)


class NpsQuestion(ScaleQuestion):
    """Likelihood to recommend, always 0 to 10: promoters give 9 or 10, detractors 0 to 6."""

    type: Literal["nps"]

    @override
    def scale(self) -> Scale:
        """0 to 10; nothing else is an NPS."""
        return Scale(0, 10, "higher", (9, 10))


class GradedQuestion(ScaleQuestion):
    """A scale whose ends, direction and escape the author chooses."""

    min: Point
    max: Point
    direction: Direction = "higher"
    top_box: PointSet = Field(default_factory=list)
    allow_not_applicable: bool = False

    @model_validator(mode="after")
    def _write_out_top_box(self) -> Self:
        return fill(self, top_box=best_points(self.min, self.max, self.direction))

    @override
    def scale(self) -> Scale:
        """From `min` to `max`."""
        return Scale(self.min, self.max, self.direction, tuple(self.top_box))

    @property
    @override
    def offers_not_applicable(self) -> bool:
        return self.allow_not_applicable


class CsatQuestion(GradedQuestion):
    """Satisfaction on 2 to 11 points; `top_box` are the points that count as satisfied.

    Without `top_box` the two best of 5, 7 or 10 points count; other scales must name theirs.
    """

    type: Literal["csat"]
    min: Point = 1
    max: Point = 5

    @override
    def problems(self) -> Iterator[FieldError]:
        """As for every scale, and a missing top box."""
        if not self.top_box:
            yield FieldError("/top_box", "missing-field")
        yield from super().problems()


#: The published forms: CES 2.0 (Dixon, 2013) and CES 1.0 (Dixon, Freeman and Toman, 2010).
_CES_FORMS: Mapping[str, Scale] = {
    "agreement_7": Scale(1, 7, "higher", (5, 6, 7)),
    "effort_5": Scale(1, 5, "lower", (1, 2)),
    "custom": Scale(1, 7, "higher", ()),
}


class CesQuestion(ScaleQuestion):
    """Customer effort: CES 2.0 agreement on 7 points (higher is better), CES 1.0 effort on 5.

    `agreement_7` counts {5, 6, 7} as favourable, `effort_5` (lower is better) {1, 2}; `custom`
    names its own `min`, `max`, `direction` and `favourable`.
    """

    best: ClassVar[str] = "favourable"
    type: Literal["ces"]
    variant: Literal["agreement_7", "effort_5", "custom"] = "agreement_7"
    min: Point = 1
    max: Point = 7
    direction: Direction = "higher"
    favourable: PointSet = Field(default_factory=list)
    allow_not_applicable: bool = False

    @model_validator(mode="after")
    def _write_out_form(self) -> Self:
        form = _CES_FORMS[self.variant]
        best = list(form.top_box)
        return fill(self, min=form.min, max=form.max, direction=form.direction, favourable=best)

    @property
    @override
    def offers_not_applicable(self) -> bool:
        return self.allow_not_applicable

    @override
    def scale(self) -> Scale:
        """From `min` to `max`; the favourable points are its top box."""
        return Scale(self.min, self.max, self.direction, tuple(self.favourable))

    @override
    def problems(self) -> Iterator[FieldError]:
        """As for every scale; a published form keeps its own points and direction."""
        form = _CES_FORMS[self.variant]
        if self.variant != "custom":
            for name in ("min", "max", "direction"):
                if getattr(self, name) != getattr(form, name):
                    yield FieldError(f"/{name}", "invalid-value")
        if not self.favourable:
            yield FieldError("/favourable", "missing-field")
        yield from super().problems()


class RatingQuestion(GradedQuestion):
    """Any bounded scale of whole numbers between -100 and 100, at most 101 points.

    `top_box` may stay empty: then the rating has a mean, and no share of satisfied.
    """

    most_points: ClassVar[int] = RATING_POINTS
    type: Literal["rating"]
