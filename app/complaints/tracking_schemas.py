"""What the complainant sends and sees: nothing of it needs a key, all of it a receipt."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.complaints.schemas import Bilingual, PublicStatusRead
from app.fields import Input, LongText, Output, Text, Timestamp, storable

_Short = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
#: What the complainant may do beside writing.
TrackingEventName = Literal["withdraw", "accept_response", "reject_response", "reopen"]


class TrackingAccess(Input):
    """The reference with the tracking secret, or with the PIN."""

    reference: _Short
    secret: _Short | None = None
    pin: Pin | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.secret is None) == (self.pin is None):
            code: Literal["missing-field", "unknown-field"]
            code = "missing-field" if self.secret is None else "unknown-field"
            raise PydanticCustomError(code, "{code}", {"code": code})
        return self


class TrackingMessage(TrackingAccess):
    """A message to the house."""

    text: LongText


class TrackingEvent(TrackingAccess):
    """What the complainant decides. `reopen` needs the reason."""

    event: TrackingEventName
    reason: Text | None = None


class TrackingStep(Output):
    """A step of the case that concerns the complainant."""

    labels: Bilingual
    status: PublicStatusRead
    occurred_at: Timestamp


class TrackingMessageRead(Output):
    """What was said between the complainant and the house."""

    sender: Literal["complainant", "organisation"]
    text: str
    occurred_at: Timestamp


class TrackingContinuation(Output):
    """The case into which this one was merged."""

    reference: str
    public_status: PublicStatusRead


class TrackingRead(Output):
    """A case as its complainant sees it."""

    reference: str
    kind: Bilingual
    public_status: PublicStatusRead
    received_at: Timestamp
    updated_at: Timestamp
    """When something last happened that concerns the complainant."""
    description: str
    timeline: list[TrackingStep]
    messages: list[TrackingMessageRead]
    actions: list[TrackingEventName]
    """What may be posted to `/v1/complaint-tracking/events` now."""
    may_write: bool
    continues_as: TrackingContinuation | None
