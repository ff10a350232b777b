"""Amounts by bucket and by day, money by month and what followed: purchases are folded anew."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_amounts_by_bucket"
down_revision = "20261122_late_days"
branch_labels = None
depends_on = None

_KEPT = (
    "customer_purchases, undone_purchases, customer_sets, purchase_cells, purchase_turns, "
    "purchase_rollups"
)
_FIRST_DAY = "ix_customer_purchases_first_day"
_BESIDE = ["second_day", "silent_day", "number", "segment", "channel", "key_account_type"]


def upgrade() -> None:
    """Add them, and to the index by the first day what totals of newcomers are read from."""
    op.execute(f"TRUNCATE {_KEPT}")
    numbers = sa.ARRAY(sa.BigInteger())
    op.add_column("customer_purchases", sa.Column("undone_amounts", numbers, nullable=False))
    op.add_column("undone_purchases", sa.Column("amount", sa.BigInteger(), nullable=False))
    op.create_table(
        "customer_amounts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("chunk", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.LargeBinary(), nullable=False),
        sa.Column("amounts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "kind",
            "place",
            "bucket",
            "member",
            "chunk",
            name="pk_customer_amounts",
        ),
    )
    _index(["last_move_day", "currency", "net"])


def downgrade() -> None:
    """Drop them, and empty what is kept."""
    op.execute(f"TRUNCATE {_KEPT}")
    _index([])
    op.drop_table("customer_amounts")
    op.drop_column("undone_purchases", "amount")
    op.drop_column("customer_purchases", "undone_amounts")


def _index(more: list[str]) -> None:
    op.drop_index(_FIRST_DAY, "customer_purchases")
    op.create_index(
        _FIRST_DAY,
        "customer_purchases",
        ["workspace_id", "first_day"],
        postgresql_include=[*_BESIDE, *more],
    )
