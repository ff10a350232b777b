"""The tables of responses."""

revision = "20261122_responses"
down_revision = "20261122_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
