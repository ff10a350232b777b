"""The smallest group that figures are told of."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_minimum_cell_size"
down_revision = "20261122_targets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the setting, and let every workspace begin with the default."""
    op.add_column(
        "workspaces",
        sa.Column(
            "minimum_cell_size", sa.BigInteger(), server_default=sa.text("5"), nullable=False
        ),
    )
    op.create_check_constraint(
        op.f("ck_workspaces_minimum_cell_size"),
        "workspaces",
        "minimum_cell_size BETWEEN 1 AND 1000",
    )


def downgrade() -> None:
    """Take the setting away."""
    op.drop_constraint(op.f("ck_workspaces_minimum_cell_size"), "workspaces", type_="check")
    op.drop_column("workspaces", "minimum_cell_size")
