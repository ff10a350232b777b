"""Keeping targets, and finding the one that a figure is judged by."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.events.service import record
from app.http.outcomes import Status
from app.http.pagination import PageRequest
from app.named import delete_named, fetch_named, page_by_name, put_named
from app.targets.models import Target


async def put_target(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    values: Mapping[str, object],
    *,
    if_match: str | None = None,
) -> tuple[Target, Status]:
    """Make the target or replace it; 412 if it has changed since `if_match`."""
    target, status = await put_named(session, Target, workspace_id, name, values, if_match=if_match)
    if status != "unchanged":
        record(session, workspace_id, f"target.{status}", name, kpi=target.kpi)
    return target, status


async def delete_target(
    session: AsyncSession, workspace_id: UUID, name: str, *, if_match: str | None = None
) -> None:
    """Judge nothing by it any more."""
    gone = await delete_named(session, Target, workspace_id, name, if_match=if_match)
    record(session, workspace_id, "target.deleted", name, kpi=gone.kpi)


async def fetch_target(session: AsyncSession, workspace_id: UUID, name: str) -> Target:
    """The target with that name."""
    return await fetch_named(session, Target, workspace_id, name)


async def list_targets(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    kpi: str | None = None,
    on: date | None = None,
) -> tuple[list[Target], str | None]:
    """The targets by name; only those of a KPI, or that hold on a date, if asked."""
    query = select(Target).where(Target.workspace_id == workspace_id)
    if kpi is not None:
        query = query.where(Target.kpi == kpi)
    if on is not None:
        query = query.where(
            or_(Target.valid_from.is_(None), Target.valid_from <= on),
            or_(Target.valid_to.is_(None), Target.valid_to > on),
        )
    return await page_by_name(session, Target, query, paging)


async def target_in_effect(
    session: AsyncSession,
    workspace_id: UUID,
    kpi: str,
    scope_key: str,
    *,
    first: date,
    after: date,
    currency: str | None = None,
) -> Target | None:
    """The target for exactly that KPI and scope that holds on every date of [first, after).

    Of several the one that began last. A figure in another currency than the target's is not
    judged by it.
    """
    query = select(Target).where(
        Target.workspace_id == workspace_id,
        Target.kpi == kpi,
        Target.scope_key == scope_key,
        or_(Target.valid_from.is_(None), Target.valid_from <= first),
        or_(Target.valid_to.is_(None), Target.valid_to >= after),
    )
    if currency is not None:
        query = query.where(or_(Target.currency.is_(None), Target.currency == currency))
    query = query.order_by(Target.valid_from.desc().nulls_last(), Target.name).limit(1)
    found: Target | None = await session.scalar(query)
    return found
