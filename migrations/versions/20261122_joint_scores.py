"""Cells of joint scores keep bars and sums instead of every combination."""

from alembic import op

revision = "20261122_joint_scores"
down_revision = "20261122_earnings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fold all anew: until the worker has, figures are counted from the rows."""
    op.execute("ALTER TABLE survey_cells ADD COLUMN sums bigint[]")
    op.execute("DELETE FROM survey_cells")
    op.execute("UPDATE rollup_states SET folded_to = 0")


def downgrade() -> None:
    """Bars are no codes: fold all anew."""
    op.execute("DELETE FROM survey_cells")
    op.execute("UPDATE rollup_states SET folded_to = 0")
    op.execute("ALTER TABLE survey_cells DROP COLUMN sums")
