"""Comparing the days that are noted as changed with what the rows say of them.

Of responses both are equal. Orders, refunds and leads may have left a day for another one, which
no row knows: of these nothing that the rows say may be missing, or be noted as older than it is.
What statements touch is noted as they are written, and no fold has a part in it.
"""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import run
from app.market.changed_days import LEAD_DAYS
from app.purchases.changed_days import PURCHASE_DAYS
from app.recounts.findings import Difference, Recount
from app.responses.changed_days import changed_days
from app.responses.models import RollupState
from app.restatements.days import EVER, ChangedDays
from app.surveys.models import Survey
from app.workspaces.models import Workspace

_NOTED = text("""
SELECT min(day), max(day) FROM changed_days WHERE workspace_id = :workspace_id AND source = :source
""")


async def recount_changed_days(
    session: AsyncSession, workspace_id: UUID, sample: int | None
) -> Recount:
    """Compare so many days of each source, and of one survey, from a random one on; or all."""
    zone = (await session.get_one(Workspace, workspace_id)).time_zone
    state = await session.get(RollupState, workspace_id)
    named = {
        "workspace_id": workspace_id,
        "time_zone": zone,
        "folded_to": state.folded_to if state is not None else 0,
        "since": EVER,
    }
    found = _Comparison(session, named, sample)
    await found.compare("purchases", PURCHASE_DAYS.changed_days)
    await found.compare("leads", LEAD_DAYS.changed_days)
    await found.compare("responses", changed_days(state, zone), exact=True)
    surveys = list(await session.scalars(select(Survey.id).filter_by(workspace_id=workspace_id)))
    if sample is not None and surveys:
        surveys = [random.choice(surveys)]  # noqa: S311 - not a secret
    of_surveys = changed_days(state, zone, of_surveys=True)
    for survey in surveys:
        await found.compare("responses", of_surveys, str(survey), exact=True)
    return Recount(found.days, found.differences)


class _Comparison:
    """What is noted in one workspace beside what its rows say."""

    def __init__(
        self, session: AsyncSession, named: Mapping[str, object], sample: int | None
    ) -> None:
        self.session, self.named, self.sample = session, named, sample
        self.days = 0
        self.differences: list[Difference] = []

    async def compare(
        self, source: str, days: ChangedDays, survey: str = "", *, exact: bool = False
    ) -> None:
        """Compare the days of a source, or of one survey."""
        named = {**self.named, **await self._span(source)}
        if survey:
            named["surveys"] = [survey]
        for day, told, counted in await run(self.session, _comparing(days), named):
            self.days += 1
            missing = told is None or (counted is not None and told < counted)
            if missing or (exact and told != counted):
                where = f"{source} {survey} {day}"
                self.differences.append(Difference(where, str(told), str(counted)))

    async def _span(self, source: str) -> dict[str, object]:
        """All days, or some from one of those that are noted."""
        if self.sample is None:
            return {"first": date.min, "last": date.max}
        named = {"workspace_id": self.named["workspace_id"], "source": source}
        first, last = (await self.session.execute(_NOTED, named)).one()
        days = random.randint(0, (last - first).days) if first else 0  # noqa: S311 - not a secret
        start = (first or date.min) + timedelta(days=days)
        return {"first": start, "last": start + timedelta(days=self.sample)}


def _comparing(days: ChangedDays) -> str:
    """The statement that sets what is told of each day beside what is counted, or nothing."""
    return f"""
SELECT day, max(told), max(counted) FROM (
    SELECT day, changed_at AS told, CAST(NULL AS timestamptz) AS counted FROM ({days.told}) AS told
    UNION ALL
    SELECT day, NULL, changed_at FROM ({days.counted}) AS counted
) AS compared WHERE {days.kept} GROUP BY day"""  # noqa: S608 - only statements of our own
