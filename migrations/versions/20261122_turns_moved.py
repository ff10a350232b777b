"""Beside an order that was undone stand the days of its customer that it may have moved."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_turns_moved"
down_revision = "20261122_signs"
branch_labels = None
depends_on = None

_DAYS = ("first_day", "second_day", "silent_day")


def upgrade() -> None:
    """Copy them from what is kept of customers: nothing is to be folded again."""
    for day in _DAYS:
        op.add_column("undone_purchases", sa.Column(day, sa.BigInteger()))
    op.execute("""
        UPDATE undone_purchases u SET first_day = p.first_day - DATE '0001-01-01' + 1,
            second_day = p.second_day - DATE '0001-01-01' + 1,
            silent_day = p.silent_day - DATE '0001-01-01' + 1
        FROM customer_purchases p
        WHERE p.workspace_id = u.workspace_id AND p.number = u.number
    """)


def downgrade() -> None:
    """Drop them."""
    for day in _DAYS:
        op.drop_column("undone_purchases", day)
