"""Questions that people answer in their own words, with a number, or with a date."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from app.errors import FieldError
from app.fields import LocalDate
from app.problems import Text
from app.surveys.patterns import Pattern, compiled
from app.surveys.questions.base import STORABLE, QuestionBase, Reader, Schema

LONGEST = 20_000
#: Numbers up to here are exact in every JSON reader.
LARGEST = 10**15
_DATE_RANGE = Text("The date is outside the allowed range.", "日期超出允许范围。")


def text_reader(at: str, tally: str, *, least: int, most: int, pattern: str | None) -> Reader:
    """Judge a text by its number of characters (code points) and by a pattern."""
    program = compiled(pattern) if pattern is not None else None

    def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
        if type(value) is not str:
            errors.append(FieldError(at, "wrong-type"))
        elif len(value) > most:
            errors.append(FieldError(at, "too-long"))
        elif len(value) < least:
            errors.append(FieldError(at, "too-short"))
        elif "\x00" in value:
            errors.append(FieldError(at, "invalid-text"))
        elif program is not None and program.search(value) is None:
            errors.append(FieldError(at, "invalid-format"))
        else:
            tallies.append(tally)

    return read


class TextQuestion(QuestionBase):
    """An open answer of bounded length."""

    min_length: Annotated[int, Field(ge=1, le=LONGEST)] = 1
    max_length: Annotated[int, Field(ge=1, le=LONGEST)]
    pattern: Pattern | None = None
    """RE2; published as it is to JSON Schema and browsers, so keep to what they share."""

    @override
    def reader(self, *, partial: bool) -> Reader:
        """A text of the right length that matches the pattern."""
        return text_reader(
            self.at,
            f"{self.key}=~answered",
            least=self.min_length,
            most=self.max_length,
            pattern=self.pattern,
        )

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A string with its lengths and its pattern."""
        lengths = {"minLength": self.min_length, "maxLength": self.max_length}
        pattern = {"pattern": self.pattern} if self.pattern is not None else {}
        return {"type": "string"} | lengths | pattern | STORABLE

    @override
    def problems(self) -> Iterator[FieldError]:
        """Lengths that no text has."""
        if self.max_length < self.min_length:
            yield FieldError("/max_length", "number-out-of-range")


class ShortTextQuestion(TextQuestion):
    """A line of text."""

    type: Literal["short_text"]
    max_length: Annotated[int, Field(ge=1, le=1_000)] = 200


class LongTextQuestion(TextQuestion):
    """A comment."""

    type: Literal["long_text"]
    max_length: Annotated[int, Field(ge=1, le=LONGEST)] = 5_000


Bound = (
    Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
    | Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
)


class NumberQuestion(QuestionBase):
    """A quantity; without bounds of its own it lies between -10^15 and 10^15."""

    type: Literal["number"]
    minimum: Bound = -LARGEST
    maximum: Bound = LARGEST
    integer_only: bool = False

    @override
    def reader(self, *, partial: bool) -> Reader:
        """A JSON number within the bounds; whole numbers are written without a fraction."""
        low, high, whole = self.minimum, self.maximum, self.integer_only
        at, tally = self.at, f"{self.key}=~answered"

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not int and (whole or type(value) is not float):
                errors.append(FieldError(at, "wrong-type"))
            elif low <= value <= high:
                tallies.append(tally)
            else:
                errors.append(FieldError(at, "number-out-of-range"))

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A number or an integer."""
        type_ = "integer" if self.integer_only else "number"
        return {"type": type_, "minimum": self.minimum, "maximum": self.maximum}

    @override
    def problems(self) -> Iterator[FieldError]:
        """Bounds that no number meets."""
        if self.maximum < self.minimum:
            yield FieldError("/maximum", "number-out-of-range")


class DateQuestion(QuestionBase):
    """A civil date, `YYYY-MM-DD`."""

    type: Literal["date"]
    earliest: LocalDate = date.min
    latest: LocalDate = date.max

    @override
    def reader(self, *, partial: bool) -> Reader:
        """A date that exists, within the bounds."""
        low, high = self.earliest.isoformat(), self.latest.isoformat()
        at, tally = self.at, f"{self.key}=~answered"

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not str:
                errors.append(FieldError(at, "wrong-type"))
            elif not _is_date(value):
                errors.append(FieldError(at, "invalid-date"))
            elif low <= value <= high:
                tallies.append(tally)
            else:
                errors.append(FieldError(at, "answer-out-of-range", _DATE_RANGE))

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A date; its bounds as patterns, for JSON Schema compares no texts."""
        return {
            "type": "string",
            "format": "date",
            "allOf": [
                {"pattern": not_before(self.earliest)},
                {"pattern": not_after(self.latest)},
            ],
        }

    @override
    def problems(self) -> Iterator[FieldError]:
        """Bounds that no date meets."""
        if self.latest < self.earliest:
            yield FieldError("/latest", "answer-out-of-range", _DATE_RANGE)


def _is_date(value: str) -> bool:
    """Whether it is `YYYY-MM-DD` and exists (fromisoformat alone also reads other forms)."""
    if len(value) != 10 or value[4] != "-" or value[7] != "-" or not value.isascii():
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def not_before(day: date) -> str:
    """A pattern of the texts `YYYY-MM-DD` that sort at or after the day."""
    return _sorted_pattern(day.isoformat(), "123456789", above=True)


def not_after(day: date) -> str:
    """A pattern of the texts `YYYY-MM-DD` that sort at or before the day."""
    return _sorted_pattern(day.isoformat(), "012345678", above=False)


def _sorted_pattern(text: str, differing: str, *, above: bool) -> str:
    """The text itself, or one that first differs from it by a digit on the right side of it."""
    alternatives = [text]
    for index, digit in enumerate(text):
        digits = [each for each in differing if (each > digit) == above and each != digit]
        if digit == "-" or not digits:
            continue
        rest = re.sub(r"\d", "[0-9]", text[index + 1 :])
        alternatives.append(f"{text[:index]}[{digits[0]}-{digits[-1]}]{rest}")
    return f"^(?:{'|'.join(alternatives)})$"
