"""Questions that share out points: what matters more gets more of them (a constant sum)."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from app.errors import FieldError
from app.fields import Code, Input, Localized
from app.surveys.questions.base import (
    Facet,
    QuestionBase,
    Reader,
    Schema,
    facet_problems,
    repeated,
)
from app.surveys.questions.grids import unknown_members

#: Codes of a tally: a thing may be given so many points at most.
MOST_POINTS = 1_000


class AllocatedItem(Input):
    """One thing that gets points; in statistics it is the question `<question>.<code>`."""

    code: Code
    label: Localized
    facet: Facet | None = None


class AllocationQuestion(QuestionBase):
    """Points shared out among things: `{"speed": 70, "price": 30}`, together exactly `total`.

    Every thing is named, also one that gets nothing. Items of the construct `importance` that
    name the five dimensions of service quality weigh them in SERVQUAL.
    """

    type: Literal["allocation"]
    items: Annotated[list[AllocatedItem], Field(max_length=50)]
    total: Annotated[int, Field(ge=1, le=MOST_POINTS)] = 100

    @override
    def skipped(self) -> tuple[str, ...]:
        """Nothing got points."""
        return tuple(f"{self.key}.{item.code}=~skipped" for item in self.items)

    @override
    def reader(self, *, partial: bool) -> Reader:
        """Whole numbers that add up; while it is partial, some may be missing."""
        known = {item.code: f"{self.key}.{item.code}=" for item in self.items}
        at, total = self.at, self.total

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not dict:
                errors.append(FieldError(at, "wrong-type"))
                return
            before = len(errors)
            given = 0
            for code, name in known.items():
                points = value.get(code)
                if type(points) is int and 0 <= points <= total:
                    given += points
                    tallies.append(f"{name}{points}")
                elif problem := _problem(code, value, partial=partial):
                    errors.append(FieldError(f"{at}/{code}", problem))
            errors.extend(unknown_members(value, frozenset(known), at))
            missing = partial and len(value) < len(known)
            if len(errors) == before and (given > total or (given < total and not missing)):
                errors.append(FieldError(at, "wrong-sum"))

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """An object with points for each thing; that they add up JSON Schema cannot say."""
        points: Schema = {"type": "integer", "minimum": 0, "maximum": self.total}
        codes = [item.code for item in self.items]
        return {
            "type": "object",
            "properties": dict.fromkeys(codes, points),
            "required": [] if partial else codes,
            "additionalProperties": False,
        }

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated codes, fewer than two things, facets that the construct does not have."""
        yield from repeated([item.code for item in self.items], "/items/{}/code")
        if len(self.items) < 2:
            yield FieldError("/items", "too-few-items")
        for index, item in enumerate(self.items):
            yield from facet_problems(self.measures, item.facet, f"/items/{index}/facet")


def _problem(code: str, value: dict[str, object], *, partial: bool) -> str | None:
    """What is wrong with the points of a thing."""
    if code not in value:
        return None if partial else "missing-answer"
    points = value[code]
    whole = type(points) is int or (type(points) is float and not points.is_integer())
    return "answer-out-of-range" if whole else "wrong-type"
