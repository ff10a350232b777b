"""Orders say whether the brand was asked for by name; what is kept of purchases counts it."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_asked_for_brand"
down_revision = "20261122_placed_amounts"
branch_labels = None
depends_on = None

_KEPT = (
    "customer_purchases, undone_purchases, customer_sets, customer_amounts, purchase_cells, "
    "purchase_turns, purchase_rollups"
)
_NUMBERS = sa.ARRAY(sa.BigInteger())


def upgrade() -> None:
    """Add the columns, and empty what is kept: the worker folds it anew.

    A worker of the release before cannot fold into these columns, so that nothing half is kept.
    """
    op.add_column("orders", sa.Column("asked_for_brand", sa.Boolean()))
    op.execute(f"TRUNCATE {_KEPT}")
    op.add_column("customer_purchases", sa.Column("undone_asked", _NUMBERS, nullable=False))
    op.add_column("customer_purchases", sa.Column("asked", _NUMBERS, nullable=False))
    op.add_column("undone_purchases", sa.Column("asked", sa.BigInteger()))


def downgrade() -> None:
    """Drop them, and the sums that an older release would not keep up to date."""
    op.execute("DELETE FROM purchase_cells WHERE measure = 'asked'")
    op.drop_column("undone_purchases", "asked")
    op.drop_column("customer_purchases", "asked")
    op.drop_column("customer_purchases", "undone_asked")
    op.drop_column("orders", "asked_for_brand")
