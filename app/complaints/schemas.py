"""What clients send and see of cases."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.complaints.kinds import IdentityMode, Kind
from app.complaints.states import (
    Channel,
    Outcome,
    PublicStatus,
    RejectReason,
    Remedy,
    Severity,
    State,
)
from app.fields import (
    Code,
    ExternalId,
    Input,
    LongText,
    Metadata,
    MetadataValue,
    Output,
    ShortText,
    Timestamp,
    TimestampQuery,
    example,
    storable,
)

Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"),
    AfterValidator(storable),
]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9+()#*./\- ]+$")]


class ComplaintContact(Input):
    """How to reach somebody who may be no customer of record."""

    name: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None


class Representative(Input):
    """Somebody who complains for another: `name` is the person the matter concerns."""

    name: ShortText
    relation: ShortText | None = None
    authorised: bool
    """Whether an authority to represent was seen."""


class ComplaintCreate(Input):
    """A contact of any kind, as it comes in."""

    model_config = example(
        kind="complaint",
        channel="phone",
        description="The technician did not come on the agreed day.",
        severity="high",
        customer="c-1024",
        expression_of_dissatisfaction=True,
        response_expected=True,
    )

    kind: Kind
    channel: Channel
    description: LongText
    category: Code | None = None
    severity: Severity = "medium"
    subject: ShortText | None = None
    identity_mode: IdentityMode = "identified"
    """`anonymous` keeps nothing that leads to a person, and refuses it if it is sent."""
    customer: ExternalId | None = None
    contact: ComplaintContact | None = None
    on_behalf_of: Representative | None = None
    occurred_at: Timestamp | None = None
    received_at: Timestamp | None = None
    """When anybody in the house first heard of it, by any channel. Secret keys only."""
    remedy_sought: Remedy | None = None
    expression_of_dissatisfaction: bool | None = None
    response_expected: bool | None = None
    """Together with dissatisfaction it makes any contact count as a complaint."""
    order: ExternalId | None = None
    response: Annotated[UUID, Field(strict=False)] | None = None
    """The survey response that led to it."""
    source_system: Code | None = None
    external_id: ExternalId | None = None
    """With `source_system` the natural key: a case is filed once under it. Secret keys only."""
    with_pin: bool = False
    """Also make a PIN of eight digits, for callers. Secret keys only."""
    metadata: Metadata = Field(default_factory=dict)


class Bilingual(Output):
    """One text in both languages."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    zh_cn: str = Field(alias="zh-CN")
    en: str


class PublicStatusRead(Output):
    """What the complainant is told, with its text in the reader's language and in both."""

    code: PublicStatus
    label: str
    labels: Bilingual


class ComplaintReceipt(Output):
    """What filing answers.

    `tracking_secret` and `pin` are in this answer and never again: only their hashes are kept.
    A natural key sent again answers 200 with the same case and `tracking_secret` null (an
    Idempotency-Key replays the first answer whole). A publishable key sees the receipt only:
    `state`, `possible_duplicate_of` and `repeat_no` are null.
    """

    id: UUID
    reference: str
    tracking_secret: str | None
    pin: str | None
    received_at: Timestamp
    public_status: PublicStatusRead
    state: State | None
    possible_duplicate_of: UUID | None
    repeat_no: int | None


class ComplaintContactRead(Output):
    """How to reach the complainant."""

    name: str | None
    email: str | None
    phone: str | None


class RepresentativeRead(Output):
    """Whom the matter concerns, if not the complainant."""

    name: str
    relation: str | None
    authorised: bool


class ComplaintRead(Output):
    """A case. Who is behind a confidential one is shown to keys with `responses:read_pii`."""

    id: UUID
    reference: str
    kind: Kind
    channel: Channel
    category: str | None
    severity: Severity
    subject: str | None
    description: str
    remedy_sought: Remedy | None
    expression_of_dissatisfaction: bool
    response_expected: bool
    identity_mode: IdentityMode
    customer: str | None
    contact: ComplaintContactRead | None
    on_behalf_of: RepresentativeRead | None
    order: str | None
    response: UUID | None
    source_system: str | None
    external_id: str | None
    metadata: dict[str, MetadataValue]
    state: State
    public_status: PublicStatus
    outcome: Outcome | None
    reject_reason: RejectReason | None
    root_cause: str | None
    regulatory_impact: bool
    assignee: str | None
    team: str | None
    escalation_level: int
    return_count: int
    reopen_count: int
    occurred_at: Timestamp | None
    received_at: Timestamp
    received_at_effective: Timestamp
    recorded_at: Timestamp
    acknowledged_at: Timestamp | None
    assessed_at: Timestamp | None
    accepted_at: Timestamp | None
    first_responded_at: Timestamp | None
    proposed_at: Timestamp | None
    responded_at: Timestamp | None
    first_resolved_at: Timestamp | None
    resolved_at: Timestamp | None
    closed_at: Timestamp | None
    remedy_promised_at: Timestamp | None
    remedy_delivered_at: Timestamp | None
    waiting_until: Timestamp | None
    external_body: str | None
    external_reference: str | None
    overturned: bool | None
    possible_duplicate_of: UUID | None
    repeat_of: UUID | None
    repeat_no: int
    merged_into: UUID | None
    revision: int
    updated_at: Timestamp


class ComplaintPatch(Input):
    """Details that may be corrected; what is absent stays, null clears.

    `severity` and `regulatory_impact` cannot be cleared. Events change the state.
    """

    category: Code | None = None
    severity: Severity | None = None
    subject: ShortText | None = None
    assignee: ExternalId | None = None
    team: Code | None = None
    regulatory_impact: bool | None = None


@dataclass(frozen=True)
class ComplaintFilter:
    """Which cases a list shows. `open` is everything that has not come to an end."""

    kind: Kind | None = None
    state: State | None = None
    category: Code | None = None
    severity: Severity | None = None
    channel: Channel | None = None
    customer: ExternalId | None = None
    received_from: TimestampQuery | None = None
    received_to: TimestampQuery | None = None
    """Exclusive."""
    updated_after: TimestampQuery | None = None
    """Exclusive; the list is then in the order of change, and misses nothing in it."""
    open: bool | None = None
