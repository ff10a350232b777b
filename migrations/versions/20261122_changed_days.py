"""Which local days of what figures rest on have changed, and when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_changed_days"
down_revision = "20261122_amounts_by_bucket"
branch_labels = None
depends_on = None

_SOURCES = "'responses', 'purchases', 'leads', 'acquisition_spend', 'market_totals'"
_DAYS = """
INSERT INTO changed_days (workspace_id, source, member, day, changed_at)
SELECT workspace_id, source, member, day, max(changed_at) FROM (
    SELECT r.workspace_id, 'responses' AS source, each.member,
        (r.occurred_at AT TIME ZONE s.time_zone)::date AS day,
        greatest(r.received_at, r.updated_at) AS changed_at
    FROM responses r JOIN rollup_states s ON s.workspace_id = r.workspace_id
    CROSS JOIN LATERAL (VALUES (''), (r.survey_id::text)) AS each (member)
    UNION ALL
    SELECT o.workspace_id, 'purchases', '', (o.ordered_at AT TIME ZONE p.time_zone)::date,
        CASE WHEN o.refunded > 0 AND EXISTS (
            SELECT FROM refunds r WHERE r.workspace_id = o.workspace_id
                AND r.order_external_id = o.external_id AND r.updated_at = o.updated_at
        ) THEN o.created_at ELSE o.updated_at END
    FROM orders o JOIN purchase_rollups p ON p.workspace_id = o.workspace_id
    UNION ALL
    SELECT r.workspace_id, 'purchases', '',
        (greatest(r.refunded_at, o.ordered_at) AT TIME ZONE p.time_zone)::date, r.updated_at
    FROM refunds r JOIN orders o
        ON o.workspace_id = r.workspace_id AND o.external_id = r.order_external_id
    JOIN purchase_rollups p ON p.workspace_id = r.workspace_id
    UNION ALL
    SELECT l.workspace_id, 'leads', '',
        (l.created_at AT TIME ZONE coalesce(s.time_zone, w.time_zone))::date, l.updated_at
    FROM leads l JOIN workspaces w ON w.id = l.workspace_id
    LEFT JOIN lead_rollups s ON s.workspace_id = l.workspace_id
    UNION ALL
    SELECT a.workspace_id, 'acquisition_spend', '', each.day::date, a.updated_at
    FROM acquisition_spend a CROSS JOIN generate_series(CAST(a.period_start AS timestamp),
        CAST(a.period_end AS timestamp) - interval '1 day', interval '1 day') AS each (day)
    UNION ALL
    SELECT m.workspace_id, 'market_totals', '', each.day::date, m.updated_at
    FROM market_totals m CROSS JOIN generate_series(CAST(m.period_start AS timestamp),
        CAST(m.period_end AS timestamp) - interval '1 day', interval '1 day') AS each (day)
) AS touched (workspace_id, source, member, day, changed_at)
GROUP BY 1, 2, 3, 4
"""


def upgrade() -> None:
    """Create the table, and fill it from the rows: nothing is to be folded again."""
    op.create_table(
        "changed_days",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"source IN ({_SOURCES})", name=op.f("ck_changed_days_source")),
        sa.PrimaryKeyConstraint("workspace_id", "source", "member", "day", name="pk_changed_days"),
    )
    for table in ("purchase_changes", "lead_changes"):
        op.add_column(
            table,
            sa.Column(
                "moments",
                postgresql.ARRAY(sa.DateTime(timezone=True)),
                server_default="{}",
                nullable=False,
            ),
        )
        op.add_column(
            table,
            sa.Column(
                "changed_at",
                sa.DateTime(timezone=True),
                server_default=sa.text("now()"),
                nullable=False,
            ),
        )
    op.execute(_DAYS)


def downgrade() -> None:
    """Drop it."""
    for table in ("lead_changes", "purchase_changes"):
        op.drop_column(table, "changed_at")
        op.drop_column(table, "moments")
    op.drop_table("changed_days")
