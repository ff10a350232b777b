"""Acquisition spend and market totals: stating, reading and taking back."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid
from app.fields import money_text
from app.http.outcomes import Status
from app.http.pagination import PageRequest
from app.market import statements
from app.market.models import AcquisitionSpend, MarketTotal
from app.market.schemas import AcquisitionSpendPut, Basis, MarketTotalPut, SpendKind

_SPEND_KEY = (AcquisitionSpend.channel, AcquisitionSpend.kind)
_TOTAL_KEY = (MarketTotal.basis,)


async def put_spend(
    session: AsyncSession, workspace_id: UUID, stated: AcquisitionSpendPut, if_match: str | None
) -> tuple[AcquisitionSpend, Status]:
    """State what a channel cost in a period; see `statements.put_statement`."""
    fields = {name: getattr(stated, name) for name in AcquisitionSpendPut.model_fields}
    return await statements.put_statement(
        session,
        workspace_id,
        AcquisitionSpend(workspace_id=workspace_id, **fields),
        _SPEND_KEY,
        values=("amount", "currency", "source"),
        if_match=if_match,
    )


async def list_spend(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    start: date | None,
    end: date | None,
    channel: str | None,
    kind: SpendKind | None,
) -> tuple[list[AcquisitionSpend], str | None]:
    """What is stated of any day in [start, end), newest period first."""
    return await statements.list_statements(
        session,
        workspace_id,
        AcquisitionSpend,
        paging,
        start=start,
        end=end,
        wanted={AcquisitionSpend.channel: channel, AcquisitionSpend.kind: kind},
    )


async def spend_within(
    session: AsyncSession, workspace_id: UUID, start: date, end: date
) -> Sequence[AcquisitionSpend]:
    """All spend stated of any day in [start, end)."""
    return await statements.stated_within(session, workspace_id, AcquisitionSpend, start, end)


async def fetch_spend(session: AsyncSession, workspace_id: UUID, id_: str) -> AcquisitionSpend:
    """One statement of spend; 404 where there is none."""
    return await statements.fetch_statement(session, workspace_id, AcquisitionSpend, id_)


async def delete_spend(
    session: AsyncSession, workspace_id: UUID, id_: str, if_match: str | None
) -> None:
    """Take a statement of spend back."""
    await statements.delete_statement(session, workspace_id, AcquisitionSpend, id_, if_match)


async def put_total(
    session: AsyncSession, workspace_id: UUID, stated: MarketTotalPut, if_match: str | None
) -> tuple[MarketTotal, Status]:
    """State the total of the market in a period; see `statements.put_statement`.

    Raises 422 for a currency where there is none, or none where one is needed, and for a
    competitor who is named twice or is larger than the market.
    """
    _check_total(stated)
    fields = {name: getattr(stated, name) for name in MarketTotalPut.model_fields}
    fields["competitors"] = {each.name: money_text(each.amount) for each in stated.competitors}
    return await statements.put_statement(
        session,
        workspace_id,
        MarketTotal(workspace_id=workspace_id, **fields),
        _TOTAL_KEY,
        values=("amount", "currency", "source", "stated_on", "error_margin", "competitors"),
        if_match=if_match,
    )


def _check_total(stated: MarketTotalPut) -> None:
    if (stated.basis == "value") != (stated.currency is not None):
        code = "missing-field" if stated.currency is None else "invalid-value"
        raise Invalid(FieldError("/currency", code))
    names = [each.name for each in stated.competitors]
    for index, each in enumerate(stated.competitors):
        if each.name in names[:index]:
            raise Invalid(FieldError(f"/competitors/{index}/name", "duplicate-item"))
        if each.amount > stated.amount:
            raise Invalid(FieldError(f"/competitors/{index}/amount", "number-out-of-range"))


async def list_totals(
    session: AsyncSession,
    workspace_id: UUID,
    paging: PageRequest,
    *,
    start: date | None,
    end: date | None,
    basis: Basis | None,
) -> tuple[list[MarketTotal], str | None]:
    """What is stated of any day in [start, end), newest period first."""
    return await statements.list_statements(
        session,
        workspace_id,
        MarketTotal,
        paging,
        start=start,
        end=end,
        wanted={MarketTotal.basis: basis},
    )


async def totals_within(
    session: AsyncSession, workspace_id: UUID, start: date, end: date
) -> Sequence[MarketTotal]:
    """All totals stated of any day in [start, end)."""
    return await statements.stated_within(session, workspace_id, MarketTotal, start, end)


async def fetch_total(session: AsyncSession, workspace_id: UUID, id_: str) -> MarketTotal:
    """One statement of a total; 404 where there is none."""
    return await statements.fetch_statement(session, workspace_id, MarketTotal, id_)


async def delete_total(
    session: AsyncSession, workspace_id: UUID, id_: str, if_match: str | None
) -> None:
    """Take a statement of a total back."""
    await statements.delete_statement(session, workspace_id, MarketTotal, id_, if_match)
