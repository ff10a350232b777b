"""Reports: wanted now or by a schedule, listed, read, and their documents handed out."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import jobs
from app.db import new_id, now
from app.errors import FieldError, Invalid, NotFound, Problem, field_error
from app.events.service import record
from app.fields import weekday, zone
from app.http.pagination import PageRequest, cut, encode_cursor, newest_first
from app.kpis.asking import calendar_period
from app.kpis.periods import Period, PeriodError
from app.kpis.schemas import BilingualText
from app.problems import Text
from app.reports.definitions import find_content
from app.reports.due import last_complete
from app.reports.models import Report, ReportDelivery, ReportDocument
from app.reports.printing import WHAT_TO_INSTALL
from app.reports.schemas import (
    ReportCreate,
    ReportDefinitionPut,
    ReportDeliveryRead,
    ReportDocumentRead,
    ReportFormat,
    ReportLanguage,
    ReportPeriod,
    ReportSummary,
)
from app.workspaces.models import Workspace
from app.workspaces.service import fetch_workspace

MAKE = "make_report"


async def want_report(session: AsyncSession, workspace_id: UUID, wanted: ReportCreate) -> Report:
    """Put a report into the queue. 422 for a definition that is none, or for wrong dates."""
    content = await find_content(session, workspace_id, wanted.definition)
    if content is None:
        raise field_error("/definition", "unknown-reference")
    workspace = await fetch_workspace(session, workspace_id)
    period = _period(wanted, content, workspace)
    report = Report(
        id=new_id(),
        workspace_id=workspace_id,
        definition=wanted.definition,
        content=content.model_dump(mode="json", by_alias=True),
        period_start=period.start,
        period_end=period.end,
        time_zone=workspace.time_zone,
        languages=list(dict.fromkeys(wanted.languages or content.languages)),
    )
    session.add(report)
    record(session, workspace_id, "report.wanted", str(report.id))
    await session.flush()
    await enqueue(session, workspace_id, report.id)
    return report


def _period(wanted: ReportCreate, content: ReportDefinitionPut, workspace: Workspace) -> Period:
    if wanted.from_ is None and wanted.to is None:
        local, week_start = zone(workspace.time_zone), weekday(workspace.week_start)
        return last_complete(content.period, now(), local, week_start)
    if wanted.from_ is None or wanted.to is None:
        raise field_error("/from" if wanted.from_ is None else "/to", "missing-field")
    try:
        return calendar_period(workspace, wanted.from_, wanted.to, workspace.time_zone)
    except PeriodError:
        raise Problem("invalid-period", errors=[FieldError("/from", "invalid-value")]) from None


async def enqueue(session: AsyncSession, workspace_id: UUID, report_id: UUID) -> None:
    """Have a worker make a report that was just written."""
    payload = {"workspace_id": str(workspace_id), "report_id": str(report_id)}
    await jobs.enqueue(session, MAKE, payload, key=str(report_id))


async def list_reports(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest, *, definition: str | None
) -> tuple[list[ReportSummary], str | None]:
    """Reports, newest first."""
    query = select(Report).where(Report.workspace_id == workspace_id)
    if definition is not None:
        query = query.where(Report.definition == definition)
    rows, more = cut((await session.scalars(newest_first(query, Report.id, paging))).all(), paging)
    documents = await _documents(session, workspace_id, [each.id for each in rows])
    listed = [_summary(each, documents.get(each.id, [])) for each in rows]
    return listed, encode_cursor(rows[-1].id) if more else None


async def fetch_report(session: AsyncSession, workspace_id: UUID, report_id: str) -> Report:
    """One report of the workspace."""
    try:
        wanted = UUID(report_id)
    except ValueError:
        raise NotFound from None
    found = await session.get(Report, (workspace_id, wanted))
    if found is None:
        raise NotFound
    return found


async def summarise(session: AsyncSession, report: Report) -> ReportSummary:
    """A report without its figures."""
    documents = await _documents(session, report.workspace_id, [report.id])
    return _summary(report, documents.get(report.id, []))


async def deliveries_of(session: AsyncSession, report: Report) -> list[ReportDeliveryRead]:
    """The mails with the report, in the order of the definition."""
    table = ReportDelivery
    rows = await session.scalars(
        select(table)
        .where(table.workspace_id == report.workspace_id, table.report_id == report.id)
        .order_by(table.number)
    )
    return [
        ReportDeliveryRead.model_validate(
            {
                "to": each.address,
                "language": each.language,
                "status": each.status,
                "error": each.error,
                "finished_at": each.finished_at,
            }
        )
        for each in rows
    ]


async def _documents(
    session: AsyncSession, workspace_id: UUID, report_ids: list[UUID]
) -> dict[UUID, list[ReportDocumentRead]]:
    """What can be handed out of each report, without its content."""
    table = ReportDocument
    rows = await session.execute(
        select(table.report_id, table.format, table.language, table.size_bytes)
        .where(table.workspace_id == workspace_id, table.report_id.in_(report_ids))
        .order_by(table.report_id, table.format, table.language)
    )
    found: dict[UUID, list[ReportDocumentRead]] = {}
    for report_id, format_, language, size in rows:
        path = f"/v1/reports/{report_id}/document?format={format_}&language={language}"
        found.setdefault(report_id, []).append(
            ReportDocumentRead.model_validate(
                {"format": format_, "language": language, "size_bytes": size, "path": path}
            )
        )
    return found


def _summary(report: Report, documents: list[ReportDocumentRead]) -> ReportSummary:
    content = ReportDefinitionPut.model_validate(report.content)
    period = ReportPeriod(
        start=report.period_start, end=report.period_end, tz=report.time_zone, unit=content.period
    )
    return ReportSummary.model_validate(
        {
            "id": report.id,
            "definition": report.definition,
            "title": BilingualText(zh_cn=content.title.zh_cn, en=content.title.en),
            "period": period,
            "trigger": "on_demand" if report.schedule_key is None else "scheduled",
            "status": report.status,
            "problem": report.problem,
            "languages": report.languages,
            "documents": documents,
            "revision": report.revision,
            "created_at": report.created_at,
            "finished_at": report.finished_at,
        }
    )


async def fetch_document(
    session: AsyncSession,
    report: Report,
    *,
    format_: ReportFormat,
    language: ReportLanguage | None,
) -> ReportDocument:
    """A document of the report; without a language, that of the first it was made in.

    409 `report-not-ready`, 501 `pdf-unavailable` where it was made without the parts that print,
    422 for a language in which it was not made.
    """
    if report.status != "ready":
        raise Problem("report-not-ready", explanation=_STATES[report.status])
    wanted = language or report.languages[0]
    if wanted not in report.languages:
        raise Invalid(FieldError("?language", "unknown-value"))
    found = await session.get(ReportDocument, (report.workspace_id, report.id, format_, wanted))
    if found is None:
        raise Problem("pdf-unavailable", explanation=WHAT_TO_INSTALL)
    return found


_STATES = {
    "queued": Text(
        "The report waits for a worker or is being made; ask again in a moment.",
        "报告正在排队或生成中，请稍后再试。",
    ),
    "failed": Text(
        "The report could not be made; `problem` in the report says why. Ask for a new one.",
        "报告未能生成，原因见报告的 problem 字段。请重新创建。",
    ),
}
