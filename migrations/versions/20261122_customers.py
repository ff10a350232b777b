"""The tables of customers."""

revision = "20261122_customers"
down_revision = "20261122_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
