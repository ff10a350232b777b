"""What a definition must get right before it may be published, beyond its structure."""

from collections.abc import Iterator

from pydantic import BaseModel

from app.errors import FieldError
from app.surveys.comparison import scale_changes
from app.surveys.definition import MAX_QUESTIONS, SurveyDefinition
from app.surveys.questions import Question
from app.surveys.questions.base import repeated

#: A definition with more mistakes than these is mended in several rounds.
MAX_PROBLEMS = 200


def definition_problems(definition: SurveyDefinition) -> list[FieldError]:
    """Everything that contradicts itself, with JSON Pointers into the definition.

    Languages: `default_language` is among them, and every text exists in all of them. Keys of
    questions (and of pages) differ; no page is empty; at most 200 questions; each question's own
    rules (scales, codes, limits).
    """
    found = [
        *_language_problems(definition),
        *_page_problems(definition),
        *_question_problems(definition),
    ]
    return found[:MAX_PROBLEMS]


def publication_problems(
    definition: SurveyDefinition, earlier: list[SurveyDefinition]
) -> list[FieldError]:
    """The problems of the definition, and where it breaks statistics with an earlier version."""
    found = definition_problems(definition)
    for before in earlier:
        found += [error for error in scale_changes(before, definition) if error not in found]
    return found[:MAX_PROBLEMS]


def _language_problems(definition: SurveyDefinition) -> Iterator[FieldError]:
    if definition.default_language not in definition.languages:
        yield FieldError("/default_language", "unknown-value")
    yield from repeated(definition.languages, "/languages/{}")
    for pointer, texts in _localized(definition, ""):
        for language in dict.fromkeys(definition.languages):
            if language not in texts:
                yield FieldError(f"{pointer}/{language}", "missing-translation")


def _localized(node: object, pointer: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of the definition by its place: a mapping in a definition is always a text."""
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _localized(getattr(node, name), f"{pointer}/{name}")
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from _localized(each, f"{pointer}/{index}")
    elif isinstance(node, dict):
        yield pointer, node


def _page_problems(definition: SurveyDefinition) -> Iterator[FieldError]:
    if not definition.pages:
        yield FieldError("/pages", "too-few-items")
    yield from repeated([page.key for page in definition.pages], "/pages/{}/key")
    for index, page in enumerate(definition.pages):
        if not page.questions:
            yield FieldError(f"/pages/{index}/questions", "too-few-items")
    if sum(len(page.questions) for page in definition.pages) > MAX_QUESTIONS:
        yield FieldError("/pages", "too-many-items")
    yield from repeated(definition.hidden_fields, "/hidden_fields/{}")


def _question_problems(definition: SurveyDefinition) -> Iterator[FieldError]:
    seen: set[str] = set()
    for pointer, question in placed_questions(definition):
        if question.key in seen:
            yield FieldError(f"{pointer}/key", "duplicate-item")
        seen.add(question.key)
        for problem in question.problems():
            yield FieldError(pointer + problem.pointer, problem.code, problem.explanation)


def placed_questions(definition: SurveyDefinition) -> Iterator[tuple[str, Question]]:
    """Every question with its JSON Pointer in the definition."""
    for number, page in enumerate(definition.pages):
        for index, question in enumerate(page.questions):
            yield f"/pages/{number}/questions/{index}", question
