"""The body of `POST /v1/complaints/{case}/events`: one union, told apart by `event`.

Each schema carries exactly the fields of its row in `transitions`; a test compares the two.
"""

from typing import Annotated, Literal

from pydantic import Field

from app.complaints.kinds import Kind
from app.complaints.states import TOP_LEVEL, Decision, KeyRole, RejectReason, Severity
from app.fields import Code, ExternalId, Input, LongText, ShortText, Text, Timestamp

Level = Annotated[int, Field(ge=0, le=TOP_LEVEL)]


class _Event(Input):
    role: KeyRole = "agent"
    """In which role; the key vouches for it."""
    actor: ExternalId | None = None
    """Who, by an id of your own. Needed where two different persons must have acted."""
    occurred_at: Timestamp | None = None
    """When it happened, if it is recorded later; not before the case was received."""
    note: LongText | None = None
    """For the house only."""


class AcknowledgeEvent(_Event):
    """Confirm the receipt, once, with a text if there is more to say."""

    event: Literal["acknowledge"]
    text: LongText | None = None


class AssessEvent(_Event):
    """Say how grave it is and what it is about."""

    event: Literal["assess"]
    severity: Severity | None = None
    category: Code | None = None


class AcceptEvent(_Event):
    """Take the case; somebody must be named unless the case has an assignee."""

    event: Literal["accept"]
    assignee: ExternalId | None = None
    team: Code | None = None


class ReturnEvent(_Event):
    """Give the case back with a reason (退单); from the third time on only a supervisor may."""

    event: Literal["return"]
    reason: Text
    assignee: ExternalId | None = None
    team: Code | None = None


class AskCustomerEvent(_Event):
    """Ask the complainant one specific question; `text` is what they read."""

    event: Literal["ask_customer"]
    text: LongText


class CustomerMessageEvent(_Event):
    """What the complainant said by another channel. An automatic reply resumes nothing."""

    event: Literal["customer_message"]
    text: LongText
    auto_reply: bool = False


class WaitThirdPartyEvent(_Event):
    """Wait for a supplier, a crew, a laboratory; at most 60 days at a time."""

    event: Literal["wait_third_party"]
    reason: Text
    expected_at: Timestamp


class ResumeEvent(_Event):
    """The third party has answered."""

    event: Literal["resume"]


class ProposeResponseEvent(_Event):
    """Draft an answer for somebody else to issue."""

    event: Literal["propose_response"]
    text: LongText
    outcome: Decision | None = None


class IssueResponseEvent(_Event):
    """Tell the complainant the decision, and what they can do if they disagree."""

    event: Literal["issue_response"]
    outcome: Decision
    text: LongText
    recourse: Text
    reason: Text | None = None
    """Needed unless the complaint is upheld, at least in part."""
    remedy: Text | None = None
    """What was promised; the case cannot be closed before it is delivered."""


class AcceptResponseEvent(_Event):
    """The complainant accepted on another channel; `evidence` says where that is recorded."""

    event: Literal["accept_response"]
    evidence: Text | None = None


class RejectResponseEvent(_Event):
    """The complainant does not accept: somebody else decides, one level up."""

    event: Literal["reject_response"]
    reason: Text | None = None


class ResolveNowEvent(_Event):
    """Settle it at the first contact, with the complainant's agreement; `text` sums it up."""

    event: Literal["resolve_now"]
    text: LongText
    complainant_agreed: Literal[True]
    outcome: Decision | None = None
    remedy: Text | None = None


class DeliverRemedyEvent(_Event):
    """What was promised has been delivered."""

    event: Literal["deliver_remedy"]
    text: LongText | None = None


class CloseEvent(_Event):
    """End a resolved case. A grave one needs its root cause."""

    event: Literal["close"]
    text: LongText | None = None
    root_cause: Code | None = None


class ReopenEvent(_Event):
    """Take up a resolved or closed case again, within 30 days."""

    event: Literal["reopen"]
    reason: Text


class ReferExternalEvent(_Event):
    """The case has gone to an ombudsman, a regulator or a court."""

    event: Literal["refer_external"]
    external_body: ShortText
    external_reference: ShortText
    text: LongText | None = None


class ExternalDecisionEvent(_Event):
    """What the external body found, and whether work goes on."""

    event: Literal["external_decision"]
    outcome: Decision
    to: Literal["in_progress", "closed"]
    text: LongText | None = None


class WithdrawEvent(_Event):
    """The complainant takes it back; `evidence` says where that is recorded."""

    event: Literal["withdraw"]
    reason: Text | None = None
    evidence: Text | None = None


class RejectEvent(_Event):
    """Not for us: `text` tells the complainant why, and where else to go."""

    event: Literal["reject"]
    reason_code: RejectReason
    text: LongText


class MergeIntoEvent(_Event):
    """The same matter as an active case of the same person, or of a declared class case."""

    event: Literal["merge_into"]
    into: ExternalId
    """The id or the reference of the case that goes on."""
    class_case: bool = False
    """Different persons, one matter."""


class EscalateEvent(_Event):
    """Up one level, or to the one named."""

    event: Literal["escalate"]
    reason: Text
    level: Level | None = None


class DeescalateEvent(_Event):
    """Down one level, or to the one named."""

    event: Literal["deescalate"]
    reason: Text
    level: Level | None = None


class RetypeEvent(_Event):
    """It is a contact of another kind than was filed."""

    event: Literal["retype"]
    kind: Kind
    reason: Text


ComplaintEventCreate = Annotated[
    AcknowledgeEvent
    | AssessEvent
    | AcceptEvent
    | ReturnEvent
    | AskCustomerEvent
    | CustomerMessageEvent
    | WaitThirdPartyEvent
    | ResumeEvent
    | ProposeResponseEvent
    | IssueResponseEvent
    | AcceptResponseEvent
    | RejectResponseEvent
    | ResolveNowEvent
    | DeliverRemedyEvent
    | CloseEvent
    | ReopenEvent
    | ReferExternalEvent
    | ExternalDecisionEvent
    | WithdrawEvent
    | RejectEvent
    | MergeIntoEvent
    | EscalateEvent
    | DeescalateEvent
    | RetypeEvent,
    Field(discriminator="event"),
]
