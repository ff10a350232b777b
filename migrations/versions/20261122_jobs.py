"""The table of jobs that wait, are under way or have died."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_jobs"
down_revision = "20261122_complaints"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("name", "key", name=op.f("uq_jobs_name_key")),
    )
    op.create_index(
        op.f("ix_jobs_run_at"), "jobs", ["run_at"], postgresql_where=sa.text("failed_at IS NULL")
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("jobs")
