"""Tables of churn early warning: who stands where, who crossed a level, how far the worker is."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.churn.rules import Level
from app.customers.models import Customer
from app.db import Base, RecordId, WorkspaceKey

_LEVELS = ", ".join(f"'{level}'" for level in get_args(Level))
#: Added to the rank of a key account, so that they stand before all others.
KEY_ACCOUNT = 10


def priority_of(rank: int, key_account_type: str | None) -> int:
    """The place in the list: key accounts first, then by level."""
    return rank + (KEY_ACCOUNT if key_account_type is not None else 0)


class ChurnState(Base):
    """Where a customer stood when the worker last looked.

    `due_at` is when it looks next: at once where something is new, else when time alone may
    change something.
    """

    __tablename__ = "churn_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            [Customer.workspace_id, Customer.id],
            name="fk_churn_states_customer_id",
        ),
        CheckConstraint(f"level IN ({_LEVELS})", name="level"),
        Index("ix_churn_states_due_at", "workspace_id", "due_at"),
        Index("ix_churn_states_priority", "workspace_id", "priority", "customer_id"),
        Index("ix_churn_states_level", "workspace_id", "level", "priority", "customer_id"),
        Index("ix_churn_states_key_account_type", "workspace_id", "key_account_type", "level"),
    )

    workspace_id: Mapped[WorkspaceKey]
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[str]
    priority: Mapped[int]
    key_account_type: Mapped[str | None]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    model_run: Mapped[UUID | None]
    """The run whose probability was used; none was where it is empty."""
    changed_at: Mapped[datetime | None]
    """When the level was crossed last."""
    evaluated_at: Mapped[datetime | None]
    due_at: Mapped[datetime]


class ChurnCount(Base):
    """How many customers of a key-account type ('': of none) stand at a level, once judged."""

    __tablename__ = "churn_counts"

    workspace_id: Mapped[WorkspaceKey]
    key_account_type: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class ChurnCrossing(Base):
    """A customer crossed a level; written once for each change, never changed."""

    __tablename__ = "churn_crossings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            [Customer.workspace_id, Customer.id],
            name="fk_churn_crossings_customer_id",
        ),
        CheckConstraint(f"level IN ({_LEVELS})", name="level"),
        CheckConstraint(f"level_before IN ({_LEVELS})", name="level_before"),
        Index("ix_churn_crossings_feed", "workspace_id", "xid", "id"),
    )

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    xid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    customer_id: Mapped[UUID]
    level_before: Mapped[str]
    level: Mapped[str]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    rules_version: Mapped[int]
    model_run: Mapped[UUID | None]
    crossed_at: Mapped[datetime]


class ChurnProgress(Base):
    """How far the worker has looked for what is new in a workspace."""

    __tablename__ = "churn_progress"

    workspace_id: Mapped[WorkspaceKey]
    rows_to: Mapped[datetime | None]
    """Customers and orders that changed before this have been seen."""
    responses_to: Mapped[int]
    """Responses of transactions below this number have been seen."""
    complaints_to: Mapped[int]
    rules_version: Mapped[int]
    model_run: Mapped[UUID | None]
