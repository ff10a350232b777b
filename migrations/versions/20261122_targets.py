"""The table of targets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_targets"
down_revision = "20261122_market"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "targets",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("scope", JSONB(), nullable=False),
        sa.Column("scope_key", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("floor", sa.Double()),
        sa.Column("stretch", sa.Double()),
        sa.Column("currency", sa.Text()),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('higher', 'lower')", name=op.f("ck_targets_direction")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_targets_valid")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_targets_workspace_id"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name="pk_targets"),
    )
    op.create_index("ix_targets_scope_key", "targets", ["workspace_id", "kpi", "scope_key"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("targets")
