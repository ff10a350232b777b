"""What changed between two versions of a survey, and which changes would spoil statistics."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import FieldError
from app.surveys.definition import SurveyDefinition
from app.surveys.questions import Question, SingleChoiceQuestion


@dataclass(frozen=True)
class QuestionChange:
    """A question that both versions ask, and the fields in which it differs."""

    key: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What became of the questions, by key; `settings` are the changed fields of the survey."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[QuestionChange, ...]
    reordered: bool
    settings: tuple[str, ...]


def compare(before: SurveyDefinition, after: SurveyDefinition) -> Difference:
    """The difference of two versions; a question that moved to another page changed its `page`."""
    old, new = _by_key(before), _by_key(after)
    common_before = [key for key in old if key in new]
    common_after = [key for key in new if key in old]
    changes = (QuestionChange(key, _changed_fields(old[key], new[key])) for key in common_after)
    return Difference(
        added=tuple(key for key in new if key not in old),
        removed=tuple(key for key in old if key not in new),
        changed=tuple(change for change in changes if change.fields),
        reordered=common_before != common_after,
        settings=tuple(_changed_settings(before, after)),
    )


def scale_changes(before: SurveyDefinition, after: SurveyDefinition) -> Iterator[FieldError]:
    """Questions whose key would join answers that cannot be added up.

    A key keeps its type, and its scale (ends and direction), for ever, and so does a choice its
    price difference and whether it is ours: statistics join versions by them. Ask under a new
    key instead.
    """
    known = {question.key: question for question in before.questions()}
    for number, page in enumerate(after.pages):
        for index, question in enumerate(page.questions):
            earlier = known.get(question.key)
            if earlier is None:
                continue
            at = f"/pages/{number}/questions/{index}"
            if earlier.type != question.type:
                yield FieldError(f"{at}/type", "changed-type")
            elif _ends(earlier) != _ends(question):
                yield FieldError(at, "changed-scale")
            else:
                yield from _changed_choices(earlier, question, at)


def _changed_choices(before: Question, after: Question, at: str) -> Iterator[FieldError]:
    """Choices whose code would join answers of another meaning."""
    if not isinstance(before, SingleChoiceQuestion) or not isinstance(after, SingleChoiceQuestion):
        return
    known = {choice.code: (choice.price_difference, choice.ours) for choice in before.choices}
    for index, choice in enumerate(after.choices):
        marks = (choice.price_difference, choice.ours)
        if known.get(choice.code, marks) != marks:
            yield FieldError(f"{at}/choices/{index}", "changed-scale")


def _ends(question: Question) -> tuple[int, int, str] | None:
    scale = question.scale()
    return None if scale is None else (scale.min, scale.max, scale.direction)


def _by_key(definition: SurveyDefinition) -> dict[str, tuple[str, Question]]:
    return {
        question.key: (page.key, question)
        for page in definition.pages
        for question in page.questions
    }


def _changed_fields(before: tuple[str, Question], after: tuple[str, Question]) -> tuple[str, ...]:
    old = before[1].model_dump(mode="json") | {"page": before[0]}
    new = after[1].model_dump(mode="json") | {"page": after[0]}
    return tuple(sorted(name for name in old | new if old.get(name) != new.get(name)))


def _changed_settings(before: SurveyDefinition, after: SurveyDefinition) -> Iterator[str]:
    for name in SurveyDefinition.model_fields:
        if name != "pages" and getattr(before, name) != getattr(after, name):
            yield name
    if [(page.key, page.title) for page in before.pages] != [
        (page.key, page.title) for page in after.pages
    ]:
        yield "pages"
