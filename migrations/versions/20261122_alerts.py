"""The tables of alert rules, their states, alerts and deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_alerts"
down_revision = "20261122_churn"
branch_labels = None
depends_on = None

_STATES = "('ok', 'at_risk', 'breached')"


def _check(table: str, column: str, values: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN {values}", name=op.f(f"ck_{table}_{column}"))


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "alert_rules",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("secrets", JSONB(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_alert_rules_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_alert_rules"),
    )
    op.create_table(
        "alert_rule_states",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recent", sa.ARRAY(sa.Text()), nullable=False),
        _time("evaluated_to", nullable=False),
        sa.Column("observed_to", sa.Date()),
        _time("due_at"),
        _time("evaluated_at"),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text()),
        _check("alert_rule_states", "state", _STATES),
        sa.ForeignKeyConstraint(
            ["workspace_id", "rule"],
            ["alert_rules.workspace_id", "alert_rules.name"],
            name="fk_alert_rule_states_rule",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "rule", name="pk_alert_rule_states"),
    )
    op.create_index(
        "ix_alert_rule_states_due_at",
        "alert_rule_states",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "alerts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("title", JSONB(), nullable=False),
        sa.Column("watch", JSONB(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date()),
        sa.Column("period_end", sa.Date()),
        sa.Column("value", sa.Double()),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger()),
        sa.Column("evidence", JSONB(), nullable=False),
        _time("created_at", nullable=False),
        _time("acknowledged_at"),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("note", sa.Text()),
        _check("alerts", "state", _STATES),
        _check("alerts", "previous_state", _STATES),
        sa.CheckConstraint("state <> previous_state", name=op.f("ck_alerts_change")),
        _check("alerts", "cause", "('evaluation', 'rule_changed', 'rule_deleted')"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_alerts_workspace_id"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_rule", "alerts", ["workspace_id", "rule", "id"])
    op.create_table(
        "alert_deliveries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text()),
        _time("attempted_at"),
        _time("delivered_at"),
        _check("alert_deliveries", "kind", "('webhook', 'mail')"),
        _check("alert_deliveries", "status", "('pending', 'sending', 'delivered', 'failed')"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "alert_id"],
            ["alerts.workspace_id", "alerts.id"],
            name="fk_alert_deliveries_alert_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "alert_id", "number", name="pk_alert_deliveries"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("alert_deliveries")
    op.drop_table("alerts")
    op.drop_table("alert_rule_states")
    op.drop_table("alert_rules")
