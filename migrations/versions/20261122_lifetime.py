"""The tables of model runs and of what they say of customers and groups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

revision = "20261122_lifetime"
down_revision = "20261122_alerts"
branch_labels = None
depends_on = None

_REALS = [
    "mean_value",
    "historic",
    "p_alive",
    "purchase_value",
    "purchases_year",
    "purchases_12",
    "purchases_24",
    "purchases_36",
    "residual_12",
    "residual_24",
    "residual_36",
    "residual_infinite",
]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "model_runs",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("calibration_end", sa.Date()),
        sa.Column("holdout_end", sa.Date()),
        sa.Column("currency", sa.Text()),
        sa.Column("discount_annual", sa.BigInteger(), nullable=False),
        sa.Column("refit_of", sa.Uuid()),
        sa.Column("renewals", JSONB()),
        sa.Column("result", JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_model_runs")),
        sa.CheckConstraint("kind IN ('bgnbd', 'pnbd', 'sbg')", name=op.f("ck_model_runs_kind")),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'sound', 'unreliable', 'refused', 'failed')",
            name=op.f("ck_model_runs_status"),
        ),
    )
    op.create_index(
        op.f("ix_model_runs_status"), "model_runs", ["workspace_id", "status", "calibration_end"]
    )
    op.create_table(
        "customer_predictions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("repeat_days", sa.BigInteger(), nullable=False),
        sa.Column("last_days", sa.BigInteger(), nullable=False),
        sa.Column("age_days", sa.BigInteger(), nullable=False),
        *(sa.Column(name, DOUBLE_PRECISION(), nullable=False) for name in _REALS),
        sa.PrimaryKeyConstraint(
            "workspace_id", "run_id", "customer_id", name=op.f("pk_customer_predictions")
        ),
    )
    op.create_table(
        "group_predictions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "run_id", "dimension", "member", name=op.f("pk_group_predictions")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["model_runs.workspace_id", "model_runs.id"],
            name=op.f("fk_group_predictions_run_id"),
        ),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("group_predictions", "customer_predictions", "model_runs"):
        op.drop_table(table)
