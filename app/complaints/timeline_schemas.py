"""What clients send and see of the life of a case: events, timeline, messages, kinds."""

from typing import Literal

from app.complaints.kinds import Kind
from app.complaints.rules import EventName
from app.complaints.schemas import Bilingual
from app.complaints.states import KeyRole, Role, State, Visibility
from app.fields import ExternalId, Input, LongText, Output, Timestamp


class ComplaintTransitionField(Output):
    """A field of an event, and whether it must be given now."""

    name: str
    required: bool


class ComplaintTransitionRead(Output):
    """An event that may happen now, who may cause it, and with what."""

    event: EventName
    labels: Bilingual
    to: list[State]
    roles: list[KeyRole]
    fields: list[ComplaintTransitionField]


class ComplaintTransitionList(Output):
    """The legal events of a case."""

    state: State
    data: list[ComplaintTransitionRead]


class ComplaintTimelineEntry(Output):
    """Something that happened to a case. Entries are never changed."""

    number: int
    event: str
    labels: Bilingual
    role: Role
    actor: str | None
    visibility: Visibility
    state_before: State | None
    state_after: State
    text: str | None
    details: dict[str, str | int | bool | None]
    occurred_at: Timestamp
    recorded_at: Timestamp


class ComplaintMessageCreate(Input):
    """A word to the complainant (`public`), to colleagues, or to investigators (`restricted`)."""

    text: LongText
    visibility: Visibility = "internal"
    role: KeyRole = "agent"
    actor: ExternalId | None = None


class ComplaintMessageRead(Output):
    """Something that was said about a case."""

    number: int
    event: str
    direction: Literal["inbound", "outbound", "internal"]
    visibility: Visibility
    role: Role
    actor: str | None
    text: str
    occurred_at: Timestamp


class ComplaintPinRead(Output):
    """A fresh PIN; the one before opens nothing any more."""

    reference: str
    pin: str


class ComplaintKindRead(Output):
    """A kind of contact and how it behaves."""

    kind: Kind
    labels: Bilingual
    meanings: Bilingual
    counts_as_complaint: bool
    anonymous_allowed: bool
    restricted: bool
    withdrawable: bool
    call_back_required: bool
    expression_of_dissatisfaction: bool
    response_expected: bool


class ComplaintKindList(Output):
    """All kinds."""

    data: list[ComplaintKindRead]


class ComplaintCategoryRead(Output):
    """A category in use, and how many cases carry it."""

    category: str
    cases: int


class ComplaintCategoryList(Output):
    """The categories in use, the most frequent first."""

    data: list[ComplaintCategoryRead]
