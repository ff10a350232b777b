"""Model runs: asking for them, following them, storing what came of them, reading it."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app import jobs
from app.db import driver_of, now, set_timeout
from app.errors import FieldError, Invalid, NotFound
from app.events.service import record
from app.fields import zone
from app.http.pagination import PageRequest, cut, encode_cursor, newest_first
from app.lifetime.models import CustomerPrediction, GroupPrediction, ModelRun
from app.lifetime.outcome import Outcome
from app.lifetime.schemas import BgnbdRunCreate, ContractRunCreate, PnbdRunCreate, Status
from app.problems import Text
from app.workspaces.service import fetch_workspace

FIT = "fit_model"
UNFINISHED = ("queued", "running")
_WRITE_MS = 300_000
_NOT_OVER = Text(
    "The day must be over in the workspace's time zone.", "该日期在工作区时区内必须已经结束。"
)
_NOT_AFTER = Text("The holdout must end after the calibration.", "验证期必须在校准期之后结束。")

_ONE_OF = Text("Give survivors or renewals, and not both.", "请提供 survivors 或 renewals 之一。")
_NOT_COUNTS = Text(
    "No more can renew than are at risk, and somebody must be.",
    "续约数不得超过到期数，且到期数不能全为零。",
)


async def create_model_run(
    session: AsyncSession,
    workspace_id: UUID,
    asked: BgnbdRunCreate | PnbdRunCreate | ContractRunCreate,
) -> ModelRun:
    """Queue a fit: the worker does it after the transaction has committed.

    Raises 422 with pointers for days that are not over.
    """
    if isinstance(asked, ContractRunCreate):
        run = _contracts(workspace_id, asked)
    else:
        run = await _purchases(session, workspace_id, asked)
    return await queue(session, run)


async def queue(session: AsyncSession, run: ModelRun) -> ModelRun:
    """Store a run and its job."""
    session.add(run)
    await session.flush()
    payload = {"workspace_id": str(run.workspace_id), "run_id": str(run.id)}
    await jobs.enqueue(session, FIT, payload)
    record(session, run.workspace_id, "model_run.queued", str(run.id), kind=run.kind)
    return run


async def _purchases(
    session: AsyncSession, workspace_id: UUID, asked: BgnbdRunCreate | PnbdRunCreate
) -> ModelRun:
    workspace = await fetch_workspace(session, workspace_id)
    today = now().astimezone(zone(workspace.time_zone)).date()
    end, held = asked.calibration_end, asked.holdout_end
    if end is None:
        end = min(today, held or today) - timedelta(days=1)
    if end >= today:
        raise Invalid(FieldError("/calibration_end", "invalid-value", _NOT_OVER))
    if held is not None and held >= today:
        raise Invalid(FieldError("/holdout_end", "invalid-value", _NOT_OVER))
    if held is not None and held <= end:
        raise Invalid(FieldError("/holdout_end", "invalid-value", _NOT_AFTER))
    return ModelRun(
        workspace_id=workspace_id,
        kind=asked.kind,
        status="queued",
        unit=asked.unit,
        calibration_end=end,
        holdout_end=held,
        currency=asked.currency or workspace.currency,
        discount_annual=asked.discount_annual,
        result={},
    )


def _contracts(workspace_id: UUID, asked: ContractRunCreate) -> ModelRun:
    return ModelRun(
        workspace_id=workspace_id,
        kind=asked.kind,
        status="queued",
        unit="periods",
        discount_annual=asked.discount_annual,
        renewals={"rows": _renewals(asked), "holdout": asked.holdout_periods},
        result={},
    )


def _renewals(asked: ContractRunCreate) -> list[list[int]]:
    """Period, at risk, renewed. 422 for more renewals than contracts, or too little to fit."""
    if (asked.survivors is None) == (asked.renewals is None):
        raise Invalid(FieldError("/survivors", "invalid-value", _ONE_OF))
    if asked.survivors is not None:
        name = "/survivors"
        pairs = pairwise(asked.survivors)
        rows = [[period, *pair] for period, pair in enumerate(pairs, 1)]
    else:
        name = "/renewals"
        rows = [[each.period, each.at_risk, each.renewed] for each in asked.renewals or []]
    if any(renewed > risk for _, risk, renewed in rows) or not any(risk for _, risk, _ in rows):
        raise Invalid(FieldError(name, "invalid-value", _NOT_COUNTS))
    if len({period for period, *_ in rows}) < len(rows):
        raise Invalid(FieldError(name, "duplicate-item"))
    if asked.holdout_periods > len(rows) - 2:
        raise Invalid(FieldError("/holdout_periods", "number-out-of-range"))
    return rows


async def fetch_model_run(session: AsyncSession, workspace_id: UUID, id_: UUID | str) -> ModelRun:
    """One run; 404 where there is none."""
    try:
        key = id_ if isinstance(id_, UUID) else UUID(id_)
    except ValueError:
        raise NotFound from None
    found: ModelRun | None = await session.get(ModelRun, (workspace_id, key))
    if found is None:
        raise NotFound
    return found


async def list_model_runs(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    kind: str | None = None,
    status: str | None = None,
) -> tuple[list[ModelRun], str | None]:
    """Runs, newest first, and the cursor of the next page."""
    query = select(ModelRun).where(ModelRun.workspace_id == workspace_id)
    if kind is not None:
        query = query.where(ModelRun.kind == kind)
    if status is not None:
        query = query.where(ModelRun.status == status)
    found = (await session.scalars(newest_first(query, ModelRun.id, paging))).all()
    rows, more = cut(found, paging)
    return rows, encode_cursor(rows[-1].id) if more else None


async def begin(session: AsyncSession, workspace_id: UUID, id_: UUID) -> ModelRun | None:
    """Say that a run is under way; None if it is finished already."""
    run = await _locked(session, workspace_id, id_)
    if run is None or run.status not in UNFINISHED:
        return None
    run.status = "running"
    run.started_at = now()
    return run


async def lock_unfinished(session: AsyncSession, run: ModelRun) -> bool:
    """Lock a run for writing; False if another process has finished it meanwhile."""
    found = await _locked(session, run.workspace_id, run.id)
    return found is not None and found.status in UNFINISHED


async def _locked(session: AsyncSession, workspace_id: UUID, id_: UUID) -> ModelRun | None:
    return await session.get(ModelRun, (workspace_id, id_), with_for_update=True)


async def finish_model_run(
    session: AsyncSession, run: ModelRun, status: Status, result: dict[str, Any]
) -> None:
    """Store how a run ended, and tell."""
    stored = await fetch_model_run(session, run.workspace_id, run.id)
    stored.status, stored.result, stored.finished_at = status, result, now()
    record(
        session, run.workspace_id, "model_run.finished", str(run.id), kind=run.kind, status=status
    )


async def write_predictions(
    session: AsyncSession, run: ModelRun, outcome: Outcome, packed: bytes | None
) -> None:
    """Store what a run says of groups and, packed for COPY, of customers.

    Forgets customers of older runs. What takes time is made before the transaction: the database
    ends one that is idle for long.
    """
    await set_timeout(session, _WRITE_MS)
    if outcome.groups:
        await session.execute(insert(GroupPrediction), list(outcome.groups))
    if packed is None:
        return
    await _forget(session, run, outcome.status)
    await (await driver_of(session)).copy_to_table(
        CustomerPrediction.__tablename__,
        columns=outcome.columns,
        source=_chunks(packed),
        format="binary",
    )


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    """A large text in parts, so that the driver need not hold it twice."""
    view = memoryview(content)
    for begin in range(0, len(view), 1 << 20):
        yield bytes(view[begin : begin + (1 << 20)])


async def _forget(session: AsyncSession, run: ModelRun, status: Status) -> None:
    """Of one kind and discount only the newest run's customers are kept.

    A run that is not sound does not take the place of one that is.
    """
    older = (
        select(ModelRun.id)
        .where(
            ModelRun.workspace_id == run.workspace_id,
            ModelRun.kind == run.kind,
            ModelRun.discount_annual == run.discount_annual,
            ModelRun.calibration_end <= run.calibration_end,
            ModelRun.status.in_(("sound", "unreliable") if status == "sound" else ("unreliable",)),
        )
        .scalar_subquery()
    )
    await session.execute(
        delete(CustomerPrediction).where(
            CustomerPrediction.workspace_id == run.workspace_id,
            CustomerPrediction.run_id.in_(older),
        )
    )


async def stale_runs(session: AsyncSession, before: datetime) -> Sequence[ModelRun]:
    """Of each workspace and kind, the newest sound run, where it is older than that.

    Only where nothing newer waits, failed or was refused: a fit that no longer works is left to
    people.
    """
    newest = (
        select(ModelRun)
        .where(ModelRun.kind != "sbg")
        .order_by(
            ModelRun.workspace_id, ModelRun.kind, ModelRun.discount_annual, ModelRun.id.desc()
        )
        .ext(distinct_on(ModelRun.workspace_id, ModelRun.kind, ModelRun.discount_annual))
        .subquery()
    )
    run = select(ModelRun).join(
        newest,
        (ModelRun.workspace_id == newest.c.workspace_id) & (ModelRun.id == newest.c.id),
    )
    found = await session.scalars(
        run.where(newest.c.status == "sound", newest.c.created_at < before)
    )
    return found.all()


async def refit(session: AsyncSession, run: ModelRun, end: date) -> ModelRun | None:
    """Repeat a run with the data up to a day; None if another worker has done so."""
    await _locked(session, run.workspace_id, run.id)
    newer = select(ModelRun.id).where(
        ModelRun.workspace_id == run.workspace_id, ModelRun.refit_of == run.id
    )
    if await session.scalar(newer) is not None:
        return None
    again = ModelRun(
        workspace_id=run.workspace_id,
        kind=run.kind,
        status="queued",
        unit=run.unit,
        calibration_end=end,
        currency=run.currency,
        discount_annual=run.discount_annual,
        refit_of=run.id,
        result={},
    )
    return await queue(session, again)
