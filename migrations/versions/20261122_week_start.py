"""The day on which the weeks of a workspace begin."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_week_start"
down_revision = "20261122_order_amounts"
branch_labels = None
depends_on = None

_DAYS = "'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'"


def upgrade() -> None:
    """Add the setting; weeks begin on Mondays, as they did."""
    op.add_column(
        "workspaces",
        sa.Column("week_start", sa.Text(), server_default=sa.text("'monday'"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_workspaces_week_start"), "workspaces", f"week_start IN ({_DAYS})"
    )


def downgrade() -> None:
    """Take the setting away."""
    op.drop_constraint(op.f("ck_workspaces_week_start"), "workspaces", type_="check")
    op.drop_column("workspaces", "week_start")
