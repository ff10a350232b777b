"""When customers turned is kept as counts by days: those of each month stand together."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_purchase_turns"
down_revision = "20261122_week_start"
branch_labels = None
depends_on = None

_TURNS = """
INSERT INTO purchase_turns (workspace_id, turn, measure, dimension, month, first_month, member,
    days, customers)
SELECT workspace_id, turn, measure, dimension, month, first_month, member,
    array_agg(day ORDER BY day), array_agg(n ORDER BY day)
FROM (
    SELECT p.workspace_id, t.turn, m.measure, by.dimension, m.month, m.first_month, by.member,
        m.day, CAST(count(*) AS int) AS n
    FROM customer_purchases p
    CROSS JOIN LATERAL (VALUES ('second', p.second_day), ('silent', p.silent_day)) AS t (turn, day)
    CROSS JOIN LATERAL (SELECT
        CAST(extract(year FROM t.day) * 12 + extract(month FROM t.day) - 1 AS int) AS turned,
        CAST(extract(year FROM p.first_day) * 12 + extract(month FROM p.first_day) - 1 AS int)
            AS began) AS months
    CROSS JOIN LATERAL (VALUES
        ('gap', 0, 0, t.day - p.first_day),
        ('gap_by_month', turned, began, t.day - p.first_day),
        ('first_day', coalesce(turned, 119998), 0, p.first_day - DATE '0001-01-01' + 1)
    ) AS m (measure, month, first_month, day)
    CROSS JOIN LATERAL (VALUES ('', ''), ('segment', p.segment), ('channel', p.channel),
        ('key_account_type', p.key_account_type)) AS by (dimension, member)
    WHERE m.day IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
) AS each
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_KEPT = "customer_purchases, undone_purchases, customer_sets, purchase_cells, purchase_rollups"


def upgrade() -> None:
    """Count them from the days that are kept of customers: nothing is to be folded again."""
    op.create_table(
        "purchase_turns",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("first_month", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("days", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("customers", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "turn",
            "measure",
            "dimension",
            "month",
            "first_month",
            "member",
            name="pk_purchase_turns",
        ),
    )
    op.execute(_TURNS)
    op.execute("DELETE FROM purchase_cells WHERE measure IN ('gap', 'once', 'silence')")


def downgrade() -> None:
    """Drop them, and empty what is kept: all purchases are folded anew."""
    op.drop_table("purchase_turns")
    op.execute(f"TRUNCATE {_KEPT}")
