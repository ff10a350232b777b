"""What is kept of purchases: changed customers, a row for each, sets of customers, sums."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT

revision = "20261122_purchases"
down_revision = "20261122_month_cells"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "purchase_changes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customers", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_purchase_changes"),
    )
    op.create_table(
        "purchase_rollups",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("rebuilt_to", sa.Uuid(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_purchase_rollups"),
    )
    op.create_table(
        "customer_purchases",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key_account_type", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("second_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("purchase_days", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text()),
        sa.Column("net", sa.Numeric(22, 4), nullable=False),
        sa.Column("repeat_amount", sa.Numeric(22, 4), nullable=False),
        sa.Column("last_move_day", sa.Date()),
        sa.Column("latest_at", sa.DateTime(timezone=True)),
        sa.Column("days", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("day_orders", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("undone", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("move_days", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("move_currencies", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("move_amounts", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "customer_id", name="pk_customer_purchases"),
        sa.UniqueConstraint("workspace_id", "number", name="uq_customer_purchases_number"),
    )
    op.create_index(
        "ix_customer_purchases_first_day", "customer_purchases", ["workspace_id", "first_day"]
    )
    op.create_index(
        "ix_customer_purchases_last_move_day",
        "customer_purchases",
        ["workspace_id", "last_move_day"],
    )
    op.create_index(
        "ix_customer_purchases_latest_at", "customer_purchases", ["workspace_id", "latest_at"]
    )
    op.create_index(
        "ix_customer_purchases_second_day", "customer_purchases", ["workspace_id", "second_day"]
    )
    op.create_table(
        "undone_purchases",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("placed_day", sa.BigInteger(), nullable=False),
        sa.Column("undone_day", sa.BigInteger(), nullable=False),
        sa.Column("stretch", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key_account_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "number", "position", name="pk_undone_purchases"),
    )
    op.create_index(
        "ix_undone_purchases_placed_day", "undone_purchases", ["workspace_id", "placed_day"]
    )
    op.create_index(
        "ix_undone_purchases_stretch", "undone_purchases", ["workspace_id", "stretch", "undone_day"]
    )
    op.create_table(
        "customer_sets",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("chunk", sa.BigInteger(), nullable=False),
        sa.Column("bits", BIT(varying=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "kind", "member", "level", "place", "chunk", name="pk_customer_sets"
        ),
    )
    op.create_table(
        "purchase_cells",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(38, 0), nullable=False),
        sa.Column("squares", sa.Numeric(60, 0), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "measure",
            "dimension",
            "member",
            "currency",
            "place",
            "other",
            name="pk_purchase_cells",
        ),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("purchase_cells")
    op.drop_table("customer_sets")
    op.drop_table("undone_purchases")
    op.drop_table("customer_purchases")
    op.drop_table("purchase_rollups")
    op.drop_table("purchase_changes")
