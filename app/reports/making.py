"""Makes a report: gathers its figures in one snapshot, renders, prints, and stores all at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database, now
from app.events.service import record
from app.fields import zone
from app.kpis.asking import calendar_period
from app.kpis.schemas import BilingualText
from app.reports import pages, printing
from app.reports.figures import ReportFigures
from app.reports.gathering import Span, gather, gather_scorecard
from app.reports.mailing import enqueue_mails
from app.reports.models import Report, ReportDocument
from app.reports.schemas import ReportDefinitionPut
from app.reports.view import Cover
from app.workspaces.service import fetch_workspace

#: A worker may take its time where a request may not.
_STATEMENT_MS = 60_000


@dataclass(frozen=True)
class Made:
    """A document that was rendered or printed."""

    format: str
    language: str
    content: bytes


async def make_report(database: Database, workspace_id: UUID, report_id: UUID) -> None:
    """Make the report unless it is there already; making it twice stores one."""
    async with database.snapshot() as session:
        report = await session.get(Report, (workspace_id, report_id))
        if report is None or report.status != "queued":
            return
        at = now()
        figures = await _figures(session, report)
    cover = cover_of(report, at)
    documents = await asyncio.to_thread(_made, cover, figures, report.languages)
    async with database.transaction() as session:
        stored = await _locked(session, workspace_id, report_id)
        if stored is None:
            return
        stored.figures = figures.model_dump(mode="json", by_alias=True)
        session.add_all(_row(stored, each) for each in documents)
        _finish(session, stored, "ready", at=at)
        await enqueue_mails(session, stored)


async def fail_report(database: Database, workspace_id: UUID, report_id: UUID, code: str) -> None:
    """Say for good that the report could not be made."""
    async with database.transaction() as session:
        stored = await _locked(session, workspace_id, report_id)
        if stored is not None:
            stored.problem = code
            _finish(session, stored, "failed", at=now())


async def _locked(session: AsyncSession, workspace_id: UUID, report_id: UUID) -> Report | None:
    """The report, if nobody finished it meanwhile."""
    found = await session.get(Report, (workspace_id, report_id), with_for_update=True)
    return found if found is not None and found.status == "queued" else None


def _finish(session: AsyncSession, report: Report, status: str, *, at: datetime) -> None:
    report.status = status
    report.finished_at = at
    report.revision += 1
    record(session, report.workspace_id, f"report.{status}", str(report.id))


async def _figures(session: AsyncSession, report: Report) -> ReportFigures:
    content = ReportDefinitionPut.model_validate(report.content)
    workspace = await fetch_workspace(session, report.workspace_id)
    dates = report.period_start, report.period_end
    period = calendar_period(workspace, *dates, report.time_zone)
    span = Span(report.workspace_id, period, content.period, _STATEMENT_MS)
    sections = await gather(session, span, content.sections)
    scorecard = await gather_scorecard(session, span, content.scorecard)
    return ReportFigures(workspace=workspace.name, sections=sections, scorecard=scorecard)


def cover_of(report: Report, at: datetime) -> Cover:
    """What stands on the first page."""
    content = ReportDefinitionPut.model_validate(report.content)
    return Cover(
        title=BilingualText(zh_cn=content.title.zh_cn, en=content.title.en),
        start=report.period_start,
        end=report.period_end,
        zone=zone(report.time_zone),
        made_at=at,
    )


def _made(cover: Cover, figures: ReportFigures, languages: Sequence[str]) -> list[Made]:
    """A page and, where this machine can print, a PDF in each language."""
    found = []
    for language in languages:
        page = pages.render(cover, figures, language)
        found.append(Made("html", language, page.encode()))
        try:
            found.append(Made("pdf", language, printing.pdf(page, language)))
        except printing.CannotPrint:
            continue
    return found


def _row(report: Report, made: Made) -> ReportDocument:
    return ReportDocument(
        workspace_id=report.workspace_id,
        report_id=report.id,
        format=made.format,
        language=made.language,
        content=made.content,
        size_bytes=len(made.content),
        digest=sha256(made.content).hexdigest(),
    )
