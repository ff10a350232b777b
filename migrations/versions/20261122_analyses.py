"""Analyses that are worked out in the background."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_analyses"
down_revision = "20261122_reports"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "analysis_runs",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("result", JSONB(none_as_null=True)),
        sa.Column("failure", JSONB(none_as_null=True)),
        sa.Column("started_at", _TIME),
        sa.Column("finished_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "analysis IN ('drivers', 'derived-importance-performance', 'words')",
            name=op.f("ck_analysis_runs_analysis"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed')",
            name=op.f("ck_analysis_runs_status"),
        ),
        sa.CheckConstraint(
            "(status = 'succeeded') = (result IS NOT NULL) AND "
            "(status = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_analysis_runs_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_analysis_runs_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_analysis_runs"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("analysis_runs")
