"""What customers brought in by month is kept as sets: all purchases are folded anew."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_money_of_months"
down_revision = "20261122_silences"
branch_labels = None
depends_on = None

_KEPT = (
    "purchase_rollups", "customer_purchases", "undone_purchases", "customer_sets",
    "purchase_cells",
)  # fmt: skip


def upgrade() -> None:
    """Empty what is kept. Until the worker has folded, figures are counted from the orders."""
    for table in _KEPT:
        op.execute(sa.table(table).delete())


def downgrade() -> None:
    """Drop the sets."""
    op.execute("DELETE FROM customer_sets WHERE kind IN ('brought', 'paid_back')")
