"""What newcomers bring in by the time since, and how many units are sold."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_earnings"
down_revision = "20261122_money_of_months"
branch_labels = None
depends_on = None

_KEPT = "customer_purchases, undone_purchases, customer_sets, purchase_cells, purchase_rollups"
_KEY = ("workspace_id", "measure", "dimension")
_PLACES_FIRST = (*_KEY, "place", "other", "member", "currency")
_MEMBERS_FIRST = (*_KEY, "member", "currency", "place", "other")
_NUMBERS = sa.ARRAY(sa.BigInteger())


def upgrade() -> None:
    """Add the columns, and empty what is kept: it is folded anew from orders and refunds.

    A worker of the release before cannot fold into these columns, so that nothing half is kept.
    """
    op.execute(f"TRUNCATE {_KEPT}")
    op.drop_constraint("pk_purchase_cells", "purchase_cells")
    op.create_primary_key("pk_purchase_cells", "purchase_cells", list(_PLACES_FIRST))
    op.add_column("customer_purchases", sa.Column("undone_units", _NUMBERS, nullable=False))
    op.add_column("customer_purchases", sa.Column("sold", _NUMBERS, nullable=False))
    op.add_column("undone_purchases", sa.Column("opening", sa.Boolean(), nullable=False))
    op.add_column("undone_purchases", sa.Column("quantity", sa.BigInteger()))


def downgrade() -> None:
    """Drop them, and empty what is kept."""
    op.execute(f"TRUNCATE {_KEPT}")
    op.drop_column("undone_purchases", "quantity")
    op.drop_column("undone_purchases", "opening")
    op.drop_column("customer_purchases", "sold")
    op.drop_column("customer_purchases", "undone_units")
    op.drop_constraint("pk_purchase_cells", "purchase_cells")
    op.create_primary_key("pk_purchase_cells", "purchase_cells", list(_MEMBERS_FIRST))
