"""How long a workspace waits for what comes late before it calls a period complete."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_late_days"
down_revision = "20261122_turns_moved"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the setting; a period is complete when it has ended, as it was."""
    op.add_column(
        "workspaces",
        sa.Column("late_days", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_workspaces_late_days"), "workspaces", "late_days BETWEEN 0 AND 90"
    )


def downgrade() -> None:
    """Take the setting away."""
    op.drop_constraint(op.f("ck_workspaces_late_days"), "workspaces", type_="check")
    op.drop_column("workspaces", "late_days")
