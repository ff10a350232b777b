"""The background process: the only place that knows every job."""

import asyncio
from collections.abc import Mapping

from app.alerts import tasks as alerts
from app.analyses import tasks as analyses
from app.churn import tasks as churn
from app.churn.recount import recount_churn
from app.config import Settings
from app.db import Database
from app.http import tasks as http
from app.jobs import Handler
from app.jobs.running import keep_running
from app.kpis.restating_recount import recount_changed_days
from app.lifetime import tasks as lifetime
from app.market import tasks as market
from app.market.recount import recount_leads
from app.purchases import tasks as purchases
from app.purchases.recount import recount_purchases
from app.recounts.findings import Recounter
from app.recounts.tasks import nightly
from app.reports import tasks as reports
from app.responses import tasks as responses
from app.responses.recount import recount_cells
from app.responses.sign_recount import recount_signs

_PATIENCE_SECONDS = 180.0
#: What is kept added up, and how each is counted again from the rows.
ROLLUPS: Mapping[str, Recounter] = {
    "survey_cells": recount_cells,
    "sign_cells": recount_signs,
    "purchases": recount_purchases,
    "leads": recount_leads,
    "churn_counts": recount_churn,
    "changed_days": recount_changed_days,
}
JOBS = [
    *responses.JOBS,
    *purchases.JOBS,
    *market.JOBS,
    *lifetime.JOBS,
    *churn.JOBS,
    *alerts.JOBS,
    *reports.JOBS,
    *http.JOBS,
    nightly(ROLLUPS),
]
#: What queued jobs run, by their names: the HANDLERS of every package's tasks.
HANDLERS: Mapping[str, Handler] = {
    **analyses.HANDLERS,
    **alerts.HANDLERS,
    **lifetime.HANDLERS,
    **reports.HANDLERS,
}


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then finish the pieces under way."""
    # Jobs set a statement timeout of their own; the driver must not give up before it.
    database = Database(settings.model_copy(update={"command_timeout_seconds": _PATIENCE_SECONDS}))
    try:
        await keep_running(database, JOBS, stop, HANDLERS)
    finally:
        await database.close()
