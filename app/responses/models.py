"""Tables of responses, of what they said before a change, and of the cells that count them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, RecordId, WorkspaceKey

#: The transaction that wrote a row: readers that must miss nothing stop below the oldest one
#: still running.
XID_DEFAULT = text("(pg_current_xact_id()::text)::bigint")


class Response(Base):
    """What one person answered to one version of a survey.

    There is no foreign key to the survey: the statement that inserts a response reads the survey
    itself, and a key share lock on one row for every response would be a queue.
    """

    __tablename__ = "responses"
    __table_args__ = (
        CheckConstraint("status IN ('complete', 'partial', 'dismissed')", name="status"),
        CheckConstraint(
            "quality IN ('ok', 'flagged', 'invalid', 'duplicate', 'test')", name="quality"
        ),
        Index(
            "uq_responses_submission", "workspace_id", "survey_id", "submission_key", unique=True
        ),
        Index("ix_responses_changes", "workspace_id", "xid", "id"),
        Index("ix_responses_time", "workspace_id", "survey_id", "occurred_at"),
        Index(
            "ix_responses_customer",
            "workspace_id",
            "customer",
            postgresql_where=text("customer IS NOT NULL"),
        ),
    )

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    survey_id: Mapped[UUID]
    version: Mapped[int]
    submission_key: Mapped[str]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    quality: Mapped[str]
    assurance: Mapped[str]
    """`verified` when a secret key named the customer, `open` when a web page did."""
    language: Mapped[str | None]
    channel: Mapped[str]
    method: Mapped[str]
    customer: Mapped[str | None]
    segment: Mapped[str | None]
    """The customer's segment when the response came; later moves do not rewrite history."""
    occurred_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    """What the device said, where its clock was corrected."""
    received_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    duration_seconds: Mapped[float | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    answers: Mapped[dict[str, Any]]
    tallies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    xid: Mapped[int] = mapped_column(BigInteger, server_default=XID_DEFAULT)


class ResponseDelta(Base):
    """What a response counted as before a change: the balancing entries of the rollup.

    A change writes two: +1 under the transaction that the old content stood under, -1 under its
    own. A rollup that has passed the first ignores it and takes the second; one that has not
    takes both, which cancel. So the row itself is always the present truth.
    """

    __tablename__ = "response_deltas"
    __table_args__ = (Index("ix_response_deltas_changes", "workspace_id", "xid"),)

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    xid: Mapped[int] = mapped_column(BigInteger, server_default=XID_DEFAULT)
    sign: Mapped[int]
    survey_id: Mapped[UUID]
    version: Mapped[int]
    status: Mapped[str]
    quality: Mapped[str]
    language: Mapped[str | None]
    channel: Mapped[str]
    method: Mapped[str]
    customer: Mapped[str | None]
    segment: Mapped[str | None]
    occurred_at: Mapped[datetime]
    duration_seconds: Mapped[float | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    tallies: Mapped[list[str]] = mapped_column(ARRAY(Text))


class SurveyCell(Base):
    """How often an answer was given on a local day, for everybody and by each dimension.

    `dimension` is '' for all, or the name of one dimension with `member` its value. The days of
    a month stand once more as one cell of `grain` month, under its first day: a year is read
    from a thirtieth of the cells.

    Of several scores of a respondent `code` is the bar of their mean, and `sums` adds the scores
    and their products up (see `joint_scores`); of other answers it is null.
    """

    __tablename__ = "survey_cells"
    __table_args__ = (CheckConstraint("grain IN ('day', 'month')", name="grain"),)

    workspace_id: Mapped[WorkspaceKey]
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    quality: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    sums: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class SignCell(Base):
    """How many responses that count show a sign on a local day, or in the month that begins then.

    `sign` is `flag` with a flag as `name`, `named` for those with a customer, or `took` with the
    bucket of the duration of a complete one (see `durations`).
    """

    __tablename__ = "sign_cells"
    __table_args__ = (CheckConstraint("grain IN ('day', 'month')", name="grain"),)

    workspace_id: Mapped[WorkspaceKey]
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    sign: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class DurationCell(Base):
    """How many complete responses of a local day took exactly so long: ranks within a bucket."""

    __tablename__ = "duration_cells"

    workspace_id: Mapped[WorkspaceKey]
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    seconds: Mapped[float] = mapped_column(Double, primary_key=True)
    n: Mapped[int]


class ReturnCell(Base):
    """How many customers answered a survey on `day`, and on `before` the last time before.

    `before` is -infinity for those who never had. Either stands as a day and as the first day of
    its month. Customers who answered between two days are those whose `day` lies there and whose
    `before` does not: each is counted where they first came.
    """

    __tablename__ = "return_cells"
    __table_args__ = (
        CheckConstraint("grain IN ('day', 'month')", name="grain"),
        CheckConstraint("grain_before IN ('day', 'month')", name="grain_before"),
    )

    workspace_id: Mapped[WorkspaceKey]
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    grain_before: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    before: Mapped[date] = mapped_column(Date, primary_key=True)
    n: Mapped[int]


#: All that a fold makes of responses, and what begins anew with it.
FOLDED = (SurveyCell, SignCell, DurationCell, ReturnCell)


class RollupState(Base):
    """How far the cells of a workspace have been folded, and for which zone and dimensions."""

    __tablename__ = "rollup_states"

    workspace_id: Mapped[WorkspaceKey]
    folded_to: Mapped[int] = mapped_column(default=0)
    """Every transaction below this number is in the cells; none from it on is."""
    epoch: Mapped[int] = mapped_column(default=0)
    """Counts the clusters that the rows have lived in; cursors of another epoch are void."""
    time_zone: Mapped[str]
    dimensions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    folded_at: Mapped[datetime]
