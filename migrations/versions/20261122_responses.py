"""Responses, their deltas, the cells that count them, and how far the cells have come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_responses"
down_revision = "20261122_customers"
branch_labels = None
depends_on = None

_XID = sa.text("(pg_current_xact_id()::text)::bigint")
_CLOCK = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "responses",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("submission_key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=_CLOCK, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=_CLOCK, nullable=False),
        sa.Column("duration_seconds", sa.Float()),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("answers", JSONB(), nullable=False),
        sa.Column("tallies", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("xid", sa.BigInteger(), server_default=_XID, nullable=False),
        sa.CheckConstraint(
            "status IN ('complete', 'partial', 'dismissed')", name=op.f("ck_responses_status")
        ),
        sa.CheckConstraint(
            "quality IN ('ok', 'flagged', 'invalid', 'duplicate', 'test')",
            name=op.f("ck_responses_quality"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_responses"),
    )
    op.create_index(
        "uq_responses_submission",
        "responses",
        ["workspace_id", "survey_id", "submission_key"],
        unique=True,
    )
    op.create_index("ix_responses_changes", "responses", ["workspace_id", "xid", "id"])
    op.create_index("ix_responses_time", "responses", ["workspace_id", "survey_id", "occurred_at"])
    op.create_index(
        "ix_responses_customer",
        "responses",
        ["workspace_id", "customer"],
        postgresql_where=sa.text("customer IS NOT NULL"),
    )
    op.create_table(
        "response_deltas",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), server_default=_XID, nullable=False),
        sa.Column("sign", sa.BigInteger(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("tallies", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_response_deltas"),
    )
    op.create_index("ix_response_deltas_changes", "response_deltas", ["workspace_id", "xid"])
    op.create_table(
        "survey_cells",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "survey_id",
            "question",
            "dimension",
            "day",
            "member",
            "code",
            "quality",
            name="pk_survey_cells",
        ),
    )
    op.create_table(
        "rollup_states",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("folded_to", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("dimensions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name="pk_rollup_states"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rollup_states")
    op.drop_table("survey_cells")
    op.drop_table("response_deltas")
    op.drop_table("responses")
