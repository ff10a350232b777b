"""Contact details: the one question whose answer is always personal data."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from app.errors import FieldError
from app.fields import Input
from app.surveys.questions.base import STORABLE, QuestionBase, Reader, Schema, repeated
from app.surveys.questions.grids import unknown_members
from app.surveys.questions.texts import text_reader

ContactPart = Literal[
    "name", "email", "phone", "messenger", "company", "department", "job_title",
    "address", "city", "region", "postal_code", "country",
]  # fmt: skip
_LENGTHS: Mapping[ContactPart, int] = {
    "name": 200,
    "email": 254,
    "phone": 40,
    "messenger": 100,
    "company": 200,
    "department": 200,
    "job_title": 200,
    "address": 500,
    "city": 100,
    "region": 100,
    "postal_code": 20,
    "country": 100,
}
#: Only what is certainly no address is refused: one @ between printable characters; and for
#: telephones three digits or more, in whatever spelling people use.
_PATTERNS: Mapping[ContactPart, str] = {
    "email": r"^[^@\x00-\x20\x7f]+@[^@\x00-\x20\x7f]+$",
    "phone": r"[0-9][^0-9]*[0-9][^0-9]*[0-9]",
}


class ContactField(Input):
    """One detail that is asked for."""

    field: ContactPart
    required: bool = False


class ContactQuestion(QuestionBase):
    """Contact details: `{"name": "...", "email": "..."}`; always personal data."""

    type: Literal["contact"]
    fields: Annotated[list[ContactField], Field(max_length=20)]
    personal_data: Literal[True] = True

    @override
    def reader(self, *, partial: bool) -> Reader:
        """An object of the asked details, the required ones among them."""
        parts = [
            (asked.field, self._part(asked.field), asked.required and not partial)
            for asked in self.fields
        ]
        known = frozenset[str](asked.field for asked in self.fields)
        at, tally = self.at, f"{self.key}=~answered"

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not dict:
                errors.append(FieldError(at, "wrong-type"))
                return
            if not value:
                errors.append(FieldError(at, "too-few-items"))
            unused: list[str] = []
            for name, part, required in parts:
                if name in value:
                    part(value[name], unused, errors)
                elif required:
                    errors.append(FieldError(f"{at}/{name}", "missing-answer"))
            errors.extend(unknown_members(value, known, at))
            tallies.append(tally)

        return read

    def _part(self, name: ContactPart) -> Reader:
        return text_reader(
            f"{self.at}/{name}", "", least=1, most=_LENGTHS[name], pattern=_PATTERNS.get(name)
        )

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """An object with a string for each detail."""
        return {
            "type": "object",
            "properties": {asked.field: _part_schema(asked.field) for asked in self.fields},
            "required": [asked.field for asked in self.fields if asked.required and not partial],
            "additionalProperties": False,
            "minProperties": 1,
        }

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated or no details."""
        yield from repeated([asked.field for asked in self.fields], "/fields/{}/field")
        if not self.fields:
            yield FieldError("/fields", "too-few-items")


def _part_schema(name: ContactPart) -> Schema:
    schema: Schema = {"type": "string", "minLength": 1, "maxLength": _LENGTHS[name]}
    pattern = {"pattern": _PATTERNS[name]} if name in _PATTERNS else {}
    return schema | pattern | STORABLE
