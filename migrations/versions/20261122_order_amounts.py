"""How the amounts of orders lie is kept by month: all purchases are folded anew."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_order_amounts"
down_revision = "20261122_move_totals"
branch_labels = None
depends_on = None

_KEPT = "customer_purchases, undone_purchases, customer_sets, purchase_cells, purchase_rollups"


def upgrade() -> None:
    """Add the amounts, and the indexes by which the orders of some amounts are found."""
    op.execute(f"TRUNCATE {_KEPT}")
    amounts = sa.Column("amounts", sa.ARRAY(sa.BigInteger()), nullable=False)
    op.add_column("customer_purchases", amounts)
    op.drop_index("ix_orders_ordered_at", "orders")
    op.create_index(
        "ix_orders_ordered_at",
        "orders",
        ["workspace_id", "ordered_at"],
        postgresql_include=["customer_id", "amount", "refunded"],
    )
    op.create_index(
        "ix_orders_fully_refunded",
        "orders",
        ["workspace_id", "ordered_at"],
        postgresql_where=sa.text("refunded = amount AND amount > 0"),
    )


def downgrade() -> None:
    """Drop them, and empty what is kept."""
    op.execute(f"TRUNCATE {_KEPT}")
    op.drop_index("ix_orders_fully_refunded", "orders")
    op.drop_index("ix_orders_ordered_at", "orders")
    op.create_index("ix_orders_ordered_at", "orders", ["workspace_id", "ordered_at"])
    op.drop_column("customer_purchases", "amounts")
