"""The table of targets."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.named import Named
from app.targets.attainment import Direction


class Target(Named):
    """A goal for one KPI in one scope, on the local dates from `valid_from` to `valid_to`."""

    __tablename__ = "targets"
    __table_args__ = (
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        CheckConstraint("direction IN ('higher', 'lower')", name="direction"),
        CheckConstraint("valid_from < valid_to", name="valid"),
        Index("ix_targets_scope_key", "workspace_id", "kpi", "scope_key"),
    )

    kpi: Mapped[str]
    scope: Mapped[dict[str, Any]]
    """What the figure is asked of, in its one spelling."""
    scope_key: Mapped[str]
    """A hash of `scope`: figures of the same scope have the same key."""
    value: Mapped[float] = mapped_column(Double)
    direction: Mapped[Direction] = mapped_column(Text)
    floor: Mapped[float | None] = mapped_column(Double)
    stretch: Mapped[float | None] = mapped_column(Double)
    currency: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """The first date on which it no longer holds."""
