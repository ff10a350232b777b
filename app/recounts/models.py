"""When a workspace's rollups were last counted again, and what came of it."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, WorkspaceKey


class RecountState(Base):
    """The recounts of a workspace: the last one, and sums of all."""

    __tablename__ = "recount_states"

    workspace_id: Mapped[WorkspaceKey]
    begun_at: Mapped[datetime]
    """When a worker last took it on: others leave it alone until the next night."""
    blocks: Mapped[int] = mapped_column(default=0)
    differences: Mapped[int] = mapped_column(default=0)
