"""Stating figures for periods: one for each natural key, and never two for the same days."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.db import now
from app.errors import FieldError, Invalid, NotFound, Problem
from app.events.service import record
from app.fields import parse_date
from app.http.outcomes import Status
from app.http.pagination import PageRequest, cut, encode_cursor
from app.http.preconditions import require_match
from app.market.models import AcquisitionSpend, MarketTotal
from app.problems import Text
from app.restatements.days import note_stated
from app.restatements.models import Source

Statement = TypeVar("Statement", AcquisitionSpend, MarketTotal)

_SOURCES: Mapping[type[AcquisitionSpend | MarketTotal], Source] = {
    AcquisitionSpend: "acquisition_spend",
    MarketTotal: "market_totals",
}
#: Longest period of a statement, a little over ten years.
MAX_DAYS = 3_700
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)


async def put_statement(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: Statement,
    key: Sequence[InstrumentedAttribute[str]],
    *,
    values: Sequence[str],
    if_match: str | None,
) -> tuple[Statement, Status]:
    """Store what is stated, or replace what was stated of the same days and key.

    `key` are the columns that tell statements of the same days apart, `values` those that a
    statement says. Raises 409 `overlapping-period` if another one shares days with it:
    both would count. Writers of a workspace take turns, so that none slips past this.
    """
    _check_period(wanted.period_start, wanted.period_end)
    kept = await _of_the_same_days(session, workspace_id, wanted, key)
    if kept is None:
        if if_match is not None:
            raise Problem("precondition-failed")
        session.add(wanted)
        status: Status = "created"
    else:
        require_match(if_match, kept.revision)
        if all(getattr(kept, name) == getattr(wanted, name) for name in values):
            return kept, "unchanged"
        for name in values:
            setattr(kept, name, getattr(wanted, name))
        kept.revision += 1
        kept.updated_at = now()
        status = "updated"
    stored = kept or wanted
    await session.flush()
    await _note(session, stored, stored.updated_at)
    record(session, workspace_id, f"{_name(type(wanted))}.stated", str(stored.id))
    return stored, status


async def _of_the_same_days(
    session: AsyncSession,
    workspace_id: UUID,
    wanted: Statement,
    key: Sequence[InstrumentedAttribute[str]],
) -> Statement | None:
    """The statement that is replaced; 409 if another one shares only some of the days."""
    model = type(wanted)
    named = [getattr(wanted, column.key) for column in key]
    await _take_turns(session, str(workspace_id), model.__tablename__, *named)
    overlapping = (
        select(model)
        .where(
            model.workspace_id == workspace_id,
            *(column == value for column, value in zip(key, named, strict=True)),
            model.period_start < wanted.period_end,
            model.period_end > wanted.period_start,
        )
        .limit(2)
    )
    found = (await session.scalars(overlapping)).all()
    days = (wanted.period_start, wanted.period_end)
    if any((each.period_start, each.period_end) != days for each in found):
        raise _overlapping(found)
    return found[0] if found else None


async def _take_turns(session: AsyncSession, *names: str) -> None:
    """Let writers of one key wait for each other until commit: no row stands for its days yet."""
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(number)))


async def list_statements(
    session: AsyncSession,
    workspace_id: UUID,
    model: type[Statement],
    paging: PageRequest,
    *,
    start: date | None,
    end: date | None,
    wanted: dict[InstrumentedAttribute[str], str | None],
) -> tuple[list[Statement], str | None]:
    """What is stated of any day in [start, end), newest period first; and the next cursor."""
    query = select(model).where(model.workspace_id == workspace_id)
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if start is not None:
        query = query.where(model.period_end > start)
    if end is not None:
        query = query.where(model.period_start < end)
    if (position := paging.position(parse_date, UUID)) is not None:
        day = literal(parse_date(position[0]), model.period_start.type)
        place = tuple_(model.period_start, model.id)
        query = query.where(place < tuple_(day, literal(UUID(position[1]))))
    query = query.order_by(model.period_start.desc(), model.id.desc())
    rows, more = cut((await session.scalars(query.limit(paging.limit + 1))).all(), paging)
    return rows, encode_cursor(rows[-1].period_start, rows[-1].id) if more else None


async def fetch_statement(
    session: AsyncSession, workspace_id: UUID, model: type[Statement], id_: str
) -> Statement:
    """One statement; 404 where there is none."""
    try:
        found: Statement | None = await session.get(model, (workspace_id, UUID(id_)))
    except ValueError:
        raise NotFound from None
    if found is None:
        raise NotFound
    return found


async def delete_statement(
    session: AsyncSession,
    workspace_id: UUID,
    model: type[Statement],
    id_: str,
    if_match: str | None,
) -> None:
    """Take a statement back: its days are unknown again."""
    found = await fetch_statement(session, workspace_id, model, id_)
    require_match(if_match, found.revision)
    await session.delete(found)
    await session.flush()
    await _note(session, found, now())
    record(session, workspace_id, f"{_name(model)}.withdrawn", str(found.id))


async def _note(session: AsyncSession, stated: Statement, at: datetime) -> None:
    """Note that figures of its days are no longer what they were."""
    await note_stated(
        session,
        stated.workspace_id,
        _SOURCES[type(stated)],
        first=stated.period_start,
        last=stated.period_end,
        at=at,
    )


async def stated_within(
    session: AsyncSession, workspace_id: UUID, model: type[Statement], start: date, end: date
) -> Sequence[Statement]:
    """Everything stated of any day in [start, end), in order."""
    query = (
        select(model)
        .where(
            model.workspace_id == workspace_id,
            model.period_start < end,
            model.period_end > start,
        )
        .order_by(model.period_start, model.id)
    )
    return (await session.scalars(query)).all()


def dated(stated: Sequence[Statement]) -> list[tuple[date, date, Statement]]:
    """Statements behind their first day and the day after their last, as `cover` takes them."""
    return [(each.period_start, each.period_end, each) for each in stated]


def _name(model: type[Any]) -> str:
    return "acquisition_spend" if model is AcquisitionSpend else "market_total"


def _check_period(start: date, end: date) -> None:
    if not 0 < (end - start).days <= MAX_DAYS or start < _FIRST or end > _LAST:
        raise Invalid(FieldError("/to", "invalid-value"))


def _overlapping(found: Sequence[AcquisitionSpend | MarketTotal]) -> Problem:
    taken = ", ".join(f"{each.period_start} - {each.period_end}" for each in found)
    return Problem(
        "overlapping-period",
        explanation=Text(
            f"Something is stated for some of these days already: {taken}.",
            f"其中部分日期已有数据：{taken}。",
        ),
    )
