"""What a section of a report asks of its KPI; whether it may is judged as for the KPI's paths."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Problem, field_error
from app.kpis.asking import Ask, Asked, understand
from app.kpis.calendar_units import Grain
from app.kpis.declaration import Kpi
from app.kpis.periods import Period
from app.kpis.selections import Selection, select_figure, stored
from app.reports.due import trend_start
from app.reports.schemas import ReportSectionPut

_CHECK_MS = 4_000


def selection_of(section: ReportSectionPut) -> Selection | None:
    """The figure of a section; None if a release has dropped its KPI."""
    scope = section.scope.model_dump(mode="json")
    found = stored(section.kpi, scope)
    if found is None:
        return None
    usual = {option.name: option.default for option in found.kpi.options if option.default}
    return replace(found, scope=scope | {"options": usual | scope["options"]})


def value_asked(selection: Selection, period: Period) -> Asked:
    """The figure of the period with the change since the one before."""
    return selection.asked(period.start, period.end, zone=period.zone.key, compare="previous")


def trend_asked(selection: Selection, period: Period, grain: Grain, points: int) -> Asked:
    """The periods before it too, in the units of the report."""
    start = trend_start(period, grain, points)
    return replace(counts_asked(selection, period), start=start, grain=grain)


def groups_asked(selection: Selection, period: Period, dimension: str) -> Asked:
    """The groups of one dimension."""
    return replace(counts_asked(selection, period), group_by=dimension)


def counts_asked(selection: Selection, period: Period) -> Asked:
    """The answers behind the figure."""
    return selection.asked(period.start, period.end, zone=period.zone.key)


async def checked(
    session: AsyncSession,
    workspace_id: UUID,
    sections: Sequence[ReportSectionPut],
    period: Period,
    *,
    now: datetime,
) -> list[ReportSectionPut]:
    """The sections with their scopes in their one spelling.

    Refuses what the KPIs' own paths would refuse: 422 with pointers into the definition.
    """
    found = []
    for number, section in enumerate(sections):
        place = f"/sections/{number}"
        selection = await select_figure(session, workspace_id, section.kpi, section.scope, at=place)
        kpi = selection.kpi
        if section.distribution and not kpi.has_distribution:
            raise field_error(f"{place}/distribution", "invalid-value")
        for index, dimension in enumerate(section.compare_by):
            wanted = groups_asked(selection, period, dimension)
            ask = await understand(
                session, kpi, workspace_id, wanted, now=now, timeout_ms=_CHECK_MS
            )
            _check_dimension(ask, kpi, f"{place}/compare_by/{index}")
        scope = section.scope.model_validate(selection.scope)
        found.append(section.model_copy(update={"scope": scope}))
    return found


def _check_dimension(ask: Ask, kpi: Kpi, place: str) -> None:
    try:
        ask.dimension(kpi)
    except Problem as refusal:
        errors = [FieldError(place, error.code) for error in refusal.errors]
        raise Problem(refusal.code, errors=errors) from None
