"""Keeping alert rules; reading and acknowledging alerts."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.buckets import bucket_start, last_end, next_end
from app.alerts.changes import Judged, raise_alert
from app.alerts.hysteresis import State
from app.alerts.kinds import Cause
from app.alerts.models import Alert, AlertDelivery, AlertRule, AlertRuleState
from app.alerts.rules import JUDGED, document_of, secrets_of
from app.alerts.schemas import AlertRulePut
from app.db import now
from app.errors import NotFound
from app.events.service import record
from app.fields import weekday, zone
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor, newest_first
from app.named import delete_named, fetch_named, find_named, page_by_name, put_named
from app.workspaces.service import fetch_workspace

Rule = tuple[AlertRule, AlertRuleState]


async def put_rule(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    wanted: AlertRulePut,
    *,
    if_match: str | None = None,
    private: bool = False,
) -> tuple[Rule, Status]:
    """Make the rule or replace it; it is evaluated at once for the last bucket that is over.

    A change of what is judged begins anew at `ok`: if it was not ok, that is a change of state
    too, and is told as one. `private` allows webhooks within the own network.
    """
    document = await document_of(session, workspace_id, wanted)
    before = await find_named(session, AlertRule, workspace_id, name, lock=True)
    earlier = dict(before.document) if before is not None else {}
    secrets = secrets_of(wanted, before.secrets if before else {}, private=private)
    values = {"document": document, "secrets": secrets}
    rule, status = await put_named(
        session, AlertRule, workspace_id, name, values, if_match=if_match
    )
    if status == "created":
        state = AlertRuleState(workspace_id=workspace_id, rule=name, evaluated_to=now())
        session.add(state)
        await _begin(session, rule, state)
    else:
        state = await _locked_state(session, rule)
        if any(earlier.get(part) != document[part] for part in JUDGED):
            await _close(session, rule, state, "rule_changed")
            await _begin(session, rule, state)
        elif status == "updated":
            await _schedule(session, rule, state)
    if status != "unchanged":
        record(session, workspace_id, f"alert_rule.{status}", name)
    await session.flush()
    return (rule, state), status


async def _locked_state(session: AsyncSession, rule: AlertRule) -> AlertRuleState:
    query = select(AlertRuleState).where(
        AlertRuleState.workspace_id == rule.workspace_id, AlertRuleState.rule == rule.name
    )
    found = await session.scalars(
        query.with_for_update(), execution_options={"populate_existing": True}
    )
    return found.one()


async def _close(
    session: AsyncSession, rule: AlertRule, state: AlertRuleState, cause: Cause
) -> None:
    """End what is open, so that nobody waits for a rule that is no more to say it is over."""
    if state.state != "ok":
        await raise_alert(
            session, rule, before=state.state, state="ok", judged=Judged("ok"), cause=cause
        )


async def _begin(session: AsyncSession, rule: AlertRule, state: AlertRuleState) -> None:
    """Forget what was; the last bucket that is over is the first to be evaluated."""
    workspace = await fetch_workspace(session, rule.workspace_id)
    every, local = rule.document["every"], zone(workspace.time_zone)
    end = last_end(now(), every, local, weekday(workspace.week_start))
    state.state, state.recent, state.observed_to = "ok", [], None
    state.evaluated_to = bucket_start(end, every, local)
    state.evaluated_at = None
    state.failures, state.error = 0, None
    await _schedule(session, rule, state)


async def _schedule(session: AsyncSession, rule: AlertRule, state: AlertRuleState) -> None:
    """Set when the next bucket is evaluated; never, for a rule that is switched off."""
    document = rule.document
    if not document["enabled"]:
        state.due_at = None
        return
    workspace = await fetch_workspace(session, rule.workspace_id)
    local, week_start = zone(workspace.time_zone), weekday(workspace.week_start)
    end = next_end(state.evaluated_to, document["every"], local, week_start)
    state.due_at = end + timedelta(minutes=document["delay_minutes"])


async def delete_rule(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None = None
) -> None:
    """Watch it no more; what is open is told to be over, and its alerts stay to be read."""
    rule = await fetch_named(session, AlertRule, workspace_id, name, lock=True)
    await _close(session, rule, await _locked_state(session, rule), "rule_deleted")
    await session.execute(
        delete(AlertRuleState).where(
            AlertRuleState.workspace_id == workspace_id, AlertRuleState.rule == name
        )
    )
    await delete_named(session, AlertRule, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "alert_rule.deleted", name)


async def fetch_rule(session: AsyncSession, workspace_id: UUID, name: str) -> Rule:
    """The rule with that name and where it stands; 404 where there is none."""
    rule = await fetch_named(session, AlertRule, workspace_id, name)
    (found,) = await _with_states(session, workspace_id, [rule])
    return found


async def list_rules(
    session: AsyncSession, workspace_id: UUID, paging: PageRequest
) -> tuple[list[Rule], str | None]:
    """The rules by name, with where they stand."""
    query = select(AlertRule).where(AlertRule.workspace_id == workspace_id)
    rules, cursor = await page_by_name(session, AlertRule, query, paging)
    return await _with_states(session, workspace_id, rules), cursor


async def _with_states(
    session: AsyncSession, workspace_id: UUID, rules: Sequence[AlertRule]
) -> list[Rule]:
    query = select(AlertRuleState).where(
        AlertRuleState.workspace_id == workspace_id,
        AlertRuleState.rule.in_([rule.name for rule in rules]),
    )
    states = {each.rule: each for each in await session.scalars(query)}
    return [(rule, states[rule.name]) for rule in rules]


async def list_alerts(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    rule: str | None = None,
    state: State | None = None,
    acknowledged: bool | None = None,
) -> tuple[list[Alert], str | None]:
    """The alerts, newest first."""
    query = select(Alert).where(Alert.workspace_id == workspace_id)
    if rule is not None:
        query = query.where(Alert.rule == rule)
    if state is not None:
        query = query.where(Alert.state == state)
    if acknowledged is not None:
        known = Alert.acknowledged_at
        query = query.where(known.is_not(None) if acknowledged else known.is_(None))
    rows, more = cut((await session.scalars(newest_first(query, Alert.id, paging))).all(), paging)
    return rows, encode_cursor(rows[-1].id) if more else None


async def fetch_alert(
    session: AsyncSession, workspace_id: UUID, id_: str, *, lock: bool = False
) -> Alert:
    """The alert with that id; 404 where there is none."""
    try:
        wanted = UUID(id_)
    except ValueError:
        raise NotFound from None
    query = select(Alert).where(Alert.workspace_id == workspace_id, Alert.id == wanted)
    found: Alert | None = await session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound
    return found


async def deliveries_of(session: AsyncSession, alert: Alert) -> Sequence[AlertDelivery]:
    """What was sent about an alert, in the order of the channels."""
    query = select(AlertDelivery).where(
        AlertDelivery.workspace_id == alert.workspace_id, AlertDelivery.alert_id == alert.id
    )
    return (await session.scalars(query.order_by(AlertDelivery.number))).all()


async def acknowledge(
    session: AsyncSession, workspace_id: UUID, id_: str, *, by: str, note: str | None
) -> Alert:
    """Say that somebody has seen the alert; the first to say so is kept."""
    alert = await fetch_alert(session, workspace_id, id_, lock=True)
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by, alert.note = now(), by, note
        record(session, workspace_id, "alert.acknowledged", str(alert.id), rule=alert.rule)
        await session.flush()
    return alert
