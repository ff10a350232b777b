"""Tables of customers, orders and refunds, and the list of those that have changed."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, CreatedAt, Record, RecordId, Revision, UpdatedAt, WorkspaceKey


class Customer(Record):
    """A person or company that buys, known by the id of the system it comes from.

    Other tables name a customer by `external_id`, without a foreign key: an answer or a complaint
    may arrive before its customer.
    """

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id", name="uq_customers_external_id"),
        CheckConstraint(
            "key_account_type IN ('group', 'industry', 'channel', 'strategic')",
            name="key_account_type",
        ),
        Index("ix_customers_segment", "workspace_id", "segment"),
        Index("ix_customers_updated_at", "workspace_id", "updated_at"),
    )

    external_id: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    """As it was sent: a bad number is a fact about its source."""
    phone_e164: Mapped[str | None]
    """The same number in E.164, where it is a valid one."""
    segment: Mapped[str | None]
    key_account_type: Mapped[str | None]
    acquisition_channel: Mapped[str | None]
    first_seen_at: Mapped[datetime | None]
    """When the source first knew the customer; reports take the first order instead."""
    survey_consent: Mapped[bool | None]
    survey_consent_at: Mapped[datetime | None]
    marketing_consent: Mapped[bool | None]
    marketing_consent_at: Mapped[datetime | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[Revision]


class Order(Base):
    """A purchase.

    `refunded` is the sum of its refunds; the check keeps it within the amount, whoever writes at
    the same time.
    """

    __tablename__ = "orders"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "external_id", name="pk_orders"),
        ForeignKeyConstraint(
            ["workspace_id", "customer_id"],
            ["customers.workspace_id", "customers.id"],
            name="fk_orders_customer_id",
        ),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("refunded >= 0 AND refunded <= amount", name="refunded"),
        CheckConstraint("quantity >= 0", name="quantity"),
        Index("ix_orders_customer_id", "workspace_id", "customer_id", "ordered_at"),
        Index(
            "ix_orders_ordered_at",
            "workspace_id",
            "ordered_at",
            postgresql_include=["customer_id", "amount", "refunded"],
        ),
        Index(
            "ix_orders_fully_refunded",
            "workspace_id",
            "ordered_at",
            postgresql_where=text("refunded = amount AND amount > 0"),
        ),
        Index("ix_orders_updated_at", "workspace_id", "updated_at"),
    )

    workspace_id: Mapped[UUID]
    external_id: Mapped[str]
    customer_id: Mapped[UUID]
    ordered_at: Mapped[datetime]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    refunded: Mapped[Decimal] = mapped_column(Numeric(18, 4), default=Decimal(0))
    currency: Mapped[str]
    channel: Mapped[str | None]
    quantity: Mapped[int | None]
    asked_for_brand: Mapped[bool | None]
    """Whether the buyer asked for our brand by name; null where nobody said so."""
    source_updated_at: Mapped[datetime | None]
    """When the source last changed it: what is older than this no longer counts."""
    revision: Mapped[Revision]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    buyer: Mapped[Customer] = relationship(lazy="raise")

    @property
    def customer(self) -> str:
        """The customer by the id that everybody else uses; `buyer` must be loaded."""
        return self.buyer.external_id


class Refund(Base):
    """Money paid back for an order, in the currency of the order; booked on its own date."""

    __tablename__ = "refunds"
    __table_args__ = (
        PrimaryKeyConstraint("workspace_id", "order_external_id", "external_id", name="pk_refunds"),
        ForeignKeyConstraint(
            ["workspace_id", "order_external_id"],
            ["orders.workspace_id", "orders.external_id"],
            name="fk_refunds_order_external_id",
        ),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_refunded_at", "workspace_id", "refunded_at"),
    )

    workspace_id: Mapped[UUID]
    order_external_id: Mapped[str]
    external_id: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    refunded_at: Mapped[datetime]
    revision: Mapped[Revision]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
    purchase: Mapped[Order] = relationship(lazy="raise")

    @property
    def order(self) -> str:
        """The id of the order."""
        return self.order_external_id

    @property
    def currency(self) -> str:
        """The currency of the order; `purchase` must be loaded."""
        return self.purchase.currency


class PurchaseChange(Base):
    """Customers whose orders, refunds or traits changed in one transaction."""

    __tablename__ = "purchase_changes"

    workspace_id: Mapped[WorkspaceKey]
    id: Mapped[RecordId]
    customers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    moments: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default="{}"
    )
    """When orders were placed and refunds booked that changed: where they were and where they are.
    Traits have none."""
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    folded: Mapped[bool] = mapped_column(server_default="false")
    """Taken into what is kept of purchases; the leads of these customers come after them."""
