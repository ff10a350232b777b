"""The outbox: one row for each fact that others may want to hear."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, RecordId, WorkspaceKey, now


class Event(Base):
    """A fact, written in the transaction that made it true.

    `xid` is the number of that transaction: readers take what is below the oldest running one,
    so that a commit that comes late is never skipped.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_feed", "workspace_id", "xid", "id"),)

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    xid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    type: Mapped[str]
    subject: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    occurred_at: Mapped[datetime] = mapped_column(default=now)
