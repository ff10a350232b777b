"""The background process: the only place that knows every job."""

import asyncio

from app.config import Settings
from app.db import Database
from app.http import tasks as http
from app.jobs import keep_running
from app.responses import tasks as responses

JOBS = [*responses.JOBS, *http.JOBS]


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then finish the pieces under way."""
    database = Database(settings)
    try:
        await keep_running(database, JOBS, stop)
    finally:
        await database.close()
