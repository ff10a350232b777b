"""Tables of cases: the case, its timeline, its receipt, and who may try PINs how often."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    and_,
    or_,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.complaints.cases import Case
from app.complaints.kinds import COMPLAINT_KINDS, IdentityMode, Kind
from app.complaints.states import (
    Channel,
    Outcome,
    RejectReason,
    Remedy,
    Role,
    Severity,
    State,
    Visibility,
)
from app.db import Base, CreatedAt, RecordId, Revision, UpdatedAt, WorkspaceKey

#: The number of the transaction that wrote the row last.
CURRENT_XID = text("(pg_current_xact_id()::text)::bigint")


def _one_of(column: str, type_: object) -> CheckConstraint:
    values = ", ".join(f"'{value}'" for value in get_args(type_))
    return CheckConstraint(f"{column} IN ({values})", name=column)


class Complaint(Base):
    """A contact of any kind and the case that handles it.

    `occurred_at` is when it happened, `received_at` when anybody in the house first heard of it,
    `recorded_at` when this service did. `outcome` is the latest decision. For what a report may
    count, see `counting`.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        UniqueConstraint("workspace_id", "reference"),
        UniqueConstraint("workspace_id", "source_system", "external_id"),
        ForeignKeyConstraint(
            ["workspace_id", "merged_into"], ["complaints.workspace_id", "complaints.id"]
        ),
        _one_of("kind", Kind),
        _one_of("channel", Channel),
        _one_of("severity", Severity),
        _one_of("identity_mode", IdentityMode),
        _one_of("state", State),
        _one_of("outcome", Outcome),
        _one_of("remedy_sought", Remedy),
        _one_of("reject_reason", RejectReason),
        CheckConstraint("(source_system IS NULL) = (external_id IS NULL)", name="natural_key"),
        CheckConstraint(
            "identity_mode <> 'anonymous' OR (customer IS NULL AND contact IS NULL"
            " AND complainant IS NULL AND on_behalf_of IS NULL)",
            name="anonymous",
        ),
        CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged"),
        Index(None, "workspace_id", "received_at"),
        Index(None, "workspace_id", "occurred_at"),
        Index(None, "workspace_id", "customer"),
        Index(None, "workspace_id", "complainant", "category"),
        Index(None, "workspace_id", "xid", "id"),
    )

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    reference: Mapped[str]

    # What was said, when and how
    kind: Mapped[Kind] = mapped_column(Text)
    channel: Mapped[Channel] = mapped_column(Text)
    category: Mapped[str | None]
    severity: Mapped[Severity] = mapped_column(Text)
    subject: Mapped[str | None]
    description: Mapped[str]
    remedy_sought: Mapped[Remedy | None] = mapped_column(Text)
    expression_of_dissatisfaction: Mapped[bool]
    response_expected: Mapped[bool]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    received_at_effective: Mapped[datetime]
    """The earliest of the cases merged into this one: merging cannot buy time."""
    recorded_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    # By whom, about what
    identity_mode: Mapped[IdentityMode] = mapped_column(Text)
    customer: Mapped[str | None]
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    complainant: Mapped[str | None]
    """Recognises the same person again: by customer, else e-mail, else phone number."""
    on_behalf_of: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    order: Mapped[str | None]
    response: Mapped[UUID | None]
    source_system: Mapped[str | None]
    external_id: Mapped[str | None]
    content_hash: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column("metadata")

    # Its life: what `cases.Case` says
    state: Mapped[State] = mapped_column(Text)
    outcome: Mapped[Outcome | None] = mapped_column(Text)
    reject_reason: Mapped[RejectReason | None] = mapped_column(Text)
    root_cause: Mapped[str | None]
    regulatory_impact: Mapped[bool] = mapped_column(default=False)
    assignee: Mapped[str | None]
    team: Mapped[str | None]
    escalation_level: Mapped[int] = mapped_column(default=0)
    return_count: Mapped[int] = mapped_column(default=0)
    reopen_count: Mapped[int] = mapped_column(default=0)
    acknowledged_at: Mapped[datetime | None]
    assessed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    first_responded_at: Mapped[datetime | None]
    proposed_at: Mapped[datetime | None]
    proposed_by: Mapped[str | None]
    responded_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    under_review: Mapped[bool] = mapped_column(default=False)
    first_resolved_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    remedy_promised_at: Mapped[datetime | None]
    remedy_delivered_at: Mapped[datetime | None]
    waiting_until: Mapped[datetime | None]
    external_body: Mapped[str | None]
    external_reference: Mapped[str | None]
    overturned: Mapped[bool | None]

    # Other cases
    possible_duplicate_of: Mapped[UUID | None]
    repeat_of: Mapped[UUID | None]
    repeat_no: Mapped[int] = mapped_column(default=1)
    """1 for the first time, 2 for the same matter again within 90 days of its end, and so on."""
    merged_into: Mapped[UUID | None]

    revision: Mapped[Revision]
    """Number of the last entry of the timeline, and the ETag."""
    xid: Mapped[int] = mapped_column(server_default=CURRENT_XID)

    @property
    def contactable(self) -> bool:
        """Whether a question reaches somebody: a known person, or one who holds the receipt."""
        return self.customer is not None or self.contact is not None or self.source_system is None

    @property
    def case(self) -> Case:
        """The case as the rules of the lifecycle see it."""
        return Case(**{name: getattr(self, name) for name in Case.__dataclass_fields__})


def is_complaint() -> ColumnElement[bool]:
    """Contacts that are complaints by what they say, as a condition on `Complaint`.

    Complaints, and contacts of other kinds that express dissatisfaction and expect an answer
    (the definition of ISO 10002: the name of the form does not decide).
    """
    return or_(
        Complaint.kind.in_(COMPLAINT_KINDS),
        and_(Complaint.expression_of_dissatisfaction, Complaint.response_expected),
    )


def counting() -> ColumnElement[bool]:
    """The complaints that a complaint rate counts.

    Without merged cases, whose parent counts once, and without what was found to be no complaint
    or a duplicate.
    """
    found_otherwise = Complaint.outcome.in_(["not_a_complaint", "duplicate"])
    return and_(is_complaint(), Complaint.state != "merged", ~found_otherwise.is_(True))


class ComplaintEvent(Base):
    """One entry of the timeline, written once and never changed.

    `text` is what was said; `details` are the other fields of the event. What `visibility` is
    `public` the complainant reads (the text only); `restricted` is for investigators.
    """

    __tablename__ = "complaint_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "complaint_id"], ["complaints.workspace_id", "complaints.id"]
        ),
        _one_of("visibility", Visibility),
        _one_of("role", Role),
    )

    workspace_id: Mapped[WorkspaceKey]
    complaint_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    role: Mapped[Role] = mapped_column(Text)
    actor: Mapped[str | None]
    key_id: Mapped[str | None]
    visibility: Mapped[Visibility] = mapped_column(Text)
    state_before: Mapped[State | None] = mapped_column(Text)
    state_after: Mapped[State] = mapped_column(Text)
    text: Mapped[str | None]
    details: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[CreatedAt]


class ComplaintReference(Base):
    """Where a reference leads: unique across workspaces, because a complainant knows no other."""

    __tablename__ = "complaint_references"

    reference: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID]
    complaint_id: Mapped[UUID]


class ComplaintReceipt(Base):
    """What opens a case for the complainant: hashes only."""

    __tablename__ = "complaint_receipts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "complaint_id"], ["complaints.workspace_id", "complaints.id"]
        ),
    )

    workspace_id: Mapped[WorkspaceKey]
    complaint_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    pin_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class ComplaintPinAttempts(Base):
    """Wrong PINs in a row, by reference; unknown references share a few rows (see `tracking`)."""

    __tablename__ = "complaint_pin_attempts"

    reference: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
