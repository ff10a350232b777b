"""The tables of surveys."""

revision = "20261122_surveys"
down_revision = "20261122_workspaces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""


def downgrade() -> None:
    """Drop them."""
