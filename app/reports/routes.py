"""Report definitions, reports and their documents over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from app.fields import Code
from app.http.auth import Credential, needs
from app.http.openapi_answers import HTML_PAGE, PDF_FILE, header
from app.http.pagination import Page, Paging
from app.http.preconditions import IfMatch, etag
from app.http.route import ReadSession, Route, Session
from app.reports import definitions, service
from app.reports.pages import POLICY
from app.reports.schemas import (
    ReportCreate,
    ReportDefinitionPut,
    ReportDefinitionRead,
    ReportFormat,
    ReportLanguage,
    ReportRead,
    ReportSummary,
)

router = APIRouter(prefix="/v1", tags=["reports"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
Writer = Annotated[Credential, needs("kpi:write")]

_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document.",
        "headers": header("ETag"),
        "content": {"text/html": {"schema": HTML_PAGE}, "application/pdf": {"schema": PDF_FILE}},
    },
    409: {},  # not ready
    501: {},  # made without the parts that print
}
_MEDIA_TYPES: dict[str, str] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
_PAGE_HEADERS = {
    # A page of figures is shown alone and runs nothing; the sandbox also holds back what a
    # browser might find in a file that somebody else put under our address.
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@router.get("/report-definitions", operation_id="list_report_definitions")
async def list_report_definitions(
    session: ReadSession, caller: Reader, paging: Paging
) -> Page[ReportDefinitionRead]:
    """The definitions by name; before them the built-in one, unless it was replaced."""
    found, cursor = await definitions.list_definitions(session, caller.workspace_id, paging)
    return Page(data=list(found), next_cursor=cursor)


@router.get("/report-definitions/{name}", operation_id="get_report_definition")
async def get_report_definition(
    name: str, session: ReadSession, caller: Reader, response: Response
) -> ReportDefinitionRead:
    """One definition; `monthly-service` is there from the start."""
    found = await definitions.fetch_definition(session, caller.workspace_id, name)
    response.headers["ETag"] = etag(found.revision)
    return found


@router.put(
    "/report-definitions/{name}",
    operation_id="put_report_definition",
    responses={201: {"model": ReportDefinitionRead, "description": "Created"}},
)
async def put_report_definition(
    name: Code,
    wanted: ReportDefinitionPut,
    session: Session,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ReportDefinitionRead:
    """Make the definition, or replace it as a whole.

    What the KPIs' own paths would refuse is refused here, with pointers into the body. With a
    schedule the first report is made when the present period, or one that has not been due yet,
    is over; a period that passed while no worker ran is made up for.
    """
    found, status = await definitions.put_definition(
        session, caller.workspace_id, name, wanted, if_match=if_match
    )
    response.status_code = 201 if status == "created" else 200
    response.headers["ETag"] = etag(found.revision)
    return definitions.shown(found)


@router.delete(
    "/report-definitions/{name}", status_code=204, operation_id="delete_report_definition"
)
async def delete_report_definition(
    name: str, session: Session, caller: Writer, if_match: IfMatch = None
) -> None:
    """Forget the definition and its schedule. Reports that were made of it stay."""
    await definitions.delete_definition(session, caller.workspace_id, name, if_match=if_match)


@router.post(
    "/reports",
    status_code=202,
    operation_id="create_report",
    responses={202: {"headers": header("Location")}},
)
async def create_report(
    wanted: ReportCreate, session: Session, caller: Writer, response: Response
) -> ReportSummary:
    """Have a report made in the background; ask for it until its `status` is `ready`.

    `{}` is enough: the built-in definition, of the last complete month.
    """
    report = await service.want_report(session, caller.workspace_id, wanted)
    response.headers["Location"] = f"/v1/reports/{report.id}"
    response.headers["ETag"] = etag(report.revision)
    return await service.summarise(session, report)


@router.get("/reports", operation_id="list_reports")
async def list_reports(
    session: ReadSession, caller: Reader, paging: Paging, definition: Code | None = None
) -> Page[ReportSummary]:
    """Reports without their figures, newest first."""
    found, cursor = await service.list_reports(
        session, caller.workspace_id, paging, definition=definition
    )
    return Page(data=found, next_cursor=cursor)


@router.get("/reports/{report}", operation_id="get_report", response_model=ReportRead)
async def get_report(report: str, session: ReadSession, caller: Reader) -> JSONResponse:
    """A report with its figures as data: every digit, as they were when it was made."""
    found = await service.fetch_report(session, caller.workspace_id, report)
    summary = await service.summarise(session, found)
    # Stored figures leave as they are: a later release may say more about a figure than they do.
    mails = await service.deliveries_of(session, found)
    body = summary.model_dump(mode="json", by_alias=True) | {
        "deliveries": [each.model_dump(mode="json") for each in mails],
        "figures": found.figures,
    }
    return JSONResponse(body, headers={"ETag": etag(found.revision)})


@router.get(
    "/reports/{report}/document",
    operation_id="get_report_document",
    response_class=Response,
    responses=_DOCUMENT,
)
async def get_report_document(
    report: str,
    session: ReadSession,
    caller: Reader,
    format: Annotated[ReportFormat, Query(description="A page, or a document to print.")] = "html",
    language: Annotated[
        ReportLanguage | None, Query(description="The first of the report's if absent.")
    ] = None,
) -> Response:
    """The report to be read: a self-contained page without scripts, or a PDF with its fonts."""
    found = await service.fetch_report(session, caller.workspace_id, report)
    document = await service.fetch_document(session, found, format_=format, language=language)
    name = f"{found.definition}-{found.period_start}-{document.language}.{document.format}"
    headers = {
        "ETag": f'"{document.digest}"',
        "Content-Language": document.language,
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, max-age=0, must-revalidate",
    }
    if format == "html":
        headers |= _PAGE_HEADERS
    return Response(document.content, media_type=_MEDIA_TYPES[format], headers=headers)
