"""Leads, acquisition spend and market totals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_market"
down_revision = "20261122_jobs"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    _create_leads()
    _create_acquisition_spend()
    _create_market_totals()


def downgrade() -> None:
    """Drop them."""
    op.drop_table("market_totals")
    op.drop_table("acquisition_spend")
    op.drop_table("leads")


def _create_leads() -> None:
    op.create_table(
        "leads",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text()),
        sa.Column("customer", sa.Text()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "external_id", name=op.f("pk_leads")),
    )
    op.create_index("ix_leads_created_at", "leads", ["workspace_id", "created_at", "external_id"])
    op.create_index("ix_leads_customer", "leads", ["workspace_id", "customer"])
    op.create_index("ix_leads_updated_at", "leads", ["workspace_id", "updated_at"])


def _create_acquisition_spend() -> None:
    op.create_table(
        "acquisition_spend",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint("kind IN ('paid', 'organic')", name=op.f("ck_acquisition_spend_kind")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_acquisition_spend_amount")),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_acquisition_spend_period")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_acquisition_spend")),
        sa.UniqueConstraint(
            "workspace_id",
            "channel",
            "kind",
            "period_start",
            "period_end",
            name="uq_acquisition_spend_period",
        ),
    )


def _create_market_totals() -> None:
    op.create_table(
        "market_totals",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("currency", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stated_on", sa.Date(), nullable=False),
        sa.Column("error_margin", sa.Numeric(6, 4)),
        sa.Column("competitors", JSONB(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "basis IN ('value', 'units', 'customers')", name=op.f("ck_market_totals_basis")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_market_totals_amount")),
        sa.CheckConstraint(
            "(basis = 'value') = (currency IS NOT NULL)", name=op.f("ck_market_totals_currency")
        ),
        sa.CheckConstraint(
            "error_margin >= 0 AND error_margin < 1", name=op.f("ck_market_totals_error_margin")
        ),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_market_totals_period")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_market_totals")),
        sa.UniqueConstraint(
            "workspace_id", "basis", "period_start", "period_end", name="uq_market_totals_period"
        ),
    )
