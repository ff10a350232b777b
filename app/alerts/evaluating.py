"""Evaluating rules when they are due: each bucket once, whoever looks, and all or nothing.

Three short steps: claim the rule, measure in one read-only snapshot (figures are exact only in
one), record. Nothing is locked while it measures.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.buckets import Every, last_end, next_end
from app.alerts.changes import Judged, raise_alert
from app.alerts.hysteresis import step
from app.alerts.judging import judge, judge_metric
from app.alerts.models import AlertRule, AlertRuleState
from app.db import Database, now, sqlstate
from app.fields import weekday, zone
from app.log import where
from app.workspaces.service import fetch_workspace

_log = structlog.get_logger("alerts")
#: Rules of one look; more make the job look again at once.
_ROUND = 50
#: A worker that was away catches up on so many days or weeks; older ones are passed over.
_MOST_MISSED = 31
_FIRST_RETRY = timedelta(seconds=60)
_LAST_RETRY = timedelta(hours=1)
#: Longer than a measurement takes: a claim that is older belongs to a worker that is gone.
CLAIM = timedelta(seconds=60)


@dataclass(frozen=True)
class Finding:
    """What was measured for a bucket, and of which rule in which state."""

    rule: AlertRule
    evaluated_to: datetime
    end: datetime
    due_at: datetime
    """When the bucket after it is due."""
    judged: Judged | None
    """None if the bucket is not over: somebody moved the clock of the workspace."""


async def due_rules(session: AsyncSession, at: datetime) -> list[tuple[UUID, str]]:
    """The rules of all workspaces that are due, the longest first."""
    query = (
        select(AlertRuleState.workspace_id, AlertRuleState.rule)
        .where(AlertRuleState.due_at <= at)
        .order_by(AlertRuleState.due_at)
        .limit(_ROUND)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def evaluate_all(database: Database) -> bool:
    """Evaluate one bucket of every rule that is due; True when there was any."""
    async with database.snapshot() as session:
        due = await due_rules(session, now())
    for workspace_id, name in due:
        try:
            await evaluate(database, workspace_id, name, now())
        except Exception as error:  # noqa: BLE001 - one rule must not keep others from theirs
            _log.warning(
                "alert_rule_failed",
                workspace=str(workspace_id),
                exception=error,
                sqlstate=sqlstate(error),
                where=where(error),
            )
            await _postpone(database, workspace_id, name, error)
    return bool(due)


async def evaluate(database: Database, workspace_id: UUID, name: str, at: datetime) -> bool:
    """Evaluate the next bucket of a rule if it is due and nobody else is at it."""
    async with database.transaction() as session:
        if not await claim(session, workspace_id, name, at):
            return False
    async with database.snapshot() as session:
        timeout_ms = database.settings.report_timeout_ms
        found = await measure(session, workspace_id, name, at, timeout_ms)
    async with database.transaction() as session:
        return found is not None and await record(session, found, at)


async def claim(session: AsyncSession, workspace_id: UUID, name: str, at: datetime) -> bool:
    """Keep others from a due rule for the time of a claim; False if somebody else did before."""
    state = await session.scalar(
        select(AlertRuleState)
        .where(
            AlertRuleState.workspace_id == workspace_id,
            AlertRuleState.rule == name,
            AlertRuleState.due_at <= at,
        )
        .with_for_update(skip_locked=True)
    )
    if state is None:
        return False
    state.due_at = at + CLAIM
    return True


async def measure(
    session: AsyncSession, workspace_id: UUID, name: str, at: datetime, timeout_ms: int
) -> Finding | None:
    """Judge the next bucket of a rule; None if the rule is gone."""
    rule = await session.get(AlertRule, (workspace_id, name))
    state = await session.get(AlertRuleState, (workspace_id, name))
    if rule is None or state is None:
        return None
    document = rule.document
    workspace = await fetch_workspace(session, workspace_id)
    local, week_start = zone(workspace.time_zone), weekday(workspace.week_start)
    delay = timedelta(minutes=document["delay_minutes"])
    over = last_end(at - delay, document["every"], local, week_start)
    following = next_end(state.evaluated_to, document["every"], local, week_start)
    end = _next(following, over, document["every"])
    if end > over:
        return Finding(rule, state.evaluated_to, end, end + delay, None)
    if document["watch"]["source"] == "kpi":
        judged = await judge(session, rule, end, local, timeout_ms)
    else:
        judged = await judge_metric(session, rule, end, local)
    due_at = next_end(end, document["every"], local, week_start) + delay
    return Finding(rule, state.evaluated_to, end, due_at, judged)


def _next(end: datetime, over: datetime, every: Every) -> datetime:
    """The end of the bucket to evaluate: the following one, or a later one after a long absence.

    Of missed hours only the last counts: earlier ones cannot be told apart any more.
    """
    if every == "hour":
        return max(end, over)
    span = timedelta(days=_MOST_MISSED * (7 if every == "week" else 1))
    return end if over - end <= span else over


async def record(session: AsyncSession, found: Finding, at: datetime) -> bool:
    """Bring the rule to its new state, and tell of it if that is another one.

    False, and nothing done, if the rule was put anew or evaluated by another meanwhile. The
    state, the alert, its event and its deliveries commit together or not at all.
    """
    rule = found.rule
    state = await session.scalar(
        select(AlertRuleState)
        .where(
            AlertRuleState.workspace_id == rule.workspace_id,
            AlertRuleState.rule == rule.name,
            AlertRuleState.evaluated_to == found.evaluated_to,
            AlertRuleState.due_at.is_not(None),
        )
        .with_for_update()
    )
    current = await session.get(AlertRule, (rule.workspace_id, rule.name))
    if state is None or current is None or current.revision != rule.revision:
        return False
    state.due_at = found.due_at
    if found.judged is None:
        return False
    await _move(session, current, state, found.judged)
    state.evaluated_to, state.evaluated_at = found.end, at
    state.failures, state.error = 0, None
    return True


async def _move(
    session: AsyncSession, rule: AlertRule, state: AlertRuleState, judged: Judged
) -> None:
    """One step of the state machine; none without a figure, or with one that was judged before."""
    seen = judged.observed_to is not None and judged.observed_to == state.observed_to
    if judged.level is None or seen:
        return
    before = state.state
    state.state, state.recent = step(
        before,
        state.recent,
        judged.level,
        open_after=rule.document["open_after"],
        close_after=rule.document["close_after"],
    )
    state.observed_to = judged.observed_to
    if state.state != before:
        await raise_alert(session, rule, before=before, state=state.state, judged=judged)


async def _postpone(database: Database, workspace_id: UUID, name: str, error: Exception) -> None:
    """Try a rule that failed again later, and later each time; the others go on."""
    async with database.transaction() as session:
        ours = (AlertRuleState.workspace_id == workspace_id, AlertRuleState.rule == name)
        failures = await session.scalar(select(AlertRuleState.failures).where(*ours)) or 0
        pause = min(_FIRST_RETRY * 2 ** min(failures, 10), _LAST_RETRY)
        await session.execute(
            update(AlertRuleState)
            .where(*ours, AlertRuleState.due_at.is_not(None))
            .values(
                failures=failures + 1,
                error=" ".join(filter(None, (type(error).__name__, sqlstate(error)))),
                due_at=now() + pause,
            )
        )
