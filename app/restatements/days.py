"""Noting the days that a change touches, and reading what is noted.

What is noted are the instants of the changes themselves, never that of a fold, and the latest
stays: to note the same again changes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import TextClause, delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.restatements.models import ChangedDay, Source

#: Before anything that is recorded.
EVER = datetime.min.replace(tzinfo=UTC)
_STATED = """
SELECT '', CAST(day AS date), CAST(:at AS timestamptz)
FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp) - interval '1 day',
    interval '1 day') AS day
"""


def noting(source: str, touched: str, taken: str = "") -> TextClause:
    """The statement that notes `touched`: rows of a member, a local day and an instant.

    All three are SQL; `taken` is what it begins with: the expressions `WITH` that `touched` reads.
    """
    return text(f"""{taken}
INSERT INTO changed_days (workspace_id, source, member, day, changed_at)
SELECT CAST(:workspace_id AS uuid), {source}, member, day, max(changed_at)
FROM ({touched}) AS touched (member, day, changed_at)
GROUP BY 3, 4 ORDER BY 3, 4
ON CONFLICT (workspace_id, source, member, day) DO UPDATE SET changed_at = excluded.changed_at
WHERE changed_days.changed_at < excluded.changed_at
""")  # noqa: S608 - only statements of our own


_NOTE_STATED = noting("CAST(:source AS text)", _STATED)


async def note_stated(
    session: AsyncSession,
    workspace_id: UUID,
    source: Source,
    *,
    first: date,
    last: date,
    at: datetime,
) -> None:
    """Note that what is stated of the days [first, last) is no longer what it was."""
    named = {"workspace_id": workspace_id, "source": source, "at": at}
    await session.execute(_NOTE_STATED, named | {"first": first, "last": last})


async def forget_days(session: AsyncSession, workspace_id: UUID, source: Source) -> None:
    """Forget the days of a source: they were those of another zone."""
    mine = ChangedDay.workspace_id == workspace_id, ChangedDay.source == source
    await session.execute(delete(ChangedDay).where(*mine))


@dataclass(frozen=True)
class ChangedDays:
    """Statements that tell days in [:first, :last) with an instant at which each changed."""

    told: str
    """By what is noted and what is still to be noted."""
    kept: str = "true"
    """The condition that this is of the days of :time_zone; untrue before the first fold."""
    counted: str = ""
    """By the rows alone, for any other zone; what changed before :since may be left out."""


def noted(source: Source, members: str = "member = ''") -> str:
    """The statement that tells what is noted."""
    return f"""SELECT day, changed_at FROM changed_days
    WHERE workspace_id = :workspace_id AND source = '{source}' AND {members}
        AND day >= :first AND day < :last"""  # noqa: S608 - only names of our own


def kept_in_zone(rollup: str) -> str:
    """The condition that the days of a rollup are those of :time_zone."""
    return f"""EXISTS (SELECT FROM {rollup}
        WHERE workspace_id = :workspace_id AND time_zone = :time_zone)"""
