"""The table of local days, and when anything of each last changed."""

from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, Date
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, WorkspaceKey

Source = Literal["responses", "purchases", "leads", "acquisition_spend", "market_totals"]
_SOURCES = ", ".join(f"'{source}'" for source in get_args(Source))


class ChangedDay(Base):
    """When anything of a source that counts on a local day last came in, changed or went.

    `member` is '' for all of it; of responses also each survey, by its id. Days are those of the
    zone that the rollup of the source is kept in; statements of periods name days themselves.
    """

    __tablename__ = "changed_days"
    __table_args__ = (CheckConstraint(f"source IN ({_SOURCES})", name="source"),)

    workspace_id: Mapped[WorkspaceKey]
    source: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    changed_at: Mapped[datetime]
