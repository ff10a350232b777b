"""What a customer had brought in by each move, beside the move."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_move_totals"
down_revision = "20261122_lives"
branch_labels = None
depends_on = None

_TOTALS = """
UPDATE customer_purchases p SET move_totals = coalesce((
    SELECT array_agg(total ORDER BY place) FROM (
        SELECT place, CAST(sum(amount) OVER (ORDER BY place) AS bigint) AS total
        FROM unnest(p.move_amounts) WITH ORDINALITY AS move (amount, place)
    ) AS moves
), '{}')
"""


def upgrade() -> None:
    """Add the column and count it from the moves: nothing is to be folded again."""
    numbers = sa.ARRAY(sa.BigInteger())
    op.add_column("customer_purchases", sa.Column("move_totals", numbers))
    op.execute(_TOTALS)
    op.alter_column("customer_purchases", "move_totals", nullable=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("customer_purchases", "move_totals")
