"""Telling what happened: a row beside the change, in the same transaction."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.events.models import Event


def record(
    session: AsyncSession,
    workspace_id: UUID,
    type_: str,
    subject: str,
    **data: str | int | bool | None,
) -> None:
    """Write an event with the transaction of the session.

    `type_` is `thing.happened` ("survey.published"), `subject` the id of the thing. `data` holds
    what a listener needs to decide, and nothing personal.
    """
    session.add(Event(workspace_id=workspace_id, type=type_, subject=subject, data=data))
