"""Customers, orders and refunds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_customers"
down_revision = "20261122_surveys"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    _create_customers()
    _create_orders()
    _create_refunds()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("refunds")
    op.drop_table("orders")
    op.drop_table("customers")


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("phone_e164", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("key_account_type", sa.Text()),
        sa.Column("acquisition_channel", sa.Text()),
        sa.Column("first_seen_at", _TIME),
        sa.Column("survey_consent", sa.Boolean()),
        sa.Column("survey_consent_at", _TIME),
        sa.Column("marketing_consent", sa.Boolean()),
        sa.Column("marketing_consent_at", _TIME),
        sa.Column("attributes", JSONB(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "key_account_type IN ('group', 'industry', 'channel', 'strategic')",
            name=op.f("ck_customers_key_account_type"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_customers"),
        sa.UniqueConstraint("workspace_id", "external_id", name="uq_customers_external_id"),
    )
    op.create_index("ix_customers_segment", "customers", ["workspace_id", "segment"])
    op.create_index("ix_customers_updated_at", "customers", ["workspace_id", "updated_at"])


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("ordered_at", _TIME, nullable=False),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("refunded", sa.Numeric(18, 4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("quantity", sa.BigInteger()),
        sa.Column("source_updated_at", _TIME),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_orders_amount")),
        sa.CheckConstraint("refunded >= 0 AND refunded <= amount", name=op.f("ck_orders_refunded")),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_orders_quantity")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customers.workspace_id", "customers.id"],
            name="fk_orders_customer_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "external_id", name="pk_orders"),
    )
    op.create_index(
        "ix_orders_customer_id", "orders", ["workspace_id", "customer_id", "ordered_at"]
    )
    op.create_index("ix_orders_ordered_at", "orders", ["workspace_id", "ordered_at"])
    op.create_index("ix_orders_updated_at", "orders", ["workspace_id", "updated_at"])


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("order_external_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("refunded_at", _TIME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "order_external_id"],
            ["orders.workspace_id", "orders.external_id"],
            name="fk_refunds_order_external_id",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "order_external_id", "external_id", name="pk_refunds"
        ),
    )
    op.create_index("ix_refunds_refunded_at", "refunds", ["workspace_id", "refunded_at"])
