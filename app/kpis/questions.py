"""Which questions of which surveys a KPI measures, on what scale, and what their points say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import once
from app.errors import FieldError, Invalid, NotFound
from app.kpis.declaration import Scope
from app.kpis.tallies import Name
from app.surveys.models import Survey
from app.surveys.published import load_questions
from app.surveys.questions import Question, Scale, SingleChoiceQuestion, YesNoQuestion

#: Surveys kept in memory; beyond it all are forgotten and read again.
_MOST_KEPT = 5_000


@dataclass(frozen=True)
class Item:
    """What is answered on one scale: a question, or a row of a matrix."""

    survey_id: UUID
    question: str
    """The key of the question."""
    name: str
    """Its name in the tallies: the key, or `<key>.<row>`."""
    type: str
    construct: str | None
    scale: Scale
    row: str | None = None
    """The code of the row of a matrix."""
    facet: str | None = None
    weight: int | None = None
    """As its author declares it."""
    current: bool = True
    """Whether the newest version still asks it."""
    aware: bool = False
    """Whether the survey asks who knows the brand, so that ratings of those are counted too."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the points say, by language."""


@dataclass(frozen=True)
class ChoiceItem:
    """A question of one choice, or of yes and no, and what its author says of the choices."""

    survey_id: UUID
    question: str
    type: str
    construct: str | None
    price_differences: Mapping[str, int]
    """By code, the percentage from which on those who chose it would leave."""
    ours: frozenset[str]
    """The codes of the workspace's own brands."""
    labels: Mapping[str, Mapping[str, str]]
    """What every choice says, in order, by language."""

    @property
    def name(self) -> Name:
        """Its name in the tallies."""
        return self.survey_id, self.question


@dataclass(frozen=True)
class _Kept:
    """The items of one survey as of its newest version."""

    items: tuple[Item, ...]
    choices: tuple[ChoiceItem, ...]
    keys: frozenset[str]
    """Every question that it ever asked, also those without a scale."""


#: By workspace, survey and number of the newest version: a published version never changes, so
#: that what is kept under its number is right for ever.
_kept: dict[tuple[UUID, UUID, int], _Kept] = {}


async def items_in_scope(
    session: AsyncSession, scope: Scope, chosen: Callable[[Item], bool]
) -> list[Item]:
    """The items that a KPI adds up: those `chosen`, or the one question that the scope names.

    Raises `NotFound` for a survey that the workspace does not have, and 422 with `?question` for
    a question that no survey in scope has or that the KPI cannot measure.
    """
    surveys = await _surveys(session, scope)
    wanted = [item for survey in surveys for item in survey.items if chosen(item)]
    if scope.question is None:
        return wanted
    named = [item for item in wanted if scope.question in {item.question, item.name}]
    if not named:
        raise _unmeasured(surveys, scope.question)
    return named


async def choices_in_scope(
    session: AsyncSession, scope: Scope, chosen: Callable[[ChoiceItem], bool]
) -> list[ChoiceItem]:
    """The questions of one choice that a KPI adds up, as `items_in_scope` finds the others."""
    surveys = await _surveys(session, scope)
    wanted = [item for survey in surveys for item in survey.choices if chosen(item)]
    if scope.question is None:
        return wanted
    named = [item for item in wanted if item.question == scope.question]
    if not named:
        raise _unmeasured(surveys, scope.question)
    return named


def _unmeasured(surveys: Sequence["_Kept"], question: str) -> Invalid:
    known = any(_knows(survey, question) for survey in surveys)
    return Invalid(FieldError("?question", "invalid-value" if known else "unknown-question"))


def _knows(survey: _Kept, question: str) -> bool:
    return question in survey.keys or any(item.name == question for item in survey.items)


async def known_surveys(session: AsyncSession, scope: Scope) -> list[UUID]:
    """The surveys in scope; `NotFound` if one that was named is not of the workspace."""
    return [survey_id for survey_id, _ in await _versions(session, scope)]


async def _versions(session: AsyncSession, scope: Scope) -> list[tuple[UUID, int | None]]:
    asked = (_versions, scope.workspace_id, scope.survey_ids)
    return await once(session, asked, lambda: _newest(session, scope))


async def _newest(session: AsyncSession, scope: Scope) -> list[tuple[UUID, int | None]]:
    query = select(Survey.id, Survey.current_version).where(
        Survey.workspace_id == scope.workspace_id
    )
    if scope.survey_ids is not None:
        query = query.where(Survey.id.in_(scope.survey_ids))
    found = [(row[0], row[1]) for row in await session.execute(query.order_by(Survey.id))]
    if scope.survey_ids is not None and len(found) < len(set(scope.survey_ids)):
        raise NotFound
    return found


async def _surveys(session: AsyncSession, scope: Scope) -> list[_Kept]:
    """The published surveys in scope, from memory where their newest version is known."""
    names = [
        (scope.workspace_id, survey_id, number)
        for survey_id, number in await _versions(session, scope)
        if number is not None
    ]
    missing = [name for name in names if name not in _kept]
    if missing:
        if len(_kept) + len(missing) > _MOST_KEPT:
            _kept.clear()
            missing = names
        questions = await load_questions(
            session, scope.workspace_id, [survey_id for _, survey_id, _ in missing]
        )
        for name in missing:
            asked = [each.question for each in questions.get(name[1], {}).values()]
            current = {
                key for key, each in questions.get(name[1], {}).items() if each.version == name[2]
            }
            aware = any(_asks_who_knows(question) for question in asked)
            _kept[name] = _Kept(
                items=tuple(
                    replace(item, aware=aware, current=question.key in current)
                    for question in asked
                    for item in _items(name[1], question)
                ),
                choices=tuple(
                    _choice(name[1], question)
                    for question in asked
                    if isinstance(question, SingleChoiceQuestion | YesNoQuestion)
                ),
                keys=frozenset(question.key for question in asked),
            )
    return [_kept[name] for name in names]


def _items(survey_id: UUID, question: Question) -> Iterator[Item]:
    scale = question.scale()
    if scale is None:
        return
    labels = {str(each.point): dict(each.label) for each in getattr(question, "labels", ())}
    for name, row in question.scale_items():
        traits = question.traits(row)
        yield Item(
            survey_id=survey_id,
            question=question.key,
            name=name,
            type=question.type,
            construct=question.measures,
            scale=scale,
            row=row,
            facet=traits.facet,
            weight=traits.weight,
            labels=labels,
        )


def _asks_who_knows(question: Question) -> bool:
    return isinstance(question, YesNoQuestion) and question.measures == "awareness"


def _choice(survey_id: UUID, question: SingleChoiceQuestion | YesNoQuestion) -> ChoiceItem:
    choices = question.choices if isinstance(question, SingleChoiceQuestion) else ()
    return ChoiceItem(
        survey_id=survey_id,
        question=question.key,
        type=question.type,
        construct=question.measures,
        price_differences={
            choice.code: choice.price_difference
            for choice in choices
            if choice.price_difference is not None
        },
        ours=frozenset(choice.code for choice in choices if choice.ours),
        labels=_labels(question),
    )


def _labels(question: SingleChoiceQuestion | YesNoQuestion) -> dict[str, dict[str, str]]:
    if isinstance(question, YesNoQuestion):
        return {"yes": dict(question.yes or {}), "no": dict(question.no or {})}
    labels = {choice.code: dict(choice.label) for choice in question.choices}
    if question.other is not None:
        labels[question.other.code] = dict(question.other.label)
    return labels


def one_scale(items: Sequence[Item]) -> bool:
    """Whether all items are answered on the same points, with the same end the good one."""
    return len({(each.scale.min, each.scale.max, each.scale.direction) for each in items}) == 1


def points(items: Sequence[Item]) -> list[str]:
    """Every point of the items' scales, ascending, as tallies write them."""
    union = {point for each in items for point in range(each.scale.min, each.scale.max + 1)}
    return [str(point) for point in sorted(union)]
