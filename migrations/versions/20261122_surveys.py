"""The tables of surveys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_surveys"
down_revision = "20261122_workspaces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "surveys",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("draft", JSONB(), nullable=False),
        sa.Column("current_version", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'closed')", name=op.f("ck_surveys_status")
        ),
        sa.CheckConstraint(
            "(status = 'draft') = (current_version IS NULL)",
            name=op.f("ck_surveys_published_has_version"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_surveys_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_surveys"),
    )
    op.create_index("ix_surveys_updated_at", "surveys", ["workspace_id", "updated_at"])
    op.create_table(
        "survey_versions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("definition", JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("number >= 1", name=op.f("ck_survey_versions_number")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "survey_id"],
            ["surveys.workspace_id", "surveys.id"],
            name="fk_survey_versions_workspace_id_survey_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "survey_id", "number", name="pk_survey_versions"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("survey_versions")
    op.drop_table("surveys")
