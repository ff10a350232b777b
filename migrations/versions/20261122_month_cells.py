"""Cells of whole months beside those of days."""

from alembic import op

revision = "20261122_month_cells"
down_revision = "20261122_minimum_cell_size"
branch_labels = None
depends_on = None

_KEY = ("workspace_id", "survey_id", "question", "dimension")
_REST = ("day", "member", "code", "quality")


def upgrade() -> None:
    """Mark what is there as days, and add the months up."""
    op.execute("ALTER TABLE survey_cells ADD COLUMN grain text NOT NULL DEFAULT 'day'")
    op.execute("ALTER TABLE survey_cells ALTER COLUMN grain DROP DEFAULT")
    op.create_check_constraint("grain", "survey_cells", "grain IN ('day', 'month')")
    op.drop_constraint("pk_survey_cells", "survey_cells", type_="primary")
    op.create_primary_key("pk_survey_cells", "survey_cells", [*_KEY, "grain", *_REST])
    op.execute(
        """
        INSERT INTO survey_cells (workspace_id, survey_id, question, dimension, grain, day,
            member, code, quality, n)
        SELECT workspace_id, survey_id, question, dimension, 'month',
            date_trunc('month', day)::date, member, code, quality, sum(n)
        FROM survey_cells
        GROUP BY 1, 2, 3, 4, 6, 7, 8, 9
        HAVING sum(n) <> 0
        """
    )


def downgrade() -> None:
    """Leave the days."""
    op.execute("DELETE FROM survey_cells WHERE grain = 'month'")
    op.drop_constraint("pk_survey_cells", "survey_cells", type_="primary")
    op.drop_column("survey_cells", "grain")
    op.create_primary_key("pk_survey_cells", "survey_cells", [*_KEY, *_REST])
