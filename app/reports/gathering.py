"""Gathers the figures of a report: each KPI asked as its own paths would answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now, sqlstate
from app.errors import Problem
from app.kpis.asking import Asked
from app.kpis.calendar_units import Grain
from app.kpis.declaration import Kpi
from app.kpis.periods import Period
from app.kpis.schemas import BilingualText
from app.kpis.selections import Selection
from app.kpis.service import Wanted, fetch_comparison, fetch_distribution, fetch_kpi, fetch_trend
from app.named import find_named
from app.problems import Text
from app.reports.asking import (
    counts_asked,
    groups_asked,
    selection_of,
    trend_asked,
    value_asked,
)
from app.reports.figures import ReportSection
from app.reports.schemas import ReportSectionPut
from app.scorecards.models import Scorecard
from app.scorecards.results import Asking, fetch_result
from app.scorecards.schemas import ScorecardResult

_TOO_SLOW = "57014"
#: Texts of the answers that are kept as data; documents take theirs from the catalogue.
_LANGUAGE = "en"


@dataclass(frozen=True)
class Span:
    """Of whom and of when figures are gathered, and how long each statement may take."""

    workspace_id: UUID
    period: Period
    grain: Grain
    timeout_ms: int


async def gather(
    session: AsyncSession, span: Span, sections: Sequence[ReportSectionPut]
) -> list[ReportSection]:
    """Every section, in the snapshot of the session.

    A section whose figures take too long, or that its KPI refuses by now, says so by the code of
    the problem and leaves the others whole.
    """
    found = []
    for section in sections:
        selection = selection_of(section)
        if selection is None:
            continue
        kpi = selection.kpi
        try:
            async with session.begin_nested():
                made = await _section(session, span, selection, section)
        except Problem as refusal:
            made = _empty(kpi, section, refusal.code)
        except DBAPIError as error:
            if sqlstate(error) != _TOO_SLOW:
                raise
            made = _empty(kpi, section, "report-too-slow")
        found.append(made)
    return found


async def _section(
    session: AsyncSession, span: Span, selection: Selection, section: ReportSectionPut
) -> ReportSection:
    period, kpi = span.period, selection.kpi

    def wanted(asked: Asked) -> Wanted:
        return Wanted(kpi, span.workspace_id, asked, _LANGUAGE, span.timeout_ms)

    value = await fetch_kpi(session, wanted(value_asked(selection, period)))
    trend = None
    if section.trend:
        trend = await fetch_trend(
            session, wanted(trend_asked(selection, period, span.grain, section.trend))
        )
    comparisons = [
        await fetch_comparison(session, wanted(groups_asked(selection, period, dimension)))
        for dimension in section.compare_by
    ]
    distribution = None
    if section.distribution:
        distribution = await fetch_distribution(session, wanted(counts_asked(selection, period)))
    empty = _empty(kpi, section, None)
    return empty.model_copy(
        update={
            "value": value,
            "trend": trend,
            "comparisons": comparisons,
            "distribution": distribution,
        }
    )


async def gather_scorecard(
    session: AsyncSession, span: Span, name: str | None
) -> ScorecardResult | None:
    """How the scorecard stands in the period; None where none is wanted, or it is gone."""
    if name is None:
        return None
    found = await find_named(session, Scorecard, span.workspace_id, name)
    if found is None:
        return None
    asking = Asking(span.workspace_id, span.period, now(), span.timeout_ms)
    try:
        async with session.begin_nested():
            return await fetch_result(session, found, asking)
    except DBAPIError as error:
        if sqlstate(error) != _TOO_SLOW:
            raise
        return None


def _empty(kpi: Kpi, section: ReportSectionPut, problem: str | None) -> ReportSection:
    title = section.title
    return ReportSection(
        kpi=kpi.id,
        title=None if title is None else BilingualText(zh_cn=title.zh_cn, en=title.en),
        name=_bilingual(kpi.name),
        formula=_bilingual(kpi.formula),
        numerator=_bilingual(kpi.numerator),
        denominator=_bilingual(kpi.denominator),
        problem=problem,
        value=None,
        trend=None,
        comparisons=[],
        distribution=None,
    )


def _bilingual(text: Text) -> BilingualText:
    return BilingualText(zh_cn=text.zh, en=text.en)
