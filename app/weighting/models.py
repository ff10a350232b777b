"""The table of weighting schemes."""

from typing import Any

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.named import Named


class WeightingScheme(Named):
    """The margins of a population, by which answers are weighed."""

    __tablename__ = "weighting_schemes"
    __table_args__ = (ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),)

    label: Mapped[dict[str, Any]]
    margins: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`SchemeMargin`s, in the order that was given."""
    trim: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    source: Mapped[str]
