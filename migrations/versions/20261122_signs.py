"""How responses came is kept in cells: signs, durations, and when customers had come before."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_signs"
down_revision = "20261122_purchase_turns"
branch_labels = None
depends_on = None

_GRAIN = "grain IN ('day', 'month')"
_TABLES = ("return_cells", "duration_cells", "sign_cells")


def upgrade() -> None:
    """Fold all anew: until the worker has, figures are counted from the rows."""
    op.add_column("response_deltas", sa.Column("duration_seconds", sa.Double))
    op.add_column(
        "response_deltas",
        sa.Column("flags", sa.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_table(
        "sign_cells",
        *_key(),
        sa.Column("sign", sa.Text, nullable=False),
        sa.Column("grain", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "survey_id", "sign", "grain", "day", "version", "name"
        ),
        sa.CheckConstraint(_GRAIN, name="grain"),
    )
    op.create_table(
        "duration_cells",
        *_key(),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("bucket", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "survey_id", "version", "bucket", "day", "seconds"),
    )
    op.create_table(
        "return_cells",
        *_key(),
        sa.Column("grain", sa.Text, nullable=False),
        sa.Column("grain_before", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("before", sa.Date, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "survey_id", "grain", "grain_before", "day", "before"
        ),
        sa.CheckConstraint(_GRAIN, name="grain"),
        sa.CheckConstraint("grain_before IN ('day', 'month')", name="grain_before"),
    )
    op.execute("DELETE FROM survey_cells")
    op.execute("UPDATE rollup_states SET folded_to = 0")


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("workspace_id", sa.Uuid, nullable=False),
        sa.Column("survey_id", sa.Uuid, nullable=False),
    )


def downgrade() -> None:
    """What was answered stays in the cells."""
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("response_deltas", "flags")
    op.drop_column("response_deltas", "duration_seconds")
