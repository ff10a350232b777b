"""Asking for survival curves over HTTP."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.http.auth import Credential, needs
from app.http.rendering import language_of
from app.http.route import ReadSession, Route
from app.kpis import envelopes
from app.kpis.asking import Ask, Asked, understand
from app.kpis.catalog.returning import TIME_TO_SECOND_PURCHASE
from app.kpis.restating import periods_of
from app.kpis.survival import Band, Lives, banded, curve, log_rank, median_within
from app.kpis.survival_disclosure import withheld
from app.kpis.survival_lives import Groups, Wanted
from app.kpis.survival_schemas import (
    SurvivalCurves,
    SurvivalGroup,
    SurvivalPoint,
    SurvivalQuery,
    SurvivalTest,
)
from app.kpis.survival_times import watch

router = APIRouter(prefix="/v1", tags=["kpis"], route_class=Route)
Reader = Annotated[Credential, needs("kpi:read")]
_UNKNOWN = (None, None)


@router.get("/kpis/retention/survival", operation_id="get_retention_survival")
async def get_retention_survival(
    query: Annotated[SurvivalQuery, Query()],
    session: ReadSession,
    caller: Reader,
    request: Request,
    response: Response,
) -> SurvivalCurves:
    """How long customers take to return, or until they fall silent: Kaplan-Meier curves.

    Time runs in local days from the first purchase. Who has not returned (or is not silent) when
    the period ends is censored then, and at risk up to that day. Who was a customer before the
    period began enters late. Variance by Greenwood; groups are compared by the log-rank test.
    """
    response.headers["Vary"] = "Accept-Language"
    timeout_ms = request.app.state.settings.report_timeout_ms
    ask = await _understand(session, caller.workspace_id, query, timeout_ms)
    wanted = Wanted(
        scope=ask.scope,
        period=ask.period,
        event=query.event,
        window=query.window_days,
        watched_from=ask.period.start.toordinal() if query.start else 0,
    )
    groups = dict(await watch(session, wanted, query.group_by))
    if query.group_by is None:
        groups.setdefault("", Lives())
    hidden = await withheld(session, wanted, groups, query.group_by)
    (period,) = await periods_of(session, TIME_TO_SECOND_PURCHASE, ask, [ask.period])
    nobody = Lives()
    shown = {member: each for member, each in groups.items() if member not in hidden}
    return SurvivalCurves(
        **envelopes.header(TIME_TO_SECOND_PURCHASE, ask, language_of(request.scope)),
        period=period,
        event=query.event,
        window_days=query.window_days,
        band=query.band,
        unit_of_time="day",
        group_by=query.group_by,
        groups=[
            _group(
                member, shown.get(member, nobody), query.band, query.level, hidden=member in hidden
            )
            for member in sorted(groups)
        ],
        log_rank=_test(shown),
    )


async def _understand(
    session: AsyncSession, workspace_id: UUID, query: SurvivalQuery, timeout_ms: int
) -> Ask:
    named = {"segment": tuple(query.segment or ()), "channel": tuple(query.channel or ())}
    end = query.end
    asked = Asked(
        start=query.start or (end - timedelta(days=1) if end else None),
        end=end,
        zone=query.tz,
        compare="none",
        level=query.level,
        named={name: values for name, values in named.items() if values},
        filters=tuple(query.filter or ()),
        options={"event": query.event, "window_days": str(query.window_days), "band": query.band},
        group_by=query.group_by,
    )
    return await understand(
        session,
        TIME_TO_SECOND_PURCHASE,
        workspace_id,
        asked,
        now=now(),
        timeout_ms=timeout_ms,
    )


def _group(member: str, lives: Lives, band: Band, level: float, *, hidden: bool) -> SurvivalGroup:
    found = curve(lives)
    band_ends = list(banded(found, band, level))
    low, high = median_within(found, band_ends)
    points = [
        SurvivalPoint(t, at_risk, events, s, *(ends or _UNKNOWN))
        for (t, at_risk, events, s, _), ends in zip(found.points, band_ends, strict=True)
    ]
    return SurvivalGroup(
        member=member,
        n=found.subjects,
        events=found.events,
        censored=found.subjects - found.events,
        late=found.late,
        suppressed=hidden,
        median=found.quantile(0.5),
        median_low=low,
        median_high=high,
        curve=points,
    )


def _test(groups: Groups) -> SurvivalTest | None:
    found = log_rank(groups)
    if found is None:
        return None
    return SurvivalTest(test="log_rank", statistic=found.statistic, df=found.df, p=found.p)
