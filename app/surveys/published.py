"""Every question that was ever published, in its latest form: what KPIs count by."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.surveys.questions import Question

_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
_LATEST = text(
    """
    SELECT survey_id, number, question FROM (
        SELECT DISTINCT ON (v.survey_id, q.question->>'key')
            v.survey_id, v.number, q.question, p.place AS page, q.place
        FROM survey_versions v,
            jsonb_array_elements(v.definition->'pages') WITH ORDINALITY AS p(page, place),
            jsonb_array_elements(p.page->'questions') WITH ORDINALITY AS q(question, place)
        WHERE v.workspace_id = :workspace_id
            AND (CAST(:survey_ids AS uuid[]) IS NULL OR v.survey_id = ANY(:survey_ids))
        ORDER BY v.survey_id, q.question->>'key', v.number DESC
    ) latest
    ORDER BY survey_id, number DESC, page, place
    """
).bindparams(bindparam("survey_ids", type_=ARRAY(Uuid)))


@dataclass(frozen=True)
class PublishedQuestion:
    """A question as the latest version that asks it has it."""

    survey_id: UUID
    version: int
    question: Question


async def load_questions(
    session: AsyncSession, workspace_id: UUID, survey_ids: Collection[UUID] | None = None
) -> dict[UUID, dict[str, PublishedQuestion]]:
    """By survey and question key, every question of all versions ever published.

    Questions of the current version come first, in its order; then those that were dropped.
    `question.scale()` has the ends, the direction and the top box, `question.measures` the
    construct, `question.scale_items()` the names under which tallies count it. Without
    `survey_ids` all surveys of the workspace; drafts are not among them.
    """
    wanted = list(survey_ids) if survey_ids is not None else None
    rows = await session.execute(_LATEST, {"workspace_id": workspace_id, "survey_ids": wanted})
    found: dict[UUID, dict[str, PublishedQuestion]] = {}
    for survey_id, number, raw in rows:
        question = _QUESTION.validate_python(raw)
        found.setdefault(survey_id, {})[question.key] = PublishedQuestion(
            survey_id, number, question
        )
    return found
