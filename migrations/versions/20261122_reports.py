"""Report definitions, reports and their documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_reports"
down_revision = "20261122_recounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "report_definitions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("due_end", sa.Date()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_report_definitions")),
    )
    op.create_index(
        "ix_report_definitions_due",
        "report_definitions",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "reports",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("schedule_key", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("figures", JSONB(none_as_null=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('queued', 'ready', 'failed')", name=op.f("ck_reports_status")
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (problem IS NOT NULL)", name=op.f("ck_reports_problem")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "workspace_id", "schedule_key", name=op.f("uq_reports_workspace_id_schedule_key")
        ),
    )
    op.create_table(
        "report_documents",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("format IN ('html', 'pdf')", name=op.f("ck_report_documents_format")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "report_id"],
            ["reports.workspace_id", "reports.id"],
            name=op.f("fk_report_documents_workspace_id_report_id"),
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "report_id", "format", "language", name=op.f("pk_report_documents")
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("report_documents")
    op.drop_table("reports")
    op.drop_table("report_definitions")
