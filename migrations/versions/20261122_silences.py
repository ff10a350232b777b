"""Since when customers are silent: a day of each, and sums of how long it took."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_silences"
down_revision = "20261122_report_deliveries"
branch_labels = None
depends_on = None

_DAYS = """
UPDATE customer_purchases p SET silent_day = DATE '0001-01-01' - 1 + CAST((
    SELECT min(each.day) FROM unnest(p.days) WITH ORDINALITY AS each (day, place)
    WHERE p.days[each.place + 1] IS NULL OR p.days[each.place + 1] - each.day > 90
) AS int)
WHERE p.first_day IS NOT NULL
"""
_CELLS = """
INSERT INTO purchase_cells (workspace_id, measure, dimension, member, currency, place, other, n,
    amount, squares)
SELECT p.workspace_id, 'silence', by.dimension, by.member, '', p.silent_day - p.first_day, 0,
    count(*), 0, 0
FROM customer_purchases p
CROSS JOIN LATERAL (VALUES ('', ''), ('segment', p.segment), ('channel', p.channel),
    ('key_account_type', p.key_account_type)) AS by (dimension, member)
WHERE p.silent_day IS NOT NULL
GROUP BY 1, 3, 4, 6
"""


def upgrade() -> None:
    """Add the day and count it from the days that are kept: nothing is to be folded again."""
    op.add_column("customer_purchases", sa.Column("silent_day", sa.Date()))
    op.execute(_DAYS)
    op.execute(_CELLS)
    op.create_index(
        "ix_customer_purchases_silent_day",
        "customer_purchases",
        ["workspace_id", "silent_day", "first_day", "number"],
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DELETE FROM purchase_cells WHERE measure = 'silence'")
    op.drop_index("ix_customer_purchases_silent_day", "customer_purchases")
    op.drop_column("customer_purchases", "silent_day")
