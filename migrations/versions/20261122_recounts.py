"""When the rollups of a workspace were last counted again."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_recounts"
down_revision = "20261122_scorecards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "recount_states",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocks", sa.BigInteger(), nullable=False),
        sa.Column("differences", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_recount_states"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("recount_states")
