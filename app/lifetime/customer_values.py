"""Reading what runs say: of one customer, of groups, and by filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, array
from sqlalchemy.ext.asyncio import AsyncSession

from app.customers.models import Customer
from app.customers.service import fetch_customer
from app.errors import Problem
from app.lifetime.models import CustomerPrediction, GroupPrediction, ModelRun
from app.lifetime.schemas import CustomerLifetimeValue, PredictedHorizon
from app.lifetime.units import DAYS_IN, HORIZONS, Horizon, Unit

#: Where a customer keeps the value of a dimension; a missing one is ''.
_COLUMNS = {
    "segment": Customer.segment,
    "channel": Customer.acquisition_channel,
    "key_account_type": Customer.key_account_type,
}
_UNITS: Mapping[str, Unit] = {"days": "days", "weeks": "weeks", "months": "months"}


async def newest_run(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    discount: int | None = None,
    until: date | None = None,
    unreliable: bool = False,
) -> ModelRun | None:
    """The newest run of purchases that may be shown: calibrated last, then made last.

    With a discount only one that was made with it; with `until`, calibrated before that day.
    """
    statuses = ("sound", "unreliable") if unreliable else ("sound",)
    query = select(ModelRun).where(
        ModelRun.workspace_id == workspace_id,
        ModelRun.status.in_(statuses),
        ModelRun.kind != "sbg",
    )
    if discount is not None:
        query = query.where(ModelRun.discount_annual == discount)
    if until is not None:
        query = query.where(ModelRun.calibration_end < until)
    newest = query.order_by(ModelRun.calibration_end.desc(), ModelRun.id.desc()).limit(1)
    found: ModelRun | None = await session.scalar(newest)
    return found


async def fetch_customer_value(
    session: AsyncSession,
    workspace_id: UUID,
    external_id: str,
    *,
    discount: int | None,
    margin: int,
    unreliable: bool,
) -> CustomerLifetimeValue:
    """What the newest run says of a customer.

    Raises 404 for an unknown customer, 409 `no-model-run` where no such run saw a purchase.
    """
    customer = await fetch_customer(session, workspace_id, external_id)
    run = await newest_run(session, workspace_id, discount=discount, unreliable=unreliable)
    if run is None or run.calibration_end is None or run.currency is None:
        raise Problem("no-model-run")
    found = await session.get(CustomerPrediction, (workspace_id, run.id, customer.id))
    if found is None:
        raise Problem("no-model-run")
    share, days = margin / 100, DAYS_IN[_UNITS[run.unit]]
    return CustomerLifetimeValue(
        customer=customer.external_id,
        kind="estimated",
        model_run=run.id,
        model_status="sound" if run.status == "sound" else "unreliable",
        calibration_end=run.calibration_end,
        unit=_UNITS[run.unit],
        discount_annual=run.discount_annual,
        margin=margin,
        currency=run.currency,
        repeat_purchases=found.repeat_days,
        recency=found.last_days / days,
        age=found.age_days / days,
        mean_repeat_value=found.mean_value if found.repeat_days else None,
        p_alive=found.p_alive,
        purchase_value=found.purchase_value,
        purchases_year=found.purchases_year,
        historic=found.historic * share,
        horizons=[_horizon(found, each, share) for each in HORIZONS],
        reasons=list(run.result.get("reasons", [])),
    )


def _horizon(found: CustomerPrediction, horizon: Horizon, share: float) -> PredictedHorizon:
    residual = getattr(found, f"residual_{horizon}") * share
    return PredictedHorizon(
        horizon_months=horizon,
        purchases=None if horizon == "infinite" else getattr(found, f"purchases_{horizon}"),
        residual=residual,
        total=residual + found.historic * share,
    )


@dataclass(frozen=True)
class Predicted:
    """The customers of a group together; money in the run's currency, before any margin."""

    customers: int
    alive: float
    historic: float
    purchases: float | None
    """Within the horizon; None for the infinite one."""
    residual: float
    deciles: Sequence[float]
    draws: Sequence[float]
    """The residual under other parameters, as shares of it, ascending; empty: not known."""


async def predicted_groups(
    session: AsyncSession, run: ModelRun, dimension: str, horizon: Horizon
) -> dict[str, Predicted]:
    """What the run stored of the members of a dimension; '' gives everybody, as member ''."""
    query = select(GroupPrediction).where(
        GroupPrediction.workspace_id == run.workspace_id,
        GroupPrediction.run_id == run.id,
        GroupPrediction.dimension == dimension,
    )
    return {
        each.member: _predicted(each.customers, each.figures, horizon)
        for each in await session.scalars(query)
    }


def _predicted(customers: int, figures: Mapping[str, Any], horizon: Horizon) -> Predicted:
    return Predicted(
        customers=customers,
        alive=figures["alive"],
        historic=figures["historic"],
        purchases=figures["purchases"].get(horizon),
        residual=figures["residual"][horizon],
        deciles=figures["deciles"][horizon],
        draws=(figures["draws"] or {}).get(horizon, ()),
    )


async def predicted_selection(
    session: AsyncSession,
    run: ModelRun,
    filters: Mapping[str, Sequence[str]],
    by: str | None,
    horizon: Horizon,
) -> dict[str, Predicted]:
    """The same added up from customers: for combinations that the run did not store.

    Without an interval; customers belong to the groups that they are in now. Dimensions joined
    by `*` give members that are JSON arrays.
    """
    columns = [func.coalesce(_COLUMNS[name], "") for name in by.split("*")] if by else []
    member, of = _member(columns), CustomerPrediction
    query = (
        select(*_sums(horizon, member))
        .join(
            Customer,
            and_(Customer.workspace_id == of.workspace_id, Customer.id == of.customer_id),
        )
        .where(of.workspace_id == run.workspace_id, of.run_id == run.id)
    )
    if columns:
        query = query.group_by(member)
    for name, values in filters.items():
        query = query.where(func.coalesce(_COLUMNS[name], "").in_(list(values)))
    return {
        row.member: Predicted(
            customers=row.customers,
            alive=row.alive,
            historic=row.historic,
            purchases=row.purchases,
            residual=row.residual,
            deciles=row.deciles,
            draws=(),
        )
        for row in await session.execute(query)
        if row.customers
    }


def _member(columns: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """The group of a customer: nobody's, of one dimension, or of several joined."""
    if not columns:
        return literal("")
    return columns[0] if len(columns) == 1 else func.jsonb_build_array(*columns).cast(Text)


def _sums(horizon: Horizon, member: ColumnElement[str]) -> Sequence[ColumnElement[Any]]:
    """What is added up of the customers of a group."""
    of = CustomerPrediction
    residual = getattr(of, f"residual_{horizon}")
    tenths = array([cast(tenth / 10, DOUBLE_PRECISION) for tenth in range(1, 10)])
    finite = None if horizon == "infinite" else getattr(of, f"purchases_{horizon}")
    purchases: ColumnElement[Any] = null() if finite is None else func.sum(finite)
    return (
        member.label("member"),
        func.count().label("customers"),
        func.sum(of.p_alive).label("alive"),
        func.sum(of.historic).label("historic"),
        purchases.label("purchases"),
        func.sum(residual).label("residual"),
        func.percentile_cont(tenths).within_group(residual).label("deciles"),
    )
