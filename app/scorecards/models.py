"""Tables of metrics from elsewhere, their observations, and scorecards."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, PrimaryKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, UpdatedAt
from app.named import Named
from app.scorecards.aggregation import Aggregation
from app.targets.attainment import Direction


class Metric(Named):
    """A figure that another system knows: revenue, staff turnover, delivery time."""

    __tablename__ = "metrics"
    __table_args__ = (
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        CheckConstraint("direction IN ('higher', 'lower')", name="direction"),
        CheckConstraint("aggregation IN ('sum', 'mean', 'last')", name="aggregation"),
    )

    label: Mapped[dict[str, Any]]
    unit: Mapped[str]
    direction: Mapped[Direction] = mapped_column(Text)
    aggregation: Mapped[Aggregation] = mapped_column(Text)


class MetricObservation(Base):
    """What is stated of a metric for the local dates [starts_on, ends_on); one value a period."""

    __tablename__ = "metric_observations"
    __table_args__ = (
        PrimaryKeyConstraint(
            "workspace_id", "metric", "starts_on", "ends_on", name="pk_metric_observations"
        ),
        ForeignKeyConstraint(
            ["workspace_id", "metric"],
            ["metrics.workspace_id", "metrics.name"],
            name="fk_metric_observations_metric",
        ),
        CheckConstraint("starts_on < ends_on", name="period"),
        CheckConstraint("n >= 0", name="n"),
        CheckConstraint("low <= value AND value <= high", name="interval"),
    )

    workspace_id: Mapped[UUID]
    metric: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    value: Mapped[float] = mapped_column(Double)
    n: Mapped[int | None]
    low: Mapped[float | None] = mapped_column(Double)
    high: Mapped[float | None] = mapped_column(Double)
    level: Mapped[float | None] = mapped_column(Double)
    source: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Scorecard(Named):
    """A scorecard: its perspectives and indicators are one document."""

    __tablename__ = "scorecards"
    __table_args__ = (ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),)

    document: Mapped[dict[str, Any]]
    """A `ScorecardPut`, as JSON, with the scopes of its KPIs in their one spelling."""
