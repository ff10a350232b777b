"""Questions that offer choices: one, several, or yes and no. Codes are stored, never labels."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from app.errors import FieldError
from app.fields import Code, Input, Localized
from app.problems import Text
from app.surveys.questions.base import STORABLE, QuestionBase, Reader, Schema, repeated

#: What people may write beside "other".
OTHER_LENGTH = 2_000
_CHECK_MEASURES = Text(
    "A check of attention measures nothing; leave its construct out.",
    "注意力检测题不用于测量，请去掉其 construct。",
)


class CodedLabel(Input):
    """One choice. The code is stored; the label may change freely.

    A code that was dropped must never come back with another meaning: old answers would count
    for it, and nothing can detect that.
    """

    code: Code
    label: Localized


class Choice(CodedLabel):
    """One choice of a single one.

    Where the question measures `price`, `price_difference` is the percentage from which on these
    people would leave; a choice without one is "would stay". Where it measures `designation`,
    `ours` marks the brands that are the workspace's own.
    """

    price_difference: Annotated[int, Field(ge=0, le=1_000)] | None = None
    ours: bool = False


class MultipleChoiceOption(CodedLabel):
    """A choice among several; an exclusive one ("none of these") stands alone."""

    exclusive: bool = False


class OtherChoice(Input):
    """The choice that lets people write their own: answered `{"choice": code, "text": "..."}`."""

    code: Code
    label: Localized


class _Choices:
    """Judges one chosen code, with or without text."""

    def __init__(self, key: str, codes: list[str], other: OtherChoice | None) -> None:
        self.tallies = {code: f"{key}={code}" for code in codes}
        self.other = other.code if other else None
        if self.other is not None:
            self.tallies[self.other] = f"{key}={self.other}"

    def read(self, value: object, at: str, errors: list[FieldError]) -> str | None:
        """The chosen code, or None with an error."""
        if type(value) is str:
            if value in self.tallies:
                return value
            errors.append(FieldError(at, "unknown-choice"))
        elif type(value) is dict and self.other is not None:
            return self._with_text(value, at, errors)
        else:
            errors.append(FieldError(at, "wrong-type"))
        return None

    def _with_text(self, value: dict[str, object], at: str, errors: list[FieldError]) -> str | None:
        before = len(errors)
        code, text = value.get("choice"), value.get("text")
        for name in ("choice", "text"):
            if name not in value:
                errors.append(FieldError(f"{at}/{name}", "missing-field"))
            elif type(value[name]) is not str:
                errors.append(FieldError(f"{at}/{name}", "wrong-type"))
        if len(value) > 2:
            errors.append(FieldError(at, "unknown-field"))
        if len(errors) > before or not isinstance(code, str) or not isinstance(text, str):
            return None
        if code not in self.tallies:
            errors.append(FieldError(f"{at}/choice", "unknown-choice"))
        elif code != self.other:
            errors.append(FieldError(f"{at}/text", "unknown-field"))
        elif problem := _text_problem(text):
            errors.append(FieldError(f"{at}/text", problem))
        return code if len(errors) == before else None

    def schema(self) -> Schema:
        """The JSON Schema of one chosen code."""
        plain: Schema = {"enum": list(self.tallies)}
        return {"anyOf": [plain, self.written_schema()]} if self.other is not None else plain

    def written_schema(self) -> Schema:
        """The form with text."""
        return {
            "type": "object",
            "properties": {
                "choice": {"const": self.other},
                "text": {"type": "string", "minLength": 1, "maxLength": OTHER_LENGTH} | STORABLE,
            },
            "required": ["choice", "text"],
            "additionalProperties": False,
        }


def _text_problem(text: str) -> str | None:
    if not text:
        return "too-short"
    if len(text) > OTHER_LENGTH:
        return "too-long"
    return "invalid-text" if "\x00" in text else None


def choice_problems(choices: list[str], other: OtherChoice | None) -> Iterator[FieldError]:
    """Repeated codes, and a list of fewer than two."""
    yield from repeated(choices, "/choices/{}/code")
    if other is not None and other.code in choices:
        yield FieldError("/other/code", "duplicate-item")
    if len(choices) + (other is not None) < 2:
        yield FieldError("/choices", "too-few-items")


class SingleChoiceQuestion(QuestionBase):
    """One of the choices: `"code"`, or for "other" also `{"choice": code, "text": "..."}`."""

    type: Literal["single_choice"]
    choices: Annotated[list[Choice], Field(max_length=500)]
    other: OtherChoice | None = None
    attention_check: Code | None = None
    """The choice that the text asks for ("please choose the second"): whoever answers otherwise is
    flagged. Publishable keys read null, so that no page tells it."""

    def _judge(self) -> _Choices:
        return _Choices(self.key, [choice.code for choice in self.choices], self.other)

    @override
    def reader(self, *, partial: bool) -> Reader:
        """One code."""
        judge, at = self._judge(), self.at
        known = judge.tallies

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is str and value in known:
                tallies.append(known[value])
            elif (code := judge.read(value, at, errors)) is not None:
                tallies.append(known[code])

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """One of the codes."""
        return self._judge().schema()

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated codes, marks that the construct has no use for, a check that nobody passes."""
        yield from choice_problems([choice.code for choice in self.choices], self.other)
        priced = [choice.price_difference is not None for choice in self.choices]
        for index, choice in enumerate(self.choices):
            if priced[index] and self.measures != "price":
                yield FieldError(f"/choices/{index}/price_difference", "invalid-value")
            if choice.ours and self.measures != "designation":
                yield FieldError(f"/choices/{index}/ours", "invalid-value")
        if any(priced) and self.other is not None:
            yield FieldError("/other", "invalid-value")
        yield from self._check_problems()

    def _check_problems(self) -> Iterator[FieldError]:
        """What is expected must be a choice, and whoever reads must not change a figure by it."""
        if self.attention_check is None:
            return
        if self.attention_check not in [choice.code for choice in self.choices]:
            yield FieldError("/attention_check", "unknown-choice")
        if self.measures is not None:
            yield FieldError("/attention_check", "invalid-value", _CHECK_MEASURES)


class MultipleChoiceQuestion(QuestionBase):
    """Several of the choices: a list of codes; "other" also as `{"choice": code, "text": ...}`.

    An answer names at least `min_selected` and at most `max_selected` (default: all), or a
    single exclusive choice.
    """

    type: Literal["multiple_choice"]
    choices: Annotated[list[MultipleChoiceOption], Field(max_length=500)]
    other: OtherChoice | None = None
    min_selected: Annotated[int, Field(ge=1, le=501)] = 1
    max_selected: Annotated[int, Field(ge=1, le=501)] | None = None

    def _codes(self) -> list[str]:
        return [choice.code for choice in self.choices]

    def _exclusive(self) -> list[str]:
        return [choice.code for choice in self.choices if choice.exclusive]

    def _most(self) -> int:
        return self.max_selected or len(self.choices) + (self.other is not None)

    @override
    def reader(self, *, partial: bool) -> Reader:
        """Different codes, as many as allowed."""
        judge = _Choices(self.key, self._codes(), self.other)
        exclusive = frozenset(self._exclusive())
        at, known, answered = self.at, judge.tallies, f"{self.key}=~answered"
        least, most = self.min_selected, self._most()

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if type(value) is not list:
                errors.append(FieldError(at, "wrong-type"))
                return
            if len(value) > most:
                errors.append(FieldError(at, "too-many-items"))
                return
            chosen: list[str] = []
            for index, item in enumerate(value):
                if type(item) is str and item in known:
                    code = item
                elif (other := judge.read(item, f"{at}/{index}", errors)) is not None:
                    code = other
                else:
                    continue
                if code in chosen:
                    errors.append(FieldError(f"{at}/{index}", "duplicate-item"))
                elif code in exclusive and len(value) > 1:
                    errors.append(FieldError(f"{at}/{index}", "exclusive-choice"))
                chosen.append(code)
                tallies.append(known[code])
            if len(value) < least and not (chosen and chosen[0] in exclusive):
                errors.append(FieldError(at, "too-few-items"))
            tallies.append(answered)

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A list of different codes."""
        judge = _Choices(self.key, self._codes(), self.other)
        sizes: Schema = {"minItems": self.min_selected, "maxItems": self._most()}
        schema: Schema = {"type": "array", "items": judge.schema(), "uniqueItems": True}
        if self.other is not None:
            forms = [{"const": self.other.code}, judge.written_schema()]
            schema |= {"contains": {"anyOf": forms}, "minContains": 0, "maxContains": 1}
        if exclusive := self._exclusive():
            alone = {"maxItems": 1}
            return schema | {
                "if": {"contains": {"enum": exclusive}, "minContains": 1},
                "then": alone,
                "else": sizes,
            }
        return schema | sizes

    @override
    def problems(self) -> Iterator[FieldError]:
        """Repeated codes, and limits that no answer meets."""
        yield from choice_problems(self._codes(), self.other)
        offered = len(self.choices) + (self.other is not None)
        if self.min_selected > max(offered - len(self._exclusive()), 1):
            yield FieldError("/min_selected", "number-out-of-range")
        if self.max_selected is not None and not self.min_selected <= self.max_selected <= offered:
            yield FieldError("/max_selected", "number-out-of-range")


class YesNoQuestion(QuestionBase):
    """Yes or no: `true` or `false`."""

    type: Literal["yes_no"]
    yes: Localized | None = None
    no: Localized | None = None

    @override
    def reader(self, *, partial: bool) -> Reader:
        """A JSON boolean; 1 and "yes" are of the wrong type."""
        yes, no = f"{self.key}=yes", f"{self.key}=no"
        wrong_type = FieldError(self.at, "wrong-type")

        def read(value: object, tallies: list[str], errors: list[FieldError]) -> None:
            if value is True:
                tallies.append(yes)
            elif value is False:
                tallies.append(no)
            else:
                errors.append(wrong_type)

        return read

    @override
    def answer_schema(self, *, partial: bool) -> Schema:
        """A boolean."""
        return {"type": "boolean"}
