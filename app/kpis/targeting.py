"""Judging a figure by the target that is in effect for it."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import field_error
from app.http.outcomes import Status
from app.kpis.asking import Ask
from app.kpis.declaration import Kpi, Measurement
from app.kpis.schemas import KpiTarget
from app.kpis.selections import scope_key, select_figure
from app.kpis.statistics import Direction, Interval, TargetVerdict, target_verdict
from app.targets import service as targets
from app.targets.attainment import attainment_of, misplaced, on_the_wrong_side
from app.targets.models import Target
from app.targets.schemas import Goal, TargetPut


def verdict_of(
    kpi: Kpi, measured: Measurement, *, target: float, direction: Direction
) -> TargetVerdict:
    """Whether the whole interval meets the target; a plain count is its own interval."""
    interval = measured.interval
    if interval is None and kpi.interval == "none" and measured.value is not None:
        interval = Interval(0.0, measured.value, measured.value, "none")
    return target_verdict(measured.value, interval, target=target, direction=direction)


async def judge(
    session: AsyncSession, kpi: Kpi, ask: Ask, measured: Measurement
) -> KpiTarget | None:
    """The target for exactly this KPI, scope and period, and what the figure says about it."""
    if not ask.targeted:
        return None
    found = await targets.target_in_effect(
        session,
        ask.scope.workspace_id,
        kpi.id,
        scope_key(kpi, ask.scope),
        first=ask.period.start,
        after=ask.period.end,
        currency=measured.currency,
    )
    if found is None:
        return None
    direction = found.direction
    verdict = verdict_of(kpi, measured, target=found.value, direction=direction)
    return KpiTarget(
        target=found.name,
        value=found.value,
        direction=direction,
        floor=found.floor,
        stretch=found.stretch,
        attainment=attainment_of(
            measured.value, target=found.value, direction=direction, floor=found.floor
        ),
        verdict=verdict,
        at_risk=verdict == "inconclusive"
        and measured.value is not None
        and on_the_wrong_side(measured.value, target=found.value, direction=direction),
    )


def check_goal(goal: Goal, direction: Direction, at: str = "") -> None:
    """Refuse a floor or a stretch on the wrong side of the value: 422 with its pointer."""
    wrong = misplaced(
        target=goal.value, direction=direction, floor=goal.floor, stretch=goal.stretch
    )
    if wrong is not None:
        raise field_error(f"{at}/{wrong}", "number-out-of-range")


async def put_target(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: TargetPut,
    *,
    if_match: str | None = None,
) -> tuple[Target, Status]:
    """Judge and keep a target; 422 with pointers for what does not fit the KPI."""
    selection = await select_figure(session, workspace_id, wanted.kpi, wanted.scope)
    direction = wanted.direction or selection.kpi.direction
    check_goal(wanted, direction)
    check_currency(selection.kpi, wanted.currency)
    _check_dates(wanted.valid_from, wanted.valid_to)
    values = {
        "kpi": selection.kpi.id,
        "scope": selection.scope,
        "scope_key": selection.key,
        "value": float(wanted.value),
        "direction": direction,
        "floor": wanted.floor,
        "stretch": wanted.stretch,
        "currency": wanted.currency,
        "valid_from": wanted.valid_from,
        "valid_to": wanted.valid_to,
    }
    return await targets.put_target(session, workspace_id, name, values, if_match=if_match)


def check_currency(kpi: Kpi, currency: str | None, at: str = "") -> None:
    """An amount of money says its currency; anything else has none."""
    if kpi.unit == "money" and currency is None:
        raise field_error(f"{at}/currency", "missing-field")
    if kpi.unit != "money" and currency is not None:
        raise field_error(f"{at}/currency", "unknown-field")


def _check_dates(starts: date | None, ends: date | None) -> None:
    if starts is not None and ends is not None and ends <= starts:
        raise field_error("/valid_to", "invalid-value")
