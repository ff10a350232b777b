"""What clients send and see of responses."""

from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter, WithJsonSchema

from app.fields import (
    Code,
    ExternalId,
    Input,
    Language,
    Metadata,
    MetadataValue,
    Output,
    Timestamp,
    example,
)

Channel = Literal[
    "web", "mobile", "email", "phone", "sms", "kiosk", "social", "in_person", "postal", "other"
]
Method = Literal[
    "questionnaire", "call_back", "interview", "observation", "mystery_shopper", "import"
]
Status = Literal["complete", "partial", "dismissed"]
#: Dimensions of responses that have only these members.
CLOSED_DIMENSIONS = {"channel": get_args(Channel), "method": get_args(Method)}
Quality = Literal["ok", "flagged", "invalid", "duplicate", "test"]
SUBMISSION_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}$"
SubmissionId = Annotated[str, StringConstraints(pattern=SUBMISSION_ID_PATTERN)]

#: An answer, as `response-schema` of the survey's version describes it for each question.
AnswerItem = str | int | float | bool | dict[str, str]
AnswerValue = str | int | float | bool | list[AnswerItem] | dict[str, AnswerItem]
_ANSWERS = WithJsonSchema(TypeAdapter(dict[str, AnswerValue]).json_schema() | {"x-name": "Answers"})
Answers = Annotated[dict[str, AnswerValue], _ANSWERS]
#: Answers by question key. The sheet of the survey's version judges their forms, once.
AnswersIn = Annotated[dict[str, Any], _ANSWERS]


class ResponseSubmit(Input):
    """One response. `response-schema` of the survey's version says which answers fit."""

    model_config = example(
        answers={"nps": 9, "reasons": ["price", "staff"], "comment": "Quick and friendly."},
        language="en",
        channel="web",
        customer="c-1024",
        occurred_at="2026-11-20T18:30:00+08:00",
    )

    answers: AnswersIn
    status: Status = "complete"
    version: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    """The version that was shown; the current one if absent."""
    language: Language | None = None
    channel: Channel = "web"
    method: Method = "questionnaire"
    customer: ExternalId | None = None
    """Your id of the customer. From a web page it is kept, but not believed: see `assurance`."""
    occurred_at: Timestamp | None = None
    """When it was answered; the time of arrival if absent."""
    sent_at: Timestamp | None = None
    """The device's clock while sending: the difference to ours corrects `occurred_at`."""
    duration_seconds: Annotated[float, Field(ge=0, le=604_800)] | None = None
    hidden_fields: Metadata | None = None
    """Values for the hidden fields that the survey declares."""
    metadata: Metadata | None = None
    test: bool = False
    """A trial: stored, and left out of every figure."""


class ResponseLine(ResponseSubmit):
    """One response of a bulk upload: with the id that makes repeating harmless."""

    model_config = example(submission_id="call-20261120-17", answers={"nps": 9}, channel="phone")

    submission_id: SubmissionId


class ResponsePatch(Input):
    """Continue a partial response, or (with a secret key) correct or judge one."""

    answers: Answers | None = None
    """Answers to add or replace, by question key."""
    remove: Annotated[list[Code], Field(max_length=200)] | None = None
    """Question keys whose answers are taken back."""
    status: Status | None = None
    quality: Quality | None = None
    """Secret keys only: `invalid` and `duplicate` leave every figure, and are counted beside it."""
    submission_id: SubmissionId | None = None
    """Publishable keys prove with it that the response is their own."""


class Receipt(Output):
    """What 201 means: the response, its event and its count are on disk."""

    id: UUID
    survey: UUID
    version: int
    submission_id: str | None
    status: Status
    received_at: Timestamp
    content_sha256: str


class ResponseRead(Output):
    """A response."""

    id: UUID
    survey: UUID
    version: int
    submission_id: str | None
    status: Status
    quality: Quality
    assurance: Literal["open", "verified"]
    language: str | None
    channel: Channel
    method: Method
    customer: str | None
    segment: str | None
    occurred_at: Timestamp
    claimed_at: Timestamp | None
    received_at: Timestamp
    updated_at: Timestamp
    duration_seconds: float | None
    flags: list[str]
    metadata: dict[str, MetadataValue]
    answers: Answers
    redacted: list[str]
    """Question keys whose answers are withheld: the key lacks `responses:read_pii`."""
    revision: int


class ResponsePage(Output):
    """A page of responses in the order in which they were committed."""

    data: list[ResponseRead]
    next_cursor: str | None
    resume_cursor: str | None
    """Where to go on later: pass it as `cursor` to get what has come or changed since."""
