"""Tables of report definitions, reports and their documents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Record, Revision
from app.named import Named


class ReportDefinition(Named):
    """What a workspace wants reported; `content` is what it put."""

    __tablename__ = "report_definitions"
    __table_args__ = (
        Index("ix_report_definitions_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    content: Mapped[dict[str, Any]]
    due_end: Mapped[date | None]
    """The local date after the period that is reported next; null without a schedule."""
    due_at: Mapped[datetime | None]


class Report(Record):
    """A report of one period: wanted, made, or failed for good.

    `content` is the definition as it was when the report was asked for. `schedule_key` names the
    period of a scheduled report, so that it is made once whoever sees that it is due.
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("workspace_id", "schedule_key"),
        CheckConstraint("status IN ('queued', 'ready', 'failed')", name="status"),
        CheckConstraint("(status = 'failed') = (problem IS NOT NULL)", name="problem"),
    )

    definition: Mapped[str]
    content: Mapped[dict[str, Any]]
    period_start: Mapped[date]
    period_end: Mapped[date]
    time_zone: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    schedule_key: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="queued")
    problem: Mapped[str | None]
    figures: Mapped[dict[str, Any] | None]
    finished_at: Mapped[datetime | None]
    revision: Mapped[Revision]


class ReportDocument(Base):
    """A report as a page or as a printed document, in one language."""

    __tablename__ = "report_documents"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "report_id", "format", "language"),
        ForeignKeyConstraint(
            ["workspace_id", "report_id"],
            ["reports.workspace_id", "reports.id"],
        ),
        CheckConstraint("format IN ('html', 'pdf')", name="format"),
    )

    workspace_id: Mapped[UUID]
    report_id: Mapped[UUID]
    format: Mapped[str]
    language: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of the content, in hexadecimal: its entity tag."""
    created_at: Mapped[CreatedAt]


class ReportDelivery(Base):
    """A scheduled report on its way to one receiver."""

    __tablename__ = "report_deliveries"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "report_id", "number"),
        ForeignKeyConstraint(
            ["workspace_id", "report_id"],
            ["reports.workspace_id", "reports.id"],
        ),
        CheckConstraint("status IN ('pending', 'sent', 'failed')", name="status"),
    )

    workspace_id: Mapped[UUID]
    report_id: Mapped[UUID]
    number: Mapped[int]
    """Its place among the receivers of the definition."""
    address: Mapped[str]
    language: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    error: Mapped[str | None]
    """Why the last attempt failed, in a word."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
