"""Mails with scheduled reports."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_report_deliveries"
down_revision = "20261122_lifetime"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "report_deliveries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'failed')", name=op.f("ck_report_deliveries_status")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "report_id"],
            ["reports.workspace_id", "reports.id"],
            name=op.f("fk_report_deliveries_workspace_id_report_id"),
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "report_id", "number", name=op.f("pk_report_deliveries")
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("report_deliveries")
