"""Tables of leads, of what was spent on acquisition, and of stated totals of the market."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, CreatedAt, Record, RecordId, Revision, UpdatedAt, WorkspaceKey


class Lead(Base):
    """Somebody who may become a customer, known by the id of the system it comes from.

    `customer` names who the lead became, by external id and without a foreign key: the customer
    may arrive later. Whether and when the lead was won is never stored; it follows from the
    customer's purchases.
    """

    __tablename__ = "leads"
    __table_args__ = (
        Index("ix_leads_created_at", "workspace_id", "created_at", "external_id"),
        Index("ix_leads_customer", "workspace_id", "customer"),
        Index("ix_leads_updated_at", "workspace_id", "updated_at"),
    )

    workspace_id: Mapped[WorkspaceKey]
    external_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    """When the lead came about, as its source says."""
    channel: Mapped[str]
    campaign: Mapped[str | None]
    customer: Mapped[str | None]
    revision: Mapped[Revision]
    recorded_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class AcquisitionSpend(Record):
    """Money spent to win customers in a channel, from a local day up to but not another.

    The periods of one channel and kind never overlap (`spend.put_spend` refuses it): what is
    booked for a month and again for a week in it would be counted twice.
    """

    __tablename__ = "acquisition_spend"
    __table_args__ = (
        UniqueConstraint(
            "workspace_id", "channel", "kind", "period_start", "period_end",
            name="uq_acquisition_spend_period",
        ),
        CheckConstraint("kind IN ('paid', 'organic')", name="kind"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("period_start < period_end", name="period"),
    )  # fmt: skip

    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    channel: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str]
    source: Mapped[str]
    revision: Mapped[Revision]


class MarketTotal(Record):
    """What the whole market sold in a period, or how many customers it had, as somebody states it.

    Periods of one basis never overlap.
    """

    __tablename__ = "market_totals"
    __table_args__ = (
        UniqueConstraint(
            "workspace_id", "basis", "period_start", "period_end", name="uq_market_totals_period"
        ),
        CheckConstraint("basis IN ('value', 'units', 'customers')", name="basis"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(basis = 'value') = (currency IS NOT NULL)", name="currency"),
        CheckConstraint("error_margin >= 0 AND error_margin < 1", name="error_margin"),
        CheckConstraint("period_start < period_end", name="period"),
    )  # fmt: skip

    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    basis: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str | None]
    source: Mapped[str]
    stated_on: Mapped[date] = mapped_column(Date)
    """The date of the source."""
    error_margin: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    """As a share of the total, either way: 0.05 is plus or minus 5 %."""
    competitors: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Their own totals by name, as decimal text."""
    revision: Mapped[Revision]


class LeadRollup(Base):
    """How far the leads of a workspace have been judged, and for which zone.

    Leads up to `rebuilt_to` have been; once `complete`, all have that no list names.
    """

    __tablename__ = "lead_rollups"

    workspace_id: Mapped[WorkspaceKey]
    time_zone: Mapped[str]
    complete: Mapped[bool]
    rebuilt_to: Mapped[str]
    folded_at: Mapped[datetime]


class LeadChange(Base):
    """Leads that changed in one transaction, and the customers that they named or name now."""

    __tablename__ = "lead_changes"

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    leads: Mapped[list[str]] = mapped_column(ARRAY(Text))
    customers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    moments: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default="{}"
    )
    """When these leads came about, as they said before and as they say now."""
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class LeadVerdict(Base):
    """What became of a lead, as it was folded; see `verdicts.Verdict`."""

    __tablename__ = "lead_verdicts"

    workspace_id: Mapped[WorkspaceKey]
    external_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int]
    channel: Mapped[str]
    campaign: Mapped[str]
    repeated: Mapped[bool]
    steps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Of each step the days, and how many more leads are won and known, in turn."""


class LeadCell(Base):
    """Leads of a day (`grain`) or month, of everybody (dimension '') and by channel and campaign.

    Days are numbered as `date.toordinal` does, months year * 12 + month - 1. Of the leads that
    are given so many days, as many are won as `won` says up to and with `within`; so with those
    that are `known`. How many there are, without and with an earlier one, stands at 0.
    """

    __tablename__ = "lead_cells"

    workspace_id: Mapped[WorkspaceKey]
    grain: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    within: Mapped[int] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    leads: Mapped[int]
    repeated: Mapped[int]
    won: Mapped[int]
    known: Mapped[int]
