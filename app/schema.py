"""Brings a database's tables to the newest migration, and says which migrations it lacks."""

import random
import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import sqlstate

_LOCK_NOT_AVAILABLE = "55P03"
_ATTEMPTS = 20
#: Where the migrations are: in the repository, or where an installed wheel puts its data.
_PLACES = (
    Path(__file__).parent.parent / "migrations",
    Path(sys.prefix) / "share" / "customer-feedback" / "migrations",
)


def upgrade(database_url: str) -> None:
    """Run every migration that is missing; returns at once when there is none.

    A migration gives up its lock request after a short wait, so as not to queue in front of the
    service's own statements; it is tried again, at most twenty times, at uneven intervals. Runs
    an event loop of its own: call it from outside one.
    """
    config = _config(database_url)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            if sqlstate(error) != _LOCK_NOT_AVAILABLE or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - two waiters must not keep step
        else:
            return


async def pending(connection: AsyncConnection) -> list[str]:
    """The revisions that the database lacks, oldest first.

    Raises LookupError when the database is at a revision that this program does not know: it
    belongs to a newer release.
    """
    scripts = ScriptDirectory.from_config(_config(""))
    known = [script.revision for script in scripts.walk_revisions()]
    reached = await connection.run_sync(_reached)
    unknown = reached - set(known)
    if unknown:
        raise LookupError(", ".join(sorted(unknown)))
    applied = {
        script.revision for head in reached for script in scripts.iterate_revisions(head, "base")
    }
    return [revision for revision in reversed(known) if revision not in applied]


def _reached(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _config(database_url: str) -> Config:
    """Alembic's configuration, made here: an installed service has no file for it."""
    directory = next(place for place in _PLACES if (place / "env.py").exists())
    config = Config()
    for name, value in (("script_location", str(directory)), ("sqlalchemy.url", database_url)):
        config.set_main_option(name, value.replace("%", "%%"))
    return config
