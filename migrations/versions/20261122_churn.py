"""Churn early warning: states, crossings, progress."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_churn"
down_revision = "20261122_analyses"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_LEVELS = "('none', 'watch', 'at_risk', 'critical')"


def upgrade() -> None:
    """Create the tables."""
    _create_states()
    _create_crossings()
    op.create_table(
        "churn_progress",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("rows_to", _TIME),
        sa.Column("responses_to", sa.BigInteger(), nullable=False),
        sa.Column("complaints_to", sa.BigInteger(), nullable=False),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("model_run", sa.Uuid()),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_churn_progress")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("churn_progress")
    op.drop_table("churn_crossings")
    op.drop_table("churn_states")


def _create_states() -> None:
    op.create_table(
        "churn_states",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("key_account_type", sa.Text()),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("model_run", sa.Uuid()),
        sa.Column("changed_at", _TIME),
        sa.Column("evaluated_at", _TIME),
        sa.Column("due_at", _TIME, nullable=False),
        sa.CheckConstraint(f"level IN {_LEVELS}", name=op.f("ck_churn_states_level")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customers.workspace_id", "customers.id"],
            name="fk_churn_states_customer_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "customer_id", name=op.f("pk_churn_states")),
    )
    op.create_index("ix_churn_states_due_at", "churn_states", ["workspace_id", "due_at"])
    op.create_index(
        "ix_churn_states_priority", "churn_states", ["workspace_id", "priority", "customer_id"]
    )
    op.create_index(
        "ix_churn_states_key_account_type",
        "churn_states",
        ["workspace_id", "key_account_type", "level"],
    )


def _create_crossings() -> None:
    op.create_table(
        "churn_crossings",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("level_before", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("model_run", sa.Uuid()),
        sa.Column("crossed_at", _TIME, nullable=False),
        sa.CheckConstraint(f"level IN {_LEVELS}", name=op.f("ck_churn_crossings_level")),
        sa.CheckConstraint(
            f"level_before IN {_LEVELS}", name=op.f("ck_churn_crossings_level_before")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customers.workspace_id", "customers.id"],
            name="fk_churn_crossings_customer_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_churn_crossings")),
    )
    op.create_index("ix_churn_crossings_feed", "churn_crossings", ["workspace_id", "xid", "id"])
