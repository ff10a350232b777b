"""What became of each lead, and counts of it: both are made by the worker from what is there."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_lead_verdicts"
down_revision = "20261122_joint_scores"
branch_labels = None
depends_on = None


def _workspace() -> sa.Column[object]:
    return sa.Column("workspace_id", sa.Uuid(), nullable=False)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the tables; changes of purchases stay listed until leads have been judged by them."""
    op.add_column(
        "purchase_changes",
        sa.Column("folded", sa.Boolean(), server_default="false", nullable=False),
    )
    op.create_table(
        "lead_rollups",
        _workspace(),
        *_texts("time_zone", "rebuilt_to"),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_lead_rollups"),
    )
    op.create_table(
        "lead_changes",
        _workspace(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leads", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("customers", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_lead_changes"),
    )
    op.create_table(
        "lead_verdicts",
        _workspace(),
        *_texts("external_id", "channel", "campaign"),
        *_numbers("day"),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("steps", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "external_id", name="pk_lead_verdicts"),
    )
    key = ("grain", "dimension", "place", "within", "member")
    op.create_table(
        "lead_cells",
        _workspace(),
        *_texts("grain", "dimension", "member"),
        *_numbers("place", "within", "leads", "repeated", "won", "known"),
        sa.PrimaryKeyConstraint("workspace_id", *key, name="pk_lead_cells"),
    )


def downgrade() -> None:
    """Drop them, and what only they still waited for."""
    for table in ("lead_cells", "lead_verdicts", "lead_changes", "lead_rollups"):
        op.drop_table(table)
    op.execute("DELETE FROM purchase_changes WHERE folded")
    op.drop_column("purchase_changes", "folded")
