"""The table of weighting schemes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_weighting_schemes"
down_revision = "20261122_churn_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "weighting_schemes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", JSONB(), nullable=False),
        sa.Column("margins", JSONB(), nullable=False),
        sa.Column("trim", JSONB()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_weighting_schemes_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_weighting_schemes"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("weighting_schemes")
