"""Questions about several things at once: a matrix of ratings, a ranking."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from app.errors import FieldError
from app.fields import Code, Input, Localized
from app.surveys.questions.base import (
    Direction,
    Facet,
    MeasuringQuestion,
    PointLabels,
    QuestionBase,
    Reader,
    Scale,
    Schema,
    Traits,
    Weight,
    facet_problems,
    fill,
    repeated,
)
from app.surveys.questions.scales import (
    RATING_POINTS,
    Point,
    PointSet,
    best_points,
    scale_problems,
    scale_reader,
    scale_schema,
)


class MatrixRow(Input):
    """One thing that is rated; in statistics it is the question `<question>.<code>`.

    Its facet and weight stand before those of the matrix.
    """

    code: Code
    label: Localized
    facet: Facet | None = None
    weight: Weight | None = None


class MatrixQuestion(MeasuringQuestion):
    """Several things on one scale: `{"speed": 4, "price": "not_applicable"}`.

    A required matrix wants every row; of an optional one some may stay away.
    """

    type: Literal["matrix"]
    rows: Annotated[list[MatrixRow], Field(max_length=100)]
    min: Point = 1
    max: Point = 5
    direction: Direction = "higher"
    labels: PointLabels = Field(default_factory=list)
    top_box: PointSet = Field(default_factory=list)
    allow_not_applicable: bool = False

    @model_validator(mode="after")
    def _write_out_top_box(self) -> Self:
        return fill(self, top_box=best_points(self.min, self.max, self.direction))

    @override
    def scale(self) -> Scale:
        """The scale of every row."""
        return Scale(self.min, self.max, self.direction, tuple(self.top_box))

    @override
    def scale_items(self) -> tuple[tuple[str, str | None], ...]:
        """Every row is an item of its own."""
        return tuple((f"{self.key}.{row.code}", row.code) for row in self.rows)

    @override
    def traits(self, row: str | None = None) -> Traits:
        """The row's own, else the matrix's."""
        for each in self.rows:
            if each.code == row:
                return Traits(each.facet or self.facet, each.weight or self.weight)
        return super().traits()

    @override
    def skipped(self) -> tuple[str, ...]:
        """Every row was left out."""
        return tuple(f"{self.key}.{row.code}=~skipped" for row in self.rows)

    @override
    def reader(self, *, partial: bool) -> Reader:
        """An object of rows, each with a point of the scale."""
        rows = [(row.code, self._row(row.code), f"{self.key}.{row.code}=~skipped")
                for row in self.rows]  # fmt: skip
        known, at = frozenset(row.code for row in self.rows), self.at
        strict, lenient = self.required and not partial, not self.required and not partial

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not dict:
                errors.append(FieldError(at, "wrong-type"))
                return
            if not value:
                errors.append(FieldError(at, "too-few-items"))
            answered = 0
            for code, row, skipped in rows:
                if code in value:
                    row(value[code], tallies, errors)
                    answered += 1
                elif strict:
                    errors.append(FieldError(f"{at}/{code}", "missing-answer"))
                elif lenient:
                    tallies.append(skipped)
            if answered != len(value):
                errors.extend(unknown_members(value, known, at))

        return read

    def _row(self, code: str) -> Reader:
        return scale_reader(
            f"{self.key}.{code}",
            f"{self.at}/{code}",
            self.scale(),
            not_applicable=self.allow_not_applicable,
        )

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """An object with a property for each row."""
        point = scale_schema(self.scale(), not_applicable=self.allow_not_applicable)
        codes = [row.code for row in self.rows]
        return {
            "type": "object",
            "properties": dict.fromkeys(codes, point),
            "required": codes if self.required and not partial else [],
            "additionalProperties": False,
            "minProperties": 1,
        }

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated or no rows, and what is wrong with the scale, facets and weights."""
        yield from super().problems()
        for index, row in enumerate(self.rows):
            yield from facet_problems(self.measures, row.facet, f"/rows/{index}/facet")
            if row.weight is not None and self.measures is None:
                yield FieldError(f"/rows/{index}/weight", "invalid-value")
        yield from repeated([row.code for row in self.rows], "/rows/{}/code")
        if not self.rows:
            yield FieldError("/rows", "too-few-items")
        yield from scale_problems(self.scale(), self.labels, RATING_POINTS)


def unknown_members(
    value: dict[str, object], known: frozenset[str], at: str
) -> Iterator[FieldError]:
    """An `unknown-field` for each member that has no place here."""
    for name in value:
        if name not in known:
            yield FieldError(f"{at}/{escaped(name)}", "unknown-field")


def escaped(name: str) -> str:
    """A step of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


class RankedItem(Input):
    """One thing to be put in order."""

    code: Code
    label: Localized


class RankingQuestion(QuestionBase):
    """Things in order, the best first: all of them, or the `top` best."""

    type: Literal["ranking"]
    items: Annotated[list[RankedItem], Field(max_length=100)]
    top: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many must be ranked; null for all."""

    @override
    def reader(self, *, partial: bool) -> Reader:
        """A list of different item codes, exactly as many as asked."""
        known = {
            item.code: [f"{self.key}.{item.code}={rank}" for rank in range(1, len(self.items) + 1)]
            for item in self.items
        }
        at, count = self.at, self.top or len(self.items)

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not list:
                errors.append(FieldError(at, "wrong-type"))
                return
            if len(value) != count:
                short = len(value) < count
                errors.append(FieldError(at, "too-few-items" if short else "too-many-items"))
                return
            seen: set[str] = set()
            for index, code in enumerate(value):
                if type(code) is not str:
                    errors.append(FieldError(f"{at}/{index}", "wrong-type"))
                elif code not in known:
                    errors.append(FieldError(f"{at}/{index}", "unknown-choice"))
                elif code in seen:
                    errors.append(FieldError(f"{at}/{index}", "duplicate-item"))
                else:
                    seen.add(code)
                    tallies.append(known[code][index])

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A list of different codes of a fixed length."""
        count = self.top or len(self.items)
        return {
            "type": "array",
            "items": {"enum": [item.code for item in self.items]},
            "uniqueItems": True,
            "minItems": count,
            "maxItems": count,
        }

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated codes, fewer than two items, more to rank than there are."""
        yield from repeated([item.code for item in self.items], "/items/{}/code")
        if len(self.items) < 2:
            yield FieldError("/items", "too-few-items")
        if self.top is not None and self.top > len(self.items):
            yield FieldError("/top", "number-out-of-range")
