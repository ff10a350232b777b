"""The probability of being still a customer, from the last model run of the workspace."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.churn.signals import Alive


async def last_model_run(session: AsyncSession, workspace_id: UUID) -> UUID | None:
    """The model run whose probabilities hold now; None where none was made."""
    del session, workspace_id
    return None


async def alive_by_customer(
    session: AsyncSession, workspace_id: UUID, customers: Collection[UUID]
) -> Mapping[UUID, Alive]:
    """The probabilities of those customers that the last model run knows."""
    del session, workspace_id, customers
    return {}
