"""Mails scheduled reports to who receives them: a few words, the report attached."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from html import escape
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import jobs
from app.alerts import mail
from app.alerts.webhooks import Undelivered
from app.config import Settings
from app.db import Database, now
from app.events.service import record
from app.jobs import Job
from app.problems import Text
from app.reports import formats
from app.reports.models import Report, ReportDelivery, ReportDocument
from app.reports.schemas import ReportDefinitionPut
from app.strict_json import Json

MAIL = "mail_report"
_TYPES = {"html": ("text", "html"), "pdf": ("application", "pdf")}
_TOLD = Text(
    "{title}, {period}, is attached. Its figures with every digit: {url}",
    "附件为《{title}》（{period}）。完整数据见：{url}",
)


async def enqueue_mails(session: AsyncSession, report: Report) -> None:
    """Have a report that was just made mailed to its receivers, if it was made by a schedule."""
    if report.schedule_key is None:
        return
    content = ReportDefinitionPut.model_validate(report.content)
    for number, receiver in enumerate(content.recipients):
        language = receiver.language
        session.add(
            ReportDelivery(
                workspace_id=report.workspace_id,
                report_id=report.id,
                number=number,
                address=receiver.to,
                language=language if language in report.languages else report.languages[0],
            )
        )
    await session.flush()
    for number in range(len(content.recipients)):
        payload: Mapping[str, Json] = {
            "workspace_id": str(report.workspace_id),
            "report_id": str(report.id),
            "number": number,
        }
        await jobs.enqueue(session, MAIL, payload, key=f"{report.id}.{number}")


async def mail_report(database: Database, job: Job) -> None:
    """Mail a report to one receiver, unless that is done.

    At least once: a worker that dies between the mail and its note sends it again, under the
    same Message-ID. Raises `Undelivered` to be tried again.
    """
    workspace_id, report_id = (UUID(str(job.payload[n])) for n in ("workspace_id", "report_id"))
    number = int(str(job.payload["number"]))
    key = (workspace_id, report_id, number)
    async with database.snapshot() as session:
        delivery = await session.get(ReportDelivery, key)
        report = await session.get(Report, (workspace_id, report_id))
        if delivery is None or report is None or delivery.status != "pending":
            return
        documents = await _documents(session, report, delivery.language)
    failure: Undelivered | None = None
    try:
        await mail.send(database.settings, _letter(database.settings, report, delivery, documents))
    except Undelivered as undelivered:
        failure = undelivered
    over = failure is None or failure.final or job.last
    async with database.transaction() as session:
        kept = await session.get(ReportDelivery, key, with_for_update=True)
        if kept is not None and kept.status == "pending":
            _note(session, kept, failure, over=over)
    if failure is not None and not over:
        raise failure


def _note(
    session: AsyncSession, delivery: ReportDelivery, failure: Undelivered | None, *, over: bool
) -> None:
    delivery.error = None if failure is None else failure.why
    if over:
        delivery.status = "sent" if failure is None else "failed"
        delivery.finished_at = now()
        what = f"report_delivery.{delivery.status}"
        record(session, delivery.workspace_id, what, str(delivery.report_id),
               number=delivery.number, error=delivery.error)  # fmt: skip


async def _documents(
    session: AsyncSession, report: Report, language: str
) -> Sequence[ReportDocument]:
    """The page and the PDF, as far as they were made."""
    found = await session.scalars(
        select(ReportDocument)
        .where(
            ReportDocument.workspace_id == report.workspace_id,
            ReportDocument.report_id == report.id,
            ReportDocument.language == language,
        )
        .order_by(ReportDocument.format.desc())
    )
    return found.all()


def _letter(
    settings: Settings,
    report: Report,
    delivery: ReportDelivery,
    documents: Sequence[ReportDocument],
) -> EmailMessage:
    content = ReportDefinitionPut.model_validate(report.content)
    language = delivery.language
    title = Text(content.title.en, content.title.zh_cn).of(language)
    title = " ".join(title.split())
    period = formats.span(report.period_start, report.period_end, language)
    url = f"{settings.base_url.rstrip('/')}/v1/reports/{report.id}"
    told = _TOLD.of(language).format(title=title, period=period, url=url)
    letter = mail.mail(
        settings,
        id_=f"{report.id}.{delivery.number}",
        to=delivery.address,
        subject=f"{title} · {period}",
        text=told,
        html=f"<p>{escape(told)}</p>",
    )
    for document in documents:
        main, sub = _TYPES[document.format]
        name = f"{report.definition}-{report.period_start}.{document.format}"
        letter.add_attachment(document.content, maintype=main, subtype=sub, filename=name)
    return letter
