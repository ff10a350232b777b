"""Days of changes that writers list, with the instants that each is about, and a fold takes.

Listed are those instants too from which something was moved away: rows no longer tell these. A
read adds what is listed to what is noted, in one snapshot, so that nothing waits for the fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from app.restatements.days import EVER, ChangedDays, forget_days, kept_in_zone, noted, noting
from app.restatements.models import Source

_DAYS = """SELECT (moment AT TIME ZONE :time_zone)::date AS day, changed_at
        FROM {table} CROSS JOIN unnest(moments) AS moment"""


@dataclass(frozen=True)
class ListedDays:
    """The days of one source."""

    source: Source
    rollup: str
    """The table that says in which zone the days are noted."""
    table: str
    """The list, whose entries have `moments` and `changed_at`."""
    waiting: str
    """The condition on an entry that is not noted yet."""
    take: str
    """The beginning of the statement that takes entries from the list."""
    rows: str
    """The statement that tells `day` and `changed_at` of the rows that changed from :since on."""

    @property
    def changed_days(self) -> ChangedDays:
        """What tells which days have changed."""
        listed = _DAYS.format(table=self.table)
        return ChangedDays(
            told=f"""{noted(self.source)}
    UNION ALL
    SELECT day, changed_at FROM (
        {listed} WHERE workspace_id = :workspace_id AND {self.waiting}
    ) AS listed WHERE day >= :first AND day < :last""",  # noqa: S608 - only names of our own
            kept=kept_in_zone(self.rollup),
            counted=f"""SELECT day, changed_at FROM ({self.rows}) AS each
    WHERE day >= :first AND day < :last""",  # noqa: S608 - only names of our own
        )

    async def note(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        time_zone: str,
        entries: Sequence[UUID] | None = None,
    ) -> None:
        """Take from the list what waits, or of it these entries, and note its days."""
        named = {"workspace_id": workspace_id, "time_zone": time_zone}
        if entries is None:
            await session.execute(self._note_all, named)
        elif entries:
            await session.execute(self._note_these, named | {"entries": list(entries)})

    async def begin_anew(
        self, session: AsyncSession, workspace_id: UUID, before: str, time_zone: str
    ) -> None:
        """Note what rows and list tell; forget what is noted only if its zone was another."""
        if before != time_zone:
            await forget_days(session, workspace_id, self.source)
        named = {"workspace_id": workspace_id, "time_zone": time_zone, "since": EVER}
        await session.execute(self._note_rows, named)
        await self.note(session, workspace_id, time_zone)

    @cached_property
    def _note_all(self) -> TextClause:
        return self._taking("")

    @cached_property
    def _note_these(self) -> TextClause:
        return self._taking("AND id = ANY(CAST(:entries AS uuid[]))")

    @cached_property
    def _note_rows(self) -> TextClause:
        return noting(f"'{self.source}'", f"SELECT '', day, changed_at FROM ({self.rows}) AS each")  # noqa: S608

    def _taking(self, these: str) -> TextClause:
        return noting(
            f"'{self.source}'",
            f"SELECT '', day, changed_at FROM ({_DAYS.format(table='taken')}) AS days",  # noqa: S608
            f"""WITH taken AS (
    {self.take} WHERE workspace_id = :workspace_id AND {self.waiting} {these}
    RETURNING moments, changed_at
)""",
        )
