"""Drafting surveys, publishing immutable versions of them, closing and reopening."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.errors import Conflict, FieldError, NotFound, Problem
from app.events.service import record
from app.http.pagination import PageRequest, cut, encode_cursor, newest_first
from app.problems import Text
from app.surveys import comparison
from app.surveys.consistency import publication_problems
from app.surveys.definition import SurveyDefinition
from app.surveys.models import Survey, SurveyVersion
from app.surveys.schemas import SurveyCreate, SurveyPatch

_WAS_PUBLISHED = Text(
    "The survey was published, so it may have responses; close it instead.",
    "该问卷曾经发布，可能已有答复；请改为关闭问卷。",
)


@dataclass(frozen=True)
class SurveyFilter:
    """What a list of surveys is narrowed to."""

    status: str | None = None
    updated_after: datetime | None = None


async def create_survey(session: AsyncSession, workspace_id: UUID, wanted: SurveyCreate) -> Survey:
    """Make a draft; it may still contradict itself."""
    survey = Survey(
        workspace_id=workspace_id,
        name=wanted.name,
        status="draft",
        draft=document(wanted.definition),
        revision=1,
    )
    session.add(survey)
    await session.flush()
    return survey


def document(definition: SurveyDefinition) -> dict[str, Any]:
    """The definition as it is stored: JSON with every default written out.

    A default that changes in a later release cannot change what was asked.
    """
    return definition.model_dump(mode="json", by_alias=True)


async def list_surveys(
    session: AsyncSession, workspace_id: UUID, wanted: SurveyFilter, paging: PageRequest
) -> tuple[list[Survey], str | None]:
    """The surveys of a workspace, newest first."""
    query = select(Survey).where(Survey.workspace_id == workspace_id)
    if wanted.status is not None:
        query = query.where(Survey.status == wanted.status)
    if wanted.updated_after is not None:
        query = query.where(Survey.updated_at > wanted.updated_after)
    query = newest_first(query, Survey.id, paging)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].id) if more else None


async def fetch_survey(
    session: AsyncSession, workspace_id: UUID, survey_id: UUID | str, *, lock: bool = False
) -> Survey:
    """One survey of the workspace; with `lock` nobody else changes it in this transaction."""
    query = select(Survey).where(
        Survey.workspace_id == workspace_id, Survey.id == known_id(survey_id)
    )
    survey = await session.scalar(query.with_for_update() if lock else query)
    if survey is None:
        raise NotFound
    return survey


def known_id(survey_id: UUID | str) -> UUID:
    """The id in a path; what is no id at all is as unknown as any other."""
    try:
        return survey_id if isinstance(survey_id, UUID) else UUID(survey_id)
    except ValueError:
        raise NotFound from None


async def change_survey(session: AsyncSession, survey: Survey, patch: SurveyPatch) -> Survey:
    """Change the name or the draft; what is published stays as it is."""
    name = patch.name if patch.name is not None else survey.name
    draft = document(patch.definition) if patch.definition is not None else survey.draft
    if (name, draft) != (survey.name, survey.draft):
        survey.name, survey.draft = name, draft
        await _touch(session, survey)
    return survey


async def delete_survey(session: AsyncSession, survey: Survey) -> None:
    """Delete a draft that was never published; 409 `survey-in-use` for any other."""
    if survey.current_version is not None:
        raise Conflict("survey-in-use", explanation=_WAS_PUBLISHED)
    await session.delete(survey)
    await session.flush()


async def publish_survey(session: AsyncSession, survey: Survey) -> SurveyVersion:
    """Make the draft an immutable version and serve it; an unchanged draft keeps its version.

    Raises 409 `survey-closed` (reopen it first), and 409 `survey-not-ready` with an error for
    everything that is wrong, by pointers into the survey (`/definition/pages/0`).
    """
    if survey.status == "closed":
        raise Conflict("survey-closed")
    versions = await list_all_versions(session, survey.workspace_id, survey.id)
    if versions and versions[-1].definition == survey.draft and versions[-1].retired_at is None:
        return versions[-1]
    definition = SurveyDefinition.model_validate(survey.draft)
    problems = publication_problems(definition, [definition_of(each) for each in versions])
    if problems:
        raise Problem("survey-not-ready", errors=[_in_survey(problem) for problem in problems])
    version = SurveyVersion(
        workspace_id=survey.workspace_id,
        survey_id=survey.id,
        number=len(versions) + 1,
        definition=survey.draft,
        published_at=now(),
    )
    session.add(version)
    survey.status = "published"
    survey.current_version = version.number
    survey.published_at = version.published_at
    record(session, survey.workspace_id, "survey.published", str(survey.id), version=version.number)
    await _touch(session, survey)
    return version


def _in_survey(problem: FieldError) -> FieldError:
    return FieldError(f"/definition{problem.pointer}", problem.code, problem.explanation)


async def close_survey(session: AsyncSession, survey: Survey) -> Survey:
    """Take no more responses; closing twice is once. 409 `survey-not-published` for a draft."""
    if survey.status == "draft":
        raise Conflict("survey-not-published")
    if survey.status == "published":
        survey.status, survey.closed_at = "closed", now()
        record(session, survey.workspace_id, "survey.closed", str(survey.id))
        await _touch(session, survey)
    return survey


async def reopen_survey(session: AsyncSession, survey: Survey) -> Survey:
    """Take responses again, in the current version; reopening twice is once."""
    if survey.status == "draft":
        raise Conflict("survey-not-published")
    if survey.status == "closed":
        survey.status, survey.closed_at = "published", None
        record(session, survey.workspace_id, "survey.reopened", str(survey.id))
        await _touch(session, survey)
    return survey


async def _touch(session: AsyncSession, survey: Survey) -> None:
    survey.revision += 1
    survey.updated_at = now()
    await session.flush()


async def fetch_version(
    session: AsyncSession, workspace_id: UUID, survey_id: UUID, number: int | None = None
) -> SurveyVersion:
    """A published version, the current one without a number; `NotFound` if there is none."""
    if number is None:
        number = (await fetch_survey(session, workspace_id, survey_id)).current_version
    version = await session.scalar(
        select(SurveyVersion).where(
            SurveyVersion.workspace_id == workspace_id,
            SurveyVersion.survey_id == survey_id,
            SurveyVersion.number == number,
        )
    )
    if version is None:
        raise NotFound
    return version


def definition_of(version: SurveyVersion) -> SurveyDefinition:
    """What the version asks. Costs about 10 microseconds a question; keep what you compile."""
    return SurveyDefinition.model_validate(version.definition)


async def list_all_versions(
    session: AsyncSession, workspace_id: UUID, survey_id: UUID
) -> Sequence[SurveyVersion]:
    """Every version of a survey, oldest first, retired ones too."""
    query = _versions(workspace_id, survey_id).order_by(SurveyVersion.number)
    return (await session.scalars(query)).all()


async def list_versions(
    session: AsyncSession, survey: Survey, paging: PageRequest
) -> tuple[list[SurveyVersion], str | None]:
    """The versions of a survey, newest first."""
    query = _versions(survey.workspace_id, survey.id)
    position = paging.position(_version_number)
    if position is not None:
        query = query.where(SurveyVersion.number < int(position[0]))
    query = query.order_by(SurveyVersion.number.desc()).limit(paging.limit + 1)
    rows, more = cut((await session.scalars(query)).all(), paging)
    return rows, encode_cursor(rows[-1].number) if more else None


def _versions(workspace_id: UUID, survey_id: UUID) -> Select[SurveyVersion]:
    return select(SurveyVersion).where(
        SurveyVersion.workspace_id == workspace_id, SurveyVersion.survey_id == survey_id
    )


def _version_number(text: str) -> int:
    """A version number in its one spelling; ValueError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and text[0] != "0"):
        raise ValueError
    return int(text)


async def find_version(session: AsyncSession, survey: Survey, name: str) -> SurveyVersion:
    """A version by its number in a path, or `current`."""
    try:
        number = survey.current_version if name == "current" else _version_number(name)
    except ValueError:
        raise NotFound from None
    if number is None:
        raise NotFound
    return await fetch_version(session, survey.workspace_id, survey.id, number)


async def retire_version(session: AsyncSession, version: SurveyVersion) -> SurveyVersion:
    """Take no more responses to this version; retiring twice is once.

    The survey's revision moves on, so that nothing judged before is stored after.
    """
    if version.retired_at is None:
        version.retired_at = now()
        await _touch(session, await fetch_survey(session, version.workspace_id, version.survey_id))
        record(
            session,
            version.workspace_id,
            "survey.version_retired",
            str(version.survey_id),
            version=version.number,
        )
        await session.flush()
    return version


def compare_versions(before: SurveyVersion, after: SurveyVersion) -> comparison.Difference:
    """What changed from one version to another."""
    return comparison.compare(definition_of(before), definition_of(after))
