"""The probability of being still a customer, from the last sound model run of the workspace."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.churn.signals import Alive
from app.lifetime.customer_values import newest_run
from app.lifetime.models import CustomerPrediction


async def last_model_run(session: AsyncSession, workspace_id: UUID) -> UUID | None:
    """The model run whose probabilities hold now; None where none was made."""
    run = await newest_run(session, workspace_id)
    return None if run is None else run.id


async def alive_by_customer(
    session: AsyncSession, workspace_id: UUID, customers: Collection[UUID]
) -> Mapping[UUID, Alive]:
    """The probabilities of those customers that the last model run knows.

    Without those who had bought on one day only: of them the model says 1, which is no news.
    """
    run = await newest_run(session, workspace_id)
    if run is None or run.calibration_end is None:
        return {}
    query = select(CustomerPrediction.customer_id, CustomerPrediction.p_alive).where(
        CustomerPrediction.workspace_id == workspace_id,
        CustomerPrediction.run_id == run.id,
        CustomerPrediction.customer_id.in_(customers),
        CustomerPrediction.repeat_days > 0,
    )
    return {id_: Alive(p, run.id, run.calibration_end) for id_, p in await session.execute(query)}
