"""Tables of workspaces and their API keys."""

from datetime import datetime
from typing import get_args
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, LargeBinary, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Revision, UpdatedAt, new_id
from app.fields import Weekday


class Workspace(Base):
    """One organisation's data: nothing is shared between two of them."""

    __tablename__ = "workspaces"
    __table_args__ = (
        CheckConstraint("minimum_cell_size BETWEEN 1 AND 1000", name="minimum_cell_size"),
        CheckConstraint("late_days BETWEEN 0 AND 90", name="late_days"),
        CheckConstraint(
            f"week_start IN ({', '.join(map(repr, get_args(Weekday)))})", name="week_start"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    """Zone of the local days of every report; rollups are kept in it."""
    week_start: Mapped[str] = mapped_column(default="monday", server_default=text("'monday'"))
    """The day on which the weeks of every report begin; ISO 8601 says Monday."""
    late_days: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How long after its end a period is not complete: what belongs to it may still come."""
    language: Mapped[str] = mapped_column(default="zh-CN")
    currency: Mapped[str] = mapped_column(default="CNY")
    dimensions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """Keys of response metadata by which rollups are kept, beside channel, method and segment."""
    minimum_cell_size: Mapped[int] = mapped_column(default=5, server_default=text("5"))
    """Figures of groups and filters that tell of fewer are withheld; 1 withholds nothing."""
    revision: Mapped[Revision]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class ApiKey(Base):
    """A key; unique across workspaces because a request is known by it alone."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("kind IN ('secret', 'publishable')", name="kind"),)

    key_id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """HMAC-SHA-256 of the secret under the pepper; null for publishable keys, no secrets."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    origins: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    survey_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
