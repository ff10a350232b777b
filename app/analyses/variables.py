"""What an analysis is about: a question, or a row of a matrix, as a column of numbers or codes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid
from app.kpis.means import rescale
from app.problems import Text
from app.surveys import service as surveys
from app.surveys.published import load_questions
from app.surveys.questions import Question, Scale
from app.surveys.questions.base import NOT_APPLICABLE

CHOICES = ("single_choice", "yes_no")
TEXTS = ("short_text", "long_text")
_NOT_OF_THIS_KIND = Text(
    "This analysis cannot use a question of this kind.", "此分析不能使用该类型的问题。"
)


@dataclass(frozen=True)
class Variable:
    """One column: the question or row as it was named, and what its values are."""

    name: str
    """The key of the question, or `<key>.<row>`."""
    question: str
    row: str | None
    type: str
    scale: Scale | None
    codes: tuple[str, ...] = ()
    """The choices, in the order of the question."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What codes or points say, by language."""

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers: points of a scale, quantities, yes as 1 and no as 0."""
        return self.scale is not None or self.type in {"number", "yes_no"}

    def on_100(self, mean: Fraction) -> Fraction:
        """A mean in points as 0 to 100, 100 the good end of the scale."""
        assert self.scale is not None  # noqa: S101 - asked of scales only
        ends = (self.scale.min, self.scale.max)
        low, high = ends if self.scale.direction == "higher" else ends[::-1]
        return rescale(mean, low, high)

    def value_sql(self, number: int) -> str:
        """The value in a response `r`, or NULL; binds `key<number>` and `row<number>`."""
        at = f"r.answers -> CAST(:key{number} AS text)"
        last, name = ("r.answers ->>", "key") if self.row is None else (f"{at} ->>", "row")
        if self.type == "yes_no":
            return f"CASE {at} WHEN 'true'::jsonb THEN 1 WHEN 'false'::jsonb THEN 0 END"
        if self.scale is not None:
            return f"nullif({last} CAST(:{name}{number} AS text), '{NOT_APPLICABLE}')::int4"
        return f"({at})::numeric"

    def answered_sql(self, number: int) -> str:
        """TRUE where a response `r` answers it, else NULL; binds as `value_sql`."""
        if self.numeric:
            return f"CASE WHEN ({self.value_sql(number)}) IS NOT NULL THEN true END"
        return f"CASE WHEN r.answers ? CAST(:key{number} AS text) THEN true END"

    def code_sql(self, number: int) -> str:
        """The code of a choice in a response `r`, or NULL; binds as `value_sql`."""
        at = f"r.answers -> CAST(:key{number} AS text)"
        if self.type == "yes_no":
            return f"CASE {at} WHEN 'true'::jsonb THEN 'yes' WHEN 'false'::jsonb THEN 'no' END"
        plain = f"r.answers ->> CAST(:key{number} AS text)"
        return (
            f"CASE jsonb_typeof({at}) WHEN 'string' THEN {plain} "
            f"WHEN 'object' THEN ({at}) ->> 'choice' END"
        )

    def bound(self, number: int) -> dict[str, str]:
        """What its SQL binds."""
        row = {} if self.row is None else {f"row{number}": self.row}
        return {f"key{number}": self.question} | row


@dataclass(frozen=True)
class Asked:
    """The variables of one survey, found by name; what does not fit is refused by its pointer."""

    survey_id: UUID
    _all: Mapping[str, Variable]
    _personal: frozenset[str]

    def one(self, pointer: str, name: str, fits: Callable[[Variable], bool]) -> Variable:
        """The variable of that name; 422 where there is none, or none of this kind.

        Questions about personal data are refused: no figure is made of them.
        """
        if name in self._personal:
            raise Invalid(FieldError(pointer, "personal-question"))
        found = self._all.get(name)
        if found is None:
            raise Invalid(FieldError(pointer, "unknown-question"))
        if not fits(found):
            raise Invalid(FieldError(pointer, "invalid-value", _NOT_OF_THIS_KIND))
        return found

    def several(
        self, pointer: str, names: Sequence[str], fits: Callable[[Variable], bool]
    ) -> list[Variable]:
        """The variables of different names."""
        found = []
        for index, name in enumerate(names):
            if name in names[:index]:
                raise Invalid(FieldError(f"{pointer}/{index}", "duplicate-item"))
            found.append(self.one(f"{pointer}/{index}", name, fits))
        return found


def is_numeric(variable: Variable) -> bool:
    """Whether its values can be averaged."""
    return variable.numeric


def on_scale(variable: Variable) -> bool:
    """Whether its values are points of a scale."""
    return variable.scale is not None


def is_choice(variable: Variable) -> bool:
    """Whether each response has at most one code of it."""
    return variable.type in CHOICES


def is_text(variable: Variable) -> bool:
    """Whether people answer it in their own words."""
    return variable.type in TEXTS


async def load_variables(session: AsyncSession, workspace_id: UUID, survey_id: UUID) -> Asked:
    """Every question that the survey ever asked, in its latest form; 404 for another's survey."""
    survey = await surveys.fetch_survey(session, workspace_id, survey_id)
    found = await load_questions(session, workspace_id, [survey.id])
    variables: dict[str, Variable] = {}
    personal: set[str] = set()
    for published in found.get(survey.id, {}).values():
        question = published.question
        named = {each.name: each for each in _variables(question)}
        if question.personal_data:
            personal.update(named, {question.key})
        else:
            variables |= named
    return Asked(survey.id, variables, frozenset(personal))


def _variables(question: Question) -> list[Variable]:
    scale = question.scale()
    items = question.scale_items() or ((question.key, None),)
    labels = {str(each.point): dict(each.label) for each in getattr(question, "labels", ())}
    choices = [*getattr(question, "choices", ())]
    if (other := getattr(question, "other", None)) is not None:
        choices.append(other)
    codes = tuple(each.code for each in choices)
    if question.type == "yes_no":
        codes = ("yes", "no")
    return [
        Variable(
            name=name,
            question=question.key,
            row=row,
            type=question.type,
            scale=scale,
            codes=codes,
            labels=labels | {each.code: dict(each.label) for each in choices},
        )
        for name, row in items
    ]
