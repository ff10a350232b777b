"""Published versions over HTTP, and the ready instruments; embeds read some of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from app.errors import Conflict, NotFound, field_error
from app.http.auth import Credential, needs
from app.http.openapi_schemas import reference
from app.http.pagination import Page, Paging
from app.http.route import ReadSession, Route, Session
from app.surveys import service, templates
from app.surveys.models import Survey, SurveyVersion
from app.surveys.response_schema import submission_schema
from app.surveys.schemas import (
    QuestionChanged,
    SurveyTemplateRead,
    SurveyTemplateSummary,
    SurveyVersionRead,
    SurveyVersionSummary,
    VersionDifference,
)

router = APIRouter(prefix="/v1", tags=["surveys"], route_class=Route)
Author = Annotated[Credential, needs("surveys:rw")]
Anyone = Annotated[Credential, needs("surveys:rw", publishable=True)]
VersionName = Annotated[str, Path(description="The number of a version, or `current`.")]
JSON_SCHEMA = "application/schema+json"


class SchemaResponse(JSONResponse):
    """A JSON Schema as an answer."""

    media_type = JSON_SCHEMA


@router.get("/surveys/{survey}/versions", operation_id="list_survey_versions")
async def list_survey_versions(
    survey: str, session: ReadSession, caller: Anyone, paging: Paging
) -> Page[SurveyVersionSummary]:
    """The published versions, newest first."""
    found = await _visible(session, caller, survey)
    versions, cursor = await service.list_versions(session, found, paging)
    shown = [SurveyVersionSummary.model_validate(version) for version in versions]
    return Page(data=shown, next_cursor=cursor)


@router.get(
    "/surveys/{survey}/versions/{version}",
    operation_id="get_survey_version",
    responses={409: {}},
)
async def get_survey_version(
    survey: str, version: VersionName, session: ReadSession, caller: Anyone
) -> SurveyVersionRead:
    """A published version, with every text in every language.

    A publishable key that asks for `current` of a closed survey gets 409 `survey-closed`, and of
    no question what its `attention_check` expects.
    """
    found = await _visible(session, caller, survey)
    if caller.kind == "publishable" and version == "current" and found.status == "closed":
        raise Conflict("survey-closed")
    shown = SurveyVersionRead.model_validate(await service.find_version(session, found, version))
    if caller.kind == "publishable":
        return shown.model_copy(update={"definition": shown.definition.as_asked()})
    return shown


@router.get(
    "/surveys/{survey}/versions/{version}/response-schema",
    operation_id="get_response_schema",
    response_class=SchemaResponse,
    responses={
        200: {
            "description": "A JSON Schema (2020-12).",
            "content": {JSON_SCHEMA: {"schema": reference("JsonObject")}},
        }
    },
)
async def get_response_schema(
    survey: str, version: VersionName, session: ReadSession, caller: Anyone, request: Request
) -> Response:
    """The JSON Schema of a submission to this version: it accepts what submitting accepts.

    Assert `format`, so that dates are checked. JSON Schema cannot tell 9.0 from 9; submitting
    refuses 9.0.
    """
    found = await _visible(session, caller, survey)
    published = await service.find_version(session, found, version)
    envelope = request.app.state.submission_envelope
    schema = submission_schema(service.definition_of(published), envelope)
    return SchemaResponse(schema)


@router.get("/surveys/{survey}/versions/{version}/diff", operation_id="compare_survey_versions")
async def compare_survey_versions(
    survey: str,
    version: VersionName,
    session: ReadSession,
    caller: Author,
    to: Annotated[str, Query(max_length=20, description="Another version.")] = "current",
) -> VersionDifference:
    """What changed from this version to another, by question key."""
    found = await service.fetch_survey(session, caller.workspace_id, survey)
    before = await service.find_version(session, found, version)
    after = await _other(session, found, to)
    difference = service.compare_versions(before, after)
    return VersionDifference(
        from_version=before.number,
        to_version=after.number,
        added=list(difference.added),
        removed=list(difference.removed),
        changed=[
            QuestionChanged(key=each.key, fields=list(each.fields)) for each in difference.changed
        ],
        reordered=difference.reordered,
        settings=list(difference.settings),
    )


async def _other(session: ReadSession, survey: Survey, name: str) -> SurveyVersion:
    try:
        return await service.find_version(session, survey, name)
    except NotFound:
        raise field_error("?to", "unknown-reference") from None


@router.post("/surveys/{survey}/versions/{version}/retire", operation_id="retire_survey_version")
async def retire_survey_version(
    survey: str, version: VersionName, session: Session, caller: Author
) -> SurveyVersionSummary:
    """Take no more responses to this version: they get 409 `survey-version-retired`.

    Responses that name no version go to the current one; retire that only after publishing.
    """
    found = await service.fetch_survey(session, caller.workspace_id, survey, lock=True)
    published = await service.find_version(session, found, version)
    retired = await service.retire_version(session, published)
    return SurveyVersionSummary.model_validate(retired)


async def _visible(session: ReadSession, caller: Credential, survey: str) -> Survey:
    """The survey, if the key may see it at all."""
    survey_id: UUID = service.known_id(survey)
    caller.limit_to_surveys(survey_id)
    found = await service.fetch_survey(session, caller.workspace_id, survey_id)
    if caller.kind == "publishable" and found.current_version is None:
        raise NotFound
    return found


@router.get("/survey-templates", operation_id="list_survey_templates")
async def list_survey_templates(_caller: Author, _paging: Paging) -> Page[SurveyTemplateSummary]:
    """Ready instruments in zh-CN and en; all fit on one page."""
    shown = [SurveyTemplateSummary.model_validate(each) for each in templates.TEMPLATES.values()]
    return Page(data=shown, next_cursor=None)


@router.get("/survey-templates/{template}", operation_id="get_survey_template")
async def get_survey_template(template: str, _caller: Author) -> SurveyTemplateRead:
    """A ready instrument; send its definition to `POST /v1/surveys` and change it there."""
    found = templates.TEMPLATES.get(template)
    if found is None:
        raise NotFound
    return SurveyTemplateRead.model_validate(found)
