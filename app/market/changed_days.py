"""Which local days of leads have changed, and when."""

from app.restatements.listed import ListedDays

LEAD_DAYS = ListedDays(
    source="leads",
    rollup="lead_rollups",
    table="lead_changes",
    waiting="true",
    take="DELETE FROM lead_changes",
    rows="""
    SELECT (created_at AT TIME ZONE :time_zone)::date AS day, updated_at AS changed_at
    FROM leads WHERE workspace_id = :workspace_id AND updated_at >= :since""",
)
