"""The tables of kpis."""

revision = "20261122_kpis"
down_revision = "20261122_complaints"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
