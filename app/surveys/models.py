"""Tables of surveys and their published versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Record, Revision, WorkspaceKey


class Survey(Record):
    """A survey: its draft, and the number of the version that it serves."""

    __tablename__ = "surveys"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'closed')", name="status"),
        CheckConstraint(
            "(status = 'draft') = (current_version IS NULL)", name="published_has_version"
        ),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        Index("ix_surveys_updated_at", "workspace_id", "updated_at"),
    )

    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="draft")
    draft: Mapped[dict[str, Any]]
    """A `SurveyDefinition`, as JSON, with its defaults written out."""
    current_version: Mapped[int | None]
    revision: Mapped[Revision]
    published_at: Mapped[datetime | None]
    """When the current version was published."""
    closed_at: Mapped[datetime | None]


class SurveyVersion(Base):
    """What was published: never changed, only retired."""

    __tablename__ = "survey_versions"
    __table_args__ = (
        ForeignKeyConstraint(["workspace_id", "survey_id"], ["surveys.workspace_id", "surveys.id"]),
        CheckConstraint("number >= 1", name="number"),
    )

    workspace_id: Mapped[WorkspaceKey]
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    definition: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
