"""The worker's part: finds whom something new is known of, judges them, tells who crossed.

Every step is one transaction, may be killed and repeated, and may run in several workers: what
is due stands in `churn_states`, and a crossing is written with the state that it leads to.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import inspect, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.churn import rules
from app.churn.alive import last_model_run
from app.churn.facts import Person, read_facts
from app.churn.judging import Judgement, judge
from app.churn.models import (
    ChurnCount,
    ChurnCrossing,
    ChurnProgress,
    ChurnState,
    priority_of,
)
from app.churn.signals import next_change
from app.customers.models import Customer
from app.db import now, set_timeout
from app.events.service import record
from app.fields import zone
from app.workspaces.models import Workspace

#: Customers that are judged in one step.
STEP_CUSTOMERS = 500
#: A row that says it changed a moment ago may be committed only now: look back so far. Judging
#: somebody twice does no harm.
OVERLAP = timedelta(minutes=2)
#: What is new is looked for this often.
COLLECT_EVERY = timedelta(minutes=1)
_EVER = datetime(2, 1, 1, tzinfo=UTC)
#: Everybody is judged again after so long, whatever happened.
LONGEST_WAIT = timedelta(days=7)
_STEP_TIMEOUT_MS = 120_000

_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8")
_TOUCHED = text("""
INSERT INTO churn_states (workspace_id, customer_id, level, priority, reasons, due_at)
SELECT CAST(:workspace_id AS uuid), id, 'none', 0, '[]', CAST(:at AS timestamptz)
FROM (
    SELECT id FROM customers WHERE workspace_id = :workspace_id AND updated_at >= :rows_to
    UNION
    SELECT customer_id FROM orders WHERE workspace_id = :workspace_id AND updated_at >= :rows_to
    UNION
    SELECT c.id FROM responses r
    JOIN customers c ON c.workspace_id = r.workspace_id AND c.external_id = r.customer
    WHERE r.workspace_id = :workspace_id AND r.xid >= :responses_to
    UNION
    SELECT c.id FROM complaints k
    JOIN customers c ON c.workspace_id = k.workspace_id AND c.external_id = k.customer
    WHERE k.workspace_id = :workspace_id AND k.xid >= :complaints_to
) AS touched
ORDER BY id
ON CONFLICT (workspace_id, customer_id)
DO UPDATE SET due_at = least(churn_states.due_at, excluded.due_at)
""")


async def watch(session: AsyncSession, workspace_id: UUID) -> bool:
    """One step for a workspace, now; True when more customers are due at once."""
    await set_timeout(session, _STEP_TIMEOUT_MS)
    at = now()
    progress = await _progress(session, workspace_id)
    if progress is not None:
        seen_at = progress.rows_to + OVERLAP if progress.rows_to is not None else None
        if seen_at is None or at >= seen_at + COLLECT_EVERY:
            await collect(session, progress, at)
    return await judge_due(session, workspace_id, at)


async def _progress(session: AsyncSession, workspace_id: UUID) -> ChurnProgress | None:
    """How far the workspace has been looked at, locked; None while another worker looks."""
    fresh = insert(ChurnProgress).values(
        workspace_id=workspace_id, responses_to=0, complaints_to=0, rules_version=rules.VERSION
    )
    await session.execute(fresh.on_conflict_do_nothing())
    mine = select(ChurnProgress).where(ChurnProgress.workspace_id == workspace_id)
    found: ChurnProgress | None = await session.scalar(mine.with_for_update(skip_locked=True))
    return found


async def collect(session: AsyncSession, progress: ChurnProgress, at: datetime) -> None:
    """Make due whom something new is known of, and everybody when rules or model are new."""
    horizon: int = (await session.execute(_HORIZON)).scalar_one()
    await session.execute(
        _TOUCHED,
        {
            "workspace_id": progress.workspace_id,
            "at": at,
            "rows_to": progress.rows_to or _EVER,
            # Numbers of another cluster are given up: everything is looked at again.
            "responses_to": progress.responses_to if progress.responses_to <= horizon else 0,
            "complaints_to": progress.complaints_to if progress.complaints_to <= horizon else 0,
        },
    )
    model_run = await last_model_run(session, progress.workspace_id)
    if (progress.rules_version, progress.model_run) != (rules.VERSION, model_run):
        everybody = update(ChurnState).where(ChurnState.workspace_id == progress.workspace_id)
        await session.execute(
            everybody.values(due_at=at), execution_options={"synchronize_session": False}
        )
    progress.rows_to = at - OVERLAP
    progress.responses_to = progress.complaints_to = horizon
    progress.rules_version, progress.model_run = rules.VERSION, model_run


async def judge_due(session: AsyncSession, workspace_id: UUID, at: datetime) -> bool:
    """Judge the customers that are due at an instant; True when more of them are."""
    workspace = await session.get_one(Workspace, workspace_id)
    wanted = (
        select(ChurnState)
        .where(ChurnState.workspace_id == workspace_id, ChurnState.due_at <= at)
        .order_by(ChurnState.due_at)
        .limit(STEP_CUSTOMERS)
        .with_for_update(skip_locked=True)
    )
    due = list(await session.scalars(wanted, execution_options={"populate_existing": True}))
    if due:
        await _judge_all(session, workspace_id, due, at=at, place=zone(workspace.time_zone))
    return len(due) == STEP_CUSTOMERS


async def _judge_all(
    session: AsyncSession,
    workspace_id: UUID,
    due: list[ChurnState],
    *,
    at: datetime,
    place: ZoneInfo,
) -> None:
    known = select(Customer.id, Customer.external_id, Customer.key_account_type).where(
        Customer.workspace_id == workspace_id,
        Customer.id.in_([state.customer_id for state in due]),
    )
    customers = {row.id: row for row in await session.execute(known)}
    people = [Person(row.id, row.external_id) for row in customers.values()]
    facts = await read_facts(session, workspace_id, people, at=at, zone=place)
    counts: Counter[tuple[str, str]] = Counter()
    for state in due:
        if state.evaluated_at is not None:
            counts[state.key_account_type or "", state.level] -= 1
        own = facts[state.customer_id]
        held = {reason["code"] for reason in state.reasons}
        judgement = judge(own, at, place, held)
        _settle(session, state, judgement, at)
        state.key_account_type = customers[state.customer_id].key_account_type
        state.priority = priority_of(judgement.rank, state.key_account_type)
        turn = next_change(own, judgement.signals, at, place)
        state.due_at = min(turn or at + LONGEST_WAIT, at + LONGEST_WAIT)
        counts[state.key_account_type or "", state.level] += 1
    await session.flush()
    await _count(session, workspace_id, counts)


async def _count(
    session: AsyncSession, workspace_id: UUID, counts: Mapping[tuple[str, str], int]
) -> None:
    """Add to the counts, in one order, so that no two workers wait for each other."""
    rows = [
        {"workspace_id": workspace_id, "key_account_type": type_, "level": level, "n": n}
        for (type_, level), n in sorted(counts.items())
        if n
    ]
    if rows:
        added = insert(ChurnCount).values(rows)
        more = {"n": ChurnCount.n + added.excluded.n}
        keys = [column.name for column in inspect(ChurnCount).primary_key]
        await session.execute(added.on_conflict_do_update(index_elements=keys, set_=more))


def _settle(session: AsyncSession, state: ChurnState, judgement: Judgement, at: datetime) -> None:
    """Bring the state to the judgement; a crossing and an event if the level is another."""
    if judgement.level != state.level:
        session.add(
            ChurnCrossing(
                workspace_id=state.workspace_id,
                customer_id=state.customer_id,
                level_before=state.level,
                level=judgement.level,
                reasons=list(judgement.reasons),
                rules_version=rules.VERSION,
                model_run=judgement.model_run,
                crossed_at=at,
            )
        )
        record(
            session,
            state.workspace_id,
            "churn_risk.crossed",
            str(state.customer_id),
            level_before=state.level,
            level=judgement.level,
        )
        state.changed_at = at
        state.level = judgement.level
    state.reasons = list(judgement.reasons)
    state.model_run = judgement.model_run
    state.evaluated_at = at
