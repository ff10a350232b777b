"""The tables of metrics, their observations, and scorecards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_scorecards"
down_revision = "20261122_purchases"
branch_labels = None
depends_on = None


def _named() -> list[sa.Column[object]]:
    return [
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _keys(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=f"fk_{table}_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=f"pk_{table}"),
    ]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "metrics",
        *_named(),
        sa.Column("label", JSONB(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("aggregation", sa.Text(), nullable=False),
        sa.CheckConstraint("direction IN ('higher', 'lower')", name=op.f("ck_metrics_direction")),
        sa.CheckConstraint(
            "aggregation IN ('sum', 'mean', 'last')", name=op.f("ck_metrics_aggregation")
        ),
        *_keys("metrics"),
    )
    op.create_table(
        "metric_observations",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("n", sa.BigInteger()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("level", sa.Double()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_on < ends_on", name=op.f("ck_metric_observations_period")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_metric_observations_n")),
        sa.CheckConstraint(
            "low <= value AND value <= high", name=op.f("ck_metric_observations_interval")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "metric"],
            ["metrics.workspace_id", "metrics.name"],
            name="fk_metric_observations_metric",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "metric", "starts_on", "ends_on", name="pk_metric_observations"
        ),
    )
    op.create_table(
        "scorecards",
        *_named(),
        sa.Column("document", JSONB(), nullable=False),
        *_keys("scorecards"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("scorecards")
    op.drop_table("metric_observations")
    op.drop_table("metrics")
