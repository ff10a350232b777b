"""Tables of model runs, and of what each says of customers and groups."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Record

Real = Annotated[float, mapped_column(DOUBLE_PRECISION)]


class ModelRun(Record):
    """One fit: what was asked, and what came of it."""

    __tablename__ = "model_runs"
    __table_args__ = (
        CheckConstraint("kind IN ('bgnbd', 'pnbd', 'sbg')", name="kind"),
        CheckConstraint(
            "status IN ('queued', 'running', 'sound', 'unreliable', 'refused', 'failed')",
            name="status",
        ),
        Index("ix_model_runs_status", "workspace_id", "status", "calibration_end"),
    )

    kind: Mapped[str]
    status: Mapped[str]
    unit: Mapped[str]
    calibration_end: Mapped[date | None]
    """The last local day of the calibration; null for contracts."""
    holdout_end: Mapped[date | None]
    currency: Mapped[str | None]
    discount_annual: Mapped[int]
    refit_of: Mapped[UUID | None]
    """The run that this one repeats with newer data."""
    renewals: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """For contracts: `rows` of period, at risk and renewed; `holdout` periods."""
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CustomerPrediction(Base):
    """What a run says of one customer; money in the run's currency, before any margin.

    Written by COPY, a million at a time, and never changed: its run and its customer were read in
    the same process, so that no foreign key asks for each again.
    """

    __tablename__ = "customer_predictions"
    __table_args__ = (
        PrimaryKeyConstraint(
            "workspace_id", "run_id", "customer_id", name="pk_customer_predictions"
        ),
    )

    workspace_id: Mapped[UUID]
    run_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    repeat_days: Mapped[int]
    last_days: Mapped[int]
    """From the first to the last purchase."""
    age_days: Mapped[int]
    """From the first purchase to the end of the calibration."""
    mean_value: Mapped[Real]
    """Of the days after the first; 0 where there are none."""
    historic: Mapped[Real]
    p_alive: Mapped[Real]
    purchase_value: Mapped[Real]
    """What a future purchase is expected to be worth."""
    purchases_year: Mapped[Real]
    """Expected in a year of whole units of the run."""
    purchases_12: Mapped[Real]
    purchases_24: Mapped[Real]
    purchases_36: Mapped[Real]
    residual_12: Mapped[Real]
    residual_24: Mapped[Real]
    residual_36: Mapped[Real]
    residual_infinite: Mapped[Real]


class GroupPrediction(Base):
    """What a run says of the customers of one group together; dimension '' is everybody."""

    __tablename__ = "group_predictions"
    __table_args__ = (
        PrimaryKeyConstraint(
            "workspace_id", "run_id", "dimension", "member", name="pk_group_predictions"
        ),
        ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["model_runs.workspace_id", "model_runs.id"],
            name="fk_group_predictions_run_id",
        ),
    )

    workspace_id: Mapped[UUID]
    run_id: Mapped[UUID]
    dimension: Mapped[str]
    member: Mapped[str]
    customers: Mapped[int]
    figures: Mapped[dict[str, Any]]
    """`GroupScores` as JSON."""
