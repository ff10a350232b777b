"""The tables of complaints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261122_complaints"
down_revision = "20261122_responses"
branch_labels = None
depends_on = None


def _one_of(table: str, column: str, values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "complaints",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("remedy_sought", sa.Text()),
        sa.Column("expression_of_dissatisfaction", sa.Boolean(), nullable=False),
        sa.Column("response_expected", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at_effective", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identity_mode", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("contact", JSONB()),
        sa.Column("complainant", sa.Text()),
        sa.Column("on_behalf_of", JSONB()),
        sa.Column("order", sa.Text()),
        sa.Column("response", sa.Uuid()),
        sa.Column("source_system", sa.Text()),
        sa.Column("external_id", sa.Text()),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("reject_reason", sa.Text()),
        sa.Column("root_cause", sa.Text()),
        sa.Column("regulatory_impact", sa.Boolean(), nullable=False),
        sa.Column("assignee", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("escalation_level", sa.BigInteger(), nullable=False),
        sa.Column("return_count", sa.BigInteger(), nullable=False),
        sa.Column("reopen_count", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("assessed_at", sa.DateTime(timezone=True)),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("first_responded_at", sa.DateTime(timezone=True)),
        sa.Column("proposed_at", sa.DateTime(timezone=True)),
        sa.Column("proposed_by", sa.Text()),
        sa.Column("responded_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text()),
        sa.Column("under_review", sa.Boolean(), nullable=False),
        sa.Column("first_resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("remedy_promised_at", sa.DateTime(timezone=True)),
        sa.Column("remedy_delivered_at", sa.DateTime(timezone=True)),
        sa.Column("waiting_until", sa.DateTime(timezone=True)),
        sa.Column("external_body", sa.Text()),
        sa.Column("external_reference", sa.Text()),
        sa.Column("overturned", sa.Boolean()),
        sa.Column("possible_duplicate_of", sa.Uuid()),
        sa.Column("repeat_of", sa.Uuid()),
        sa.Column("repeat_no", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", sa.Uuid()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        _one_of(
            "complaints",
            "outcome",
            "upheld partially_upheld not_upheld not_a_complaint withdrawn duplicate",
        ),
        _one_of(
            "complaints", "reject_reason", "out_of_scope spam malicious not_a_complaint duplicate"
        ),
        sa.CheckConstraint(
            "(source_system IS NULL) = (external_id IS NULL)",
            name=op.f("ck_complaints_natural_key"),
        ),
        _one_of(
            "complaints",
            "channel",
            "web mobile email phone sms kiosk social in_person postal other",
        ),
        _one_of(
            "complaints",
            "state",
            "received in_progress waiting_customer waiting_third_party "
            "response_issued resolved closed external_review withdrawn "
            "rejected merged",
        ),
        _one_of(
            "complaints",
            "remedy_sought",
            "refund exchange repair substitution technical_support "
            "information advice financial_assistance other_assistance "
            "compensation apology gift",
        ),
        sa.CheckConstraint(
            "identity_mode <> 'anonymous' OR (customer IS NULL AND contact IS NULL"
            " AND complainant IS NULL AND on_behalf_of IS NULL)",
            name=op.f("ck_complaints_anonymous"),
        ),
        _one_of("complaints", "severity", "low medium high critical"),
        sa.CheckConstraint(
            "(state = 'merged') = (merged_into IS NOT NULL)", name=op.f("ck_complaints_merged")
        ),
        _one_of(
            "complaints",
            "kind",
            "fault_repair consulting enquiry complaint report opinion suggestion praise",
        ),
        _one_of("complaints", "identity_mode", "identified confidential anonymous"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "merged_into"],
            ["complaints.workspace_id", "complaints.id"],
            name="fk_complaints_workspace_id_merged_into",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_complaints"),
        sa.UniqueConstraint(
            "workspace_id",
            "source_system",
            "external_id",
            name="uq_complaints_workspace_id_source_system_external_id",
        ),
        sa.UniqueConstraint(
            "workspace_id", "reference", name="uq_complaints_workspace_id_reference"
        ),
    )
    op.create_index(
        "ix_complaints_workspace_id_complainant_category",
        "complaints",
        ["workspace_id", "complainant", "category"],
    )
    op.create_index(
        "ix_complaints_workspace_id_customer", "complaints", ["workspace_id", "customer"]
    )
    op.create_index(
        "ix_complaints_workspace_id_occurred_at", "complaints", ["workspace_id", "occurred_at"]
    )
    op.create_index(
        "ix_complaints_workspace_id_received_at", "complaints", ["workspace_id", "received_at"]
    )
    op.create_index(
        "ix_complaints_workspace_id_xid_id", "complaints", ["workspace_id", "xid", "id"]
    )
    op.create_table(
        "complaint_events",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text()),
        sa.Column("key_id", sa.Text()),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text()),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        _one_of(
            "complaint_events", "role", "complainant agent supervisor quality integration timer"
        ),
        _one_of("complaint_events", "visibility", "public internal restricted"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "complaint_id"],
            ["complaints.workspace_id", "complaints.id"],
            name="fk_complaint_events_workspace_id_complaint_id",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "complaint_id", "number", name="pk_complaint_events"
        ),
    )
    op.create_table(
        "complaint_receipts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("pin_hash", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["workspace_id", "complaint_id"],
            ["complaints.workspace_id", "complaints.id"],
            name="fk_complaint_receipts_workspace_id_complaint_id",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "complaint_id", name="pk_complaint_receipts"),
    )
    op.create_table(
        "complaint_references",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_complaint_references"),
    )
    op.create_table(
        "complaint_pin_attempts",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_complaint_pin_attempts"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("complaint_pin_attempts")
    op.drop_table("complaint_references")
    op.drop_table("complaint_receipts")
    op.drop_table("complaint_events")
    op.drop_table("complaints")
