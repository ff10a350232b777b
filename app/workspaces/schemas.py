"""What clients send and see of workspaces and keys."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.fields import (
    Code,
    Currency,
    Input,
    Language,
    Output,
    ShortText,
    Timestamp,
    TimeZone,
    Weekday,
)
from app.http.auth import Scope

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-]+(:\d{1,5})?$")]


class WorkspacePatch(Input):
    """The parts of a workspace that may change; what is absent stays.

    Changing the time zone or the dimensions rebuilds the rollups in the background; until then
    figures are computed from the rows, which is slower and as exact.
    """

    name: ShortText | None = None
    time_zone: TimeZone | None = None
    week_start: (
        Annotated[
            Weekday, Field(description="The day on which the weeks of trends and reports begin.")
        ]
        | None
    ) = None
    late_days: (
        Annotated[
            int,
            Field(
                ge=0,
                le=90,
                description="Local days after its end for which a period is not complete yet, "
                "because what belongs to it still comes in: it is in no slope and no chart.",
            ),
        ]
        | None
    ) = None
    language: Language | None = None
    currency: Currency | None = None
    dimensions: Annotated[list[Code], Field(max_length=5)] | None = None
    minimum_cell_size: (
        Annotated[
            int,
            Field(
                ge=1,
                le=1_000,
                description="A figure that is filtered or grouped and would tell of fewer is "
                "withheld, and so is what it could be computed from. 1: everything is told.",
            ),
        ]
        | None
    ) = None


class WorkspaceRead(Output):
    """A workspace."""

    id: UUID
    name: str
    time_zone: str
    week_start: Weekday
    late_days: int
    language: str
    currency: str
    dimensions: list[str]
    minimum_cell_size: int
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class ApiKeyCreate(Input):
    """A new key. Secret keys take `scopes`; publishable keys take `origins` and `survey_ids`."""

    kind: Literal["secret", "publishable"]
    name: ShortText
    scopes: Annotated[list[Scope], Field(max_length=20)] = Field(default_factory=list)
    origins: Annotated[list[Origin], Field(max_length=100)] | None = None
    survey_ids: (
        Annotated[list[Annotated[UUID, Field(strict=False)]], Field(max_length=100)] | None
    ) = None
    expires_at: Timestamp | None = None


class ApiKeyPatch(Input):
    """Rename a key or let it expire: the second key of a rotation lives beside the first."""

    name: ShortText | None = None
    expires_at: Timestamp | None = None


class ApiKeyRead(Output):
    """A key without its secret, which nobody can read again."""

    key_id: str
    kind: Literal["secret", "publishable"]
    name: str
    scopes: list[str]
    origins: list[str] | None
    survey_ids: list[UUID] | None
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None


class ApiKeyCreated(ApiKeyRead):
    """A new key with its whole text: shown now and never again."""

    key: str
