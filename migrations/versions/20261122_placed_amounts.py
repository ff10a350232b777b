"""Amounts of orders by the day on which they were placed: purchases are folded anew."""

from alembic import op

revision = "20261122_placed_amounts"
down_revision = "20261122_weighting_schemes"
branch_labels = None
depends_on = None

_KEPT = (
    "customer_purchases, undone_purchases, customer_sets, customer_amounts, purchase_cells, "
    "purchase_turns, purchase_rollups"
)


def upgrade() -> None:
    """Empty what is kept: the worker fills it again, with these amounts."""
    op.execute(f"TRUNCATE {_KEPT}")


def downgrade() -> None:
    """Take out the amounts that an older release would not keep up to date."""
    op.execute("DELETE FROM customer_amounts WHERE kind = 'placed'")
