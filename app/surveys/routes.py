"""Surveys over HTTP: drafts, publication, versions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from app.fields import TimestampQuery
from app.http.auth import Credential, needs
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag, require_match
from app.http.rendering import field_errors, language_of
from app.http.route import ReadSession, Route, Session
from app.surveys import service
from app.surveys.consistency import definition_problems
from app.surveys.definition import SurveyDefinition
from app.surveys.models import Survey
from app.surveys.schemas import (
    DefinitionCandidate,
    DefinitionProblem,
    DefinitionVerdict,
    SurveyCreate,
    SurveyPatch,
    SurveyRead,
    SurveyStatus,
    SurveySummary,
    SurveyVersionRead,
)
from app.surveys.service import SurveyFilter

router = APIRouter(prefix="/v1", tags=["surveys"], route_class=Route)
Author = Annotated[Credential, needs("surveys:rw")]


def _filter(
    status: SurveyStatus | None = None, updated_after: TimestampQuery | None = None
) -> SurveyFilter:
    return SurveyFilter(status=status, updated_after=updated_after)


def _read(survey: Survey, response: Response) -> SurveyRead:
    response.headers["ETag"] = etag(survey.revision)
    shown = SurveySummary.model_validate(survey)
    definition = SurveyDefinition.model_validate(survey.draft)
    return SurveyRead(**shown.model_dump(), definition=definition)


@router.post("/surveys", status_code=201, operation_id="create_survey")
async def create_survey(
    wanted: SurveyCreate, session: Session, caller: Author, response: Response
) -> SurveyRead:
    """Make a draft. It may be incomplete: `POST /v1/surveys/validate` says what is missing."""
    survey = await service.create_survey(session, caller.workspace_id, wanted)
    response.headers["Location"] = f"/v1/surveys/{survey.id}"
    return _read(survey, response)


@router.post("/surveys/validate", operation_id="validate_survey")
async def validate_survey(
    candidate: DefinitionCandidate, request: Request, caller: Author
) -> DefinitionVerdict:
    """Say everything that is wrong with a definition; the answer is 200 either way.

    The body is the definition itself, and pointers lead into it. Nothing is stored.
    """
    del caller
    try:
        problems = definition_problems(SurveyDefinition.model_validate(candidate.root))
    except ValidationError as error:
        problems = field_errors(error, candidate.root)
    language = language_of(request.scope)
    shown = [DefinitionProblem(**problem.rendered(language)) for problem in problems]
    return DefinitionVerdict(valid=not shown, problems=shown)


@router.get("/surveys", operation_id="list_surveys")
async def list_surveys(
    session: ReadSession,
    caller: Author,
    paging: Paging,
    wanted: Annotated[SurveyFilter, Depends(_filter)],
) -> Page[SurveySummary]:
    """The surveys of the workspace, newest first."""
    surveys, cursor = await service.list_surveys(session, caller.workspace_id, wanted, paging)
    return Page(data=[SurveySummary.model_validate(each) for each in surveys], next_cursor=cursor)


@router.get("/surveys/{survey}", operation_id="get_survey")
async def get_survey(
    survey: str, session: ReadSession, caller: Author, response: Response
) -> SurveyRead:
    """A survey with its draft; what is served is `/versions/current`."""
    return _read(await service.fetch_survey(session, caller.workspace_id, survey), response)


@router.patch("/surveys/{survey}", operation_id="update_survey")
async def update_survey(
    survey: str,
    patch: SurveyPatch,
    session: Session,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> SurveyRead:
    """Change the name or the draft. The published version is served unchanged meanwhile."""
    found = await _locked(session, caller, survey, if_match)
    return _read(await service.change_survey(session, found, patch), response)


async def _locked(
    session: Session, caller: Credential, survey: str, if_match: str | None
) -> Survey:
    found = await service.fetch_survey(session, caller.workspace_id, survey, lock=True)
    require_match(if_match, found.revision)
    return found


@router.delete(
    "/surveys/{survey}", status_code=204, operation_id="delete_survey", responses={409: {}}
)
async def delete_survey(
    survey: str, session: Session, caller: Author, if_match: IfMatch = None
) -> None:
    """Delete a draft that was never published; 409 `survey-in-use` for any other survey."""
    found = await _locked(session, caller, survey, if_match)
    await service.delete_survey(session, found)


@router.post("/surveys/{survey}/publish", operation_id="publish_survey")
async def publish_survey(
    survey: str, session: Session, caller: Author, if_match: IfMatch = None
) -> SurveyVersionRead:
    """Make the draft an immutable version, and serve it.

    An unchanged draft answers with the version that there is. 409 `survey-not-ready` lists what
    is wrong, also a question that changed its type or its scale under a key that an earlier
    version used: statistics join versions by key.
    """
    found = await _locked(session, caller, survey, if_match)
    version = await service.publish_survey(session, found)
    return SurveyVersionRead.model_validate(version)


@router.post("/surveys/{survey}/close", operation_id="close_survey")
async def close_survey(
    survey: str, session: Session, caller: Author, response: Response, if_match: IfMatch = None
) -> SurveyRead:
    """Take no more responses. Closing a closed survey changes nothing."""
    found = await _locked(session, caller, survey, if_match)
    return _read(await service.close_survey(session, found), response)


@router.post("/surveys/{survey}/reopen", operation_id="reopen_survey")
async def reopen_survey(
    survey: str, session: Session, caller: Author, response: Response, if_match: IfMatch = None
) -> SurveyRead:
    """Take responses again, to the version that was served before."""
    found = await _locked(session, caller, survey, if_match)
    return _read(await service.reopen_survey(session, found), response)
