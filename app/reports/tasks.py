"""Background work on reports: noticing that they are due, and making them."""

from collections.abc import Mapping
from uuid import UUID

from app.db import Database, now
from app.http.rendering import from_exception
from app.jobs import Handler, Job, Periodic
from app.reports.mailing import MAIL, mail_report
from app.reports.making import fail_report, make_report
from app.reports.scheduling import want_next_due
from app.reports.service import MAKE


async def want_due(database: Database) -> bool:
    """Queue the next report that is due; True where there may be more."""
    async with database.transaction() as session:
        return await want_next_due(session, now())


async def make(database: Database, job: Job) -> None:
    """Make the report that a job names; after the last attempt the report says why it failed."""
    workspace_id, report_id = (UUID(str(job.payload[n])) for n in ("workspace_id", "report_id"))
    try:
        await make_report(database, workspace_id, report_id)
    except Exception as error:
        if job.last:
            await fail_report(database, workspace_id, report_id, from_exception(error).code)
        raise


JOBS = [Periodic("want_due_reports", every_seconds=30.0, run=want_due)]
HANDLERS: Mapping[str, Handler] = {MAKE: make, MAIL: mail_report}
