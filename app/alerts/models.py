"""Tables of alert rules, their states, alerts, and what was sent about them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.alerts.hysteresis import State
from app.alerts.kinds import Cause, ChannelKind, DeliveryStatus
from app.db import Base, CreatedAt, RecordId, WorkspaceKey
from app.named import Named

_STATES = "('ok', 'at_risk', 'breached')"


class AlertRule(Named):
    """What is watched, how it is judged, and who hears of it."""

    __tablename__ = "alert_rules"
    __table_args__ = (ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),)

    document: Mapped[dict[str, Any]]
    """An `AlertRulePut`, as JSON, with the scope of its KPI in its one spelling."""
    secrets: Mapped[dict[str, Any]]
    """The secrets that sign webhooks, by address. They are never shown."""


class AlertRuleState(Base):
    """Where a rule stands: its state, and when it is evaluated next."""

    __tablename__ = "alert_rule_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "rule"],
            ["alert_rules.workspace_id", "alert_rules.name"],
            name="fk_alert_rule_states_rule",
        ),
        CheckConstraint(f"state IN {_STATES}", name="state"),
        Index("ix_alert_rule_states_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    workspace_id: Mapped[WorkspaceKey]
    rule: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[State] = mapped_column(Text, default="ok")
    recent: Mapped[list[State]] = mapped_column(ARRAY(Text), default=list)
    """The last levels, as many as hysteresis looks back on."""
    evaluated_to: Mapped[datetime]
    """The end of the last bucket that was evaluated; each bucket is evaluated once."""
    observed_to: Mapped[date | None]
    """The end of the last observation of a metric that was judged."""
    due_at: Mapped[datetime | None]
    """When to evaluate next; null for a rule that is switched off."""
    evaluated_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    """Evaluations in a row that ended with an error."""
    error: Mapped[str | None]


class Alert(Base):
    """A change of state of a rule. It outlives the rule, so it says everything itself."""

    __tablename__ = "alerts"
    __table_args__ = (
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        CheckConstraint(f"state IN {_STATES}", name="state"),
        CheckConstraint(f"previous_state IN {_STATES}", name="previous_state"),
        CheckConstraint("state <> previous_state", name="change"),
        CheckConstraint("cause IN ('evaluation', 'rule_changed', 'rule_deleted')", name="cause"),
        Index("ix_alerts_rule", "workspace_id", "rule", "id"),
    )

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    rule: Mapped[str]
    title: Mapped[dict[str, Any]]
    watch: Mapped[dict[str, Any]]
    kind: Mapped[str]
    state: Mapped[State] = mapped_column(Text)
    previous_state: Mapped[State] = mapped_column(Text)
    cause: Mapped[Cause] = mapped_column(Text)
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    value: Mapped[float | None] = mapped_column(Double)
    unit: Mapped[str]
    n: Mapped[int | None]
    evidence: Mapped[dict[str, Any]]
    """What the state was judged by: limits, the interval, the test."""
    created_at: Mapped[CreatedAt]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    """The id of the key."""
    note: Mapped[str | None]


class AlertDelivery(Base):
    """An alert on its way over one channel; sent again until it arrives, and not after."""

    __tablename__ = "alert_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "alert_id"],
            ["alerts.workspace_id", "alerts.id"],
            name="fk_alert_deliveries_alert_id",
        ),
        CheckConstraint("kind IN ('webhook', 'mail')", name="kind"),
        CheckConstraint("status IN ('pending', 'sending', 'delivered', 'failed')", name="status"),
    )

    workspace_id: Mapped[WorkspaceKey]
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[ChannelKind] = mapped_column(Text)
    address: Mapped[str]
    language: Mapped[str]
    secret: Mapped[str | None]
    """Signs a webhook; forgotten once it has arrived or been given up."""
    status: Mapped[DeliveryStatus] = mapped_column(Text, default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    attempted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
