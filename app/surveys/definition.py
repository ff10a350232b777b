"""A survey as its author writes it: languages, texts, pages of questions."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field

from app.fields import Code, Input, Language, Localized
from app.surveys.questions import Question

MAX_QUESTIONS = 200
#: What whoever answers must not know.
_UNTOLD: dict[str, Any] = {"pages": {"__all__": {"questions": {"__all__": {"attention_check"}}}}}


class SurveyPage(Input):
    """Questions that are shown together."""

    key: Code
    title: Localized | None = None
    questions: Annotated[list[Question], Field(max_length=500)]


class SurveyDefinition(Input):
    """What a survey asks, in every language that it speaks.

    A draft may still contradict itself; publishing wants every text in each of `languages`,
    different keys, and scales that make sense (see `POST /v1/surveys/validate`).
    """

    default_language: Language
    languages: Annotated[list[Language], Field(min_length=1, max_length=30)]
    title: Localized
    description: Localized | None = None
    thank_you: Localized | None = None
    pages: Annotated[list[SurveyPage], Field(max_length=200)]
    hidden_fields: Annotated[list[Code], Field(max_length=50)] = Field(default_factory=list)
    """Names of the metadata that an embedding page may send with a response."""

    def questions(self) -> Iterator[Question]:
        """Every question, in the order of the pages."""
        for page in self.pages:
            yield from page.questions

    def as_asked(self) -> Self:
        """The definition for those who answer: no check of attention says what it expects."""
        told = self.model_dump(mode="json", by_alias=True, exclude=_UNTOLD)
        return type(self).model_validate(told)
