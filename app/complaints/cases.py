"""What the rules of the lifecycle know of a case, and one event that happens to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.complaints.kinds import IdentityMode, Kind
from app.complaints.rules import EventName
from app.complaints.states import Outcome, RejectReason, Role, Severity, State


@dataclass(frozen=True)
class Case:
    """What the rules know of a case. Each field is a column of the same name."""

    state: State
    kind: Kind
    identity_mode: IdentityMode
    contactable: bool
    received_at: datetime
    category: str | None = None
    severity: Severity = "medium"
    assignee: str | None = None
    team: str | None = None
    outcome: Outcome | None = None
    reject_reason: RejectReason | None = None
    root_cause: str | None = None
    regulatory_impact: bool = False
    escalation_level: int = 0
    return_count: int = 0
    reopen_count: int = 0
    acknowledged_at: datetime | None = None
    assessed_at: datetime | None = None
    accepted_at: datetime | None = None
    first_responded_at: datetime | None = None
    proposed_at: datetime | None = None
    proposed_by: str | None = None
    responded_at: datetime | None = None
    decided_by: str | None = None
    under_review: bool = False
    first_resolved_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    remedy_promised_at: datetime | None = None
    remedy_delivered_at: datetime | None = None
    waiting_until: datetime | None = None
    external_body: str | None = None
    external_reference: str | None = None
    overturned: bool | None = None


@dataclass(frozen=True)
class Act:
    """One event: what, in which role, by whom (an id of the workspace's own), when, with what."""

    event: EventName
    role: Role
    at: datetime
    actor: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
