"""How many customers stand at each level of churn risk is kept; each level has its list."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_churn_counts"
down_revision = "20261122_changed_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count those who were judged."""
    op.create_table(
        "churn_counts",
        sa.Column("workspace_id", sa.Uuid, nullable=False),
        sa.Column("key_account_type", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "key_account_type", "level"),
    )
    op.execute(
        """
        INSERT INTO churn_counts (workspace_id, key_account_type, level, n)
        SELECT workspace_id, coalesce(key_account_type, ''), level, count(*)
        FROM churn_states WHERE evaluated_at IS NOT NULL GROUP BY 1, 2, 3
        """
    )
    op.create_index(
        "ix_churn_states_level",
        "churn_states",
        ["workspace_id", "level", "priority", "customer_id"],
    )


def downgrade() -> None:
    """They are counted whenever they are asked for."""
    op.drop_index("ix_churn_states_level", "churn_states")
    op.drop_table("churn_counts")
