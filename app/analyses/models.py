"""The table of analyses that are worked out in the background."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Record


class AnalysisRun(Record):
    """One analysis: what was asked, with which seed, and what came of it."""

    __tablename__ = "analysis_runs"
    __table_args__ = (
        CheckConstraint(
            "analysis IN ('drivers', 'derived-importance-performance', 'words')", name="analysis"
        ),
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed')", name="status"),
        CheckConstraint(
            "(status = 'succeeded') = (result IS NOT NULL) AND "
            "(status = 'failed') = (failure IS NOT NULL)",
            name="outcome",
        ),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
    )

    analysis: Mapped[str]
    status: Mapped[str]
    request: Mapped[dict[str, Any]]
    """As it was asked, with the period written out."""
    seed: Mapped[int]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
