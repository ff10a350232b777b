"""Keeping scorecards: each is judged as a whole when it is put."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid, field_error
from app.events.service import record
from app.http.outcomes import Status
from app.http.pagination import PageRequest
from app.kpis.selections import select_figure
from app.kpis.targeting import check_currency, check_goal
from app.named import delete_named, fetch_named, find_named, page_by_name, put_named
from app.scorecards.models import Metric, Scorecard
from app.scorecards.schemas import KpiIndicatorPut, MetricIndicatorPut, ScorecardPut
from app.targets.attainment import Direction
from app.targets.schemas import Goal

Json = dict[str, Any]


async def put_scorecard(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: ScorecardPut,
    *,
    if_match: str | None = None,
) -> tuple[Scorecard, Status]:
    """Make the scorecard or replace it; 422 with pointers for what does not fit."""
    _refuse_repetitions(wanted)
    document: Json = {"title": wanted.title, "perspectives": []}
    for place, perspective in enumerate(wanted.perspectives):
        indicators = [
            await _indicator(
                session, workspace_id, each, f"/perspectives/{place}/indicators/{number}"
            )
            for number, each in enumerate(perspective.indicators)
        ]
        document["perspectives"].append(
            {
                "perspective": perspective.perspective,
                "weight": float(perspective.weight),
                "indicators": indicators,
            }
        )
    values = {"document": document}
    scorecard, status = await put_named(
        session, Scorecard, workspace_id, name, values, if_match=if_match
    )
    if status != "unchanged":
        record(session, workspace_id, f"scorecard.{status}", name)
    return scorecard, status


def _refuse_repetitions(wanted: ScorecardPut) -> None:
    """A perspective stands once, and so does a key, in the whole scorecard."""
    wrong: list[FieldError] = []
    perspectives: set[str] = set()
    keys: set[str] = set()
    for place, perspective in enumerate(wanted.perspectives):
        at = f"/perspectives/{place}"
        if perspective.perspective in perspectives:
            wrong.append(FieldError(f"{at}/perspective", "duplicate-item"))
        perspectives.add(perspective.perspective)
        for number, indicator in enumerate(perspective.indicators):
            if indicator.key in keys:
                wrong.append(FieldError(f"{at}/indicators/{number}/key", "duplicate-item"))
            keys.add(indicator.key)
    if wrong:
        raise Invalid(*wrong)


async def _indicator(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: KpiIndicatorPut | MetricIndicatorPut,
    at: str,
) -> Json:
    """The indicator as it is kept: everything that could change its meaning is written out."""
    kept: Json = {
        "key": wanted.key,
        "source": wanted.source,
        "kpi": None,
        "scope": None,
        "currency": None,
        "metric": None,
        "name": wanted.name,
        "weight": float(wanted.weight),
    }
    if isinstance(wanted, KpiIndicatorPut):
        selection = await select_figure(session, workspace_id, wanted.kpi, wanted.scope, at=at)
        check_currency(selection.kpi, wanted.currency, at)
        kept |= {"kpi": wanted.kpi, "scope": selection.scope, "currency": wanted.currency}
        own: Direction = selection.kpi.direction
    else:
        metric = await find_named(session, Metric, workspace_id, wanted.metric)
        if metric is None:
            raise field_error(f"{at}/metric", "unknown-reference")
        kept |= {"metric": wanted.metric}
        own = metric.direction
    return kept | {"target": _goal(wanted.target, own, f"{at}/target")}


def _goal(goal: Goal, own: Direction, at: str) -> Json:
    """A goal that a score can be made of: its beginning must be known."""
    direction = goal.direction or own
    check_goal(goal, direction, at)
    if goal.floor is None and (direction == "lower" or goal.value <= 0):
        raise field_error(f"{at}/floor", "missing-field")
    return {
        "value": float(goal.value),
        "direction": direction,
        "floor": None if goal.floor is None else float(goal.floor),
        "stretch": None if goal.stretch is None else float(goal.stretch),
    }


async def fetch_scorecard(session: AsyncSession, workspace_id: UUID, name: str) -> Scorecard:
    """The scorecard with that name; 404 where there is none."""
    return await fetch_named(session, Scorecard, workspace_id, name)


async def list_scorecards(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[Scorecard], str | None]:
    """The scorecards by name."""
    query = select(Scorecard).where(Scorecard.workspace_id == workspace_id)
    return await page_by_name(session, Scorecard, query, paging)


async def delete_scorecard(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None = None
) -> None:
    """Forget the scorecard; its figures and metrics stay."""
    await delete_named(session, Scorecard, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "scorecard.deleted", name)
