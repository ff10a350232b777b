"""What is kept of purchases: a row for each customer, sets of customers, sums, and how far."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, WorkspaceKey

_Numbers = ARRAY(BigInteger)


class PurchaseRollup(Base):
    """How far a workspace has been folded, and for which zone.

    Customers up to `rebuilt_to` have been; once `complete`, all have that are not in
    `purchase_changes`.
    """

    __tablename__ = "purchase_rollups"

    workspace_id: Mapped[WorkspaceKey]
    time_zone: Mapped[str]
    complete: Mapped[bool]
    rebuilt_to: Mapped[UUID]
    customers: Mapped[int]
    """How many numbers have been given to customers; they are never given again."""
    folded_at: Mapped[datetime]


class CustomerPurchases(Base):
    """What a customer has bought, as it was folded: purchases are orders not fully refunded.

    The dates are local days in the rollup's zone; in arrays, days are numbers as
    `date.toordinal` gives them, and money is in ten-thousandths.
    """

    __tablename__ = "customer_purchases"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number", name="uq_customer_purchases_number"),
        *(
            Index(
                f"ix_customer_purchases_{day}_day",
                "workspace_id",
                f"{day}_day",
                postgresql_include=[
                    *(f"{other}_day" for other in ("first", "second", "silent") if other != day),
                    "number",
                    "segment",
                    "channel",
                    "key_account_type",
                    *(("last_move_day", "currency", "net") if day == "first" else ()),
                ],
            )
            for day in ("first", "second", "silent")
        ),
        Index("ix_customer_purchases_last_move_day", "workspace_id", "last_move_day"),
        Index("ix_customer_purchases_latest_at", "workspace_id", "latest_at"),
    )

    workspace_id: Mapped[WorkspaceKey]
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    """The place of the customer in every set."""
    segment: Mapped[str]
    channel: Mapped[str]
    key_account_type: Mapped[str]
    first_day: Mapped[date | None] = mapped_column(Date)
    second_day: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    silent_day: Mapped[date | None] = mapped_column(Date)
    """The first day that no purchase followed within `SILENCE_DAYS`."""
    purchase_days: Mapped[int]
    orders: Mapped[int]
    currency: Mapped[str | None]
    """Null where there are several, or none."""
    net: Mapped[Decimal] = mapped_column(Numeric(22, 4))
    """Orders less refunds, whatever the currency."""
    repeat_amount: Mapped[Decimal] = mapped_column(Numeric(22, 4))
    """Amounts of the purchases after the first day."""
    last_move_day: Mapped[date | None] = mapped_column(Date)
    """The last day on which something was ordered or paid back."""
    latest_at: Mapped[datetime | None]
    days: Mapped[list[int]] = mapped_column(_Numbers)
    day_orders: Mapped[list[int]] = mapped_column(_Numbers)
    amounts: Mapped[list[int]] = mapped_column(_Numbers)
    """Of each of these orders, by day, and ascending within each."""
    undone: Mapped[list[int]] = mapped_column(_Numbers)
    """Of each fully refunded order the day it was placed and the day it ended, in turn."""
    undone_units: Mapped[list[int | None]] = mapped_column(_Numbers)
    """The quantity of each of these orders."""
    undone_asked: Mapped[list[int | None]] = mapped_column(_Numbers)
    """Whether the brand was asked for, 1 or 0."""
    undone_amounts: Mapped[list[int]] = mapped_column(_Numbers)
    """And its amount."""
    sold: Mapped[list[int]] = mapped_column(_Numbers)
    """Of each day with purchases that say their quantity: the day, how many say it, and units."""
    asked: Mapped[list[int]] = mapped_column(_Numbers)
    """The same for purchases that say whether the brand was asked for: of how many it was."""
    move_days: Mapped[list[int]] = mapped_column(_Numbers)
    move_currencies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    move_amounts: Mapped[list[int]] = mapped_column(_Numbers)
    move_totals: Mapped[list[int]] = mapped_column(_Numbers)
    """The sum of the amounts up to each, whatever the currency."""


class UndonePurchase(Base):
    """An order that was fully refunded, found by the instants at which it still stood."""

    __tablename__ = "undone_purchases"
    __table_args__ = (
        Index("ix_undone_purchases_stretch", "workspace_id", "stretch", "undone_day"),
        Index("ix_undone_purchases_placed_day", "workspace_id", "placed_day"),
    )

    workspace_id: Mapped[WorkspaceKey]
    number: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    placed_day: Mapped[int]
    undone_day: Mapped[int]
    stretch: Mapped[int]
    """It stood for fewer than 2^stretch days: the index needs to look no farther."""
    opening: Mapped[bool]
    """Whether no purchase that is kept was made on an earlier day."""
    first_day: Mapped[int | None]
    """The customer's, as in `CustomerPurchases`; so are the next two."""
    second_day: Mapped[int | None]
    silent_day: Mapped[int | None]
    quantity: Mapped[int | None]
    asked: Mapped[int | None]
    """1 if the brand was asked for, 0 if it was not."""
    amount: Mapped[int]
    """In ten-thousandths."""
    segment: Mapped[str]
    channel: Mapped[str]
    key_account_type: Mapped[str]


class CustomerSet(Base):
    """65,536 customers, one bit each.

    kind `bought` and `twice`: with purchases on one day, or two, of the span of days `place` at
    `level`; `segment`, `channel`, `key_account_type`: those whose trait is `member`; `currency`:
    those with money in it; `net`: those whose net value has the binary digit `level`; `brought`
    and `paid_back`: the same for what they brought in during the month `place`, orders less
    refunds in the currency `member`, or for how far that is below zero.
    """

    __tablename__ = "customer_sets"

    workspace_id: Mapped[WorkspaceKey]
    kind: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True)
    bits: Mapped[str] = mapped_column(BIT(varying=True))


class CustomerAmounts(Base):
    """Amounts of 65,536 customers, and beside each its customer's place among these.

    kind `ordered`: of their purchases in the month `place` whose amount lies in the bucket
    `bucket` (`bucket_of`); `placed`: of those of the day `place`; `moved`: what they brought in on
    the day `place` in the currency `member`, orders less refunds. Money is in ten-thousandths.
    """

    __tablename__ = "customer_amounts"

    workspace_id: Mapped[WorkspaceKey]
    kind: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True)
    customers: Mapped[bytes]
    """Two bytes for each, lowest first, in ascending order."""
    amounts: Mapped[bytes]
    """Eight bytes for each of these, lowest first, with a sign."""


class PurchaseCell(Base):
    """Sums over customers, for everybody (dimension '') and by each trait.

    What is asked for is a range of places: they stand before members in the key.
    measure `day`: place is a day; amount is what n customers brought in, squares by how much the
    sum of the squares of all customers' totals grew; without a currency, n purchases. `month`: the
    same money of the month place. `followed`: n customers brought in amount, above zero, during the
    month place; where `other` is 1, what they brought in in the month after it; where it is 2, the
    lesser of both if that is above zero. `units`: n purchases of the day place say that they are of
    `amount` units. `asked`: n purchases of the day place say whether the brand was asked for, of
    `amount` it was. `undone`: n orders of the day place were fully refunded. `ordered`: n purchases
    of the month place are of amounts in the bucket `other` (`bucket_of`). `cohort`: amount in n
    sums of a day, brought in during the month `other` by those who first bought in the month place;
    squares as above.
    By channel alone, `newcomers`: n customers first bought on the day place; `earned`: amount in n
    sums of a day, brought in `other` whole months (`AVERAGE_MONTH`) after the first purchase by
    those of the day place; `earned_month`: the same of the month place.
    Months are numbered year * 12 + month - 1; money is in ten-thousandths.
    """

    __tablename__ = "purchase_cells"

    workspace_id: Mapped[WorkspaceKey]
    measure: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    other: Mapped[int] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    squares: Mapped[Decimal] = mapped_column(Numeric(60, 0))


class PurchaseTurn(Base):
    """How many customers turned when, for everybody (dimension '') and by each trait.

    turn `second`: bought on a second day; `silent`: had the first purchase that none followed
    within `SILENCE_DAYS`. Beside each of `days`, which ascend, stands how many customers.
    measure `gap`: the days from the first purchase to the turn, of all. `gap_by_month`: the same
    of those who turned in the month `month` and first bought in `first_month`. `first_day`: the
    days of the first purchases of those who turned in the month `month`, or have not (`NEVER`).
    """

    __tablename__ = "purchase_turns"

    workspace_id: Mapped[WorkspaceKey]
    turn: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[int] = mapped_column(primary_key=True)
    first_month: Mapped[int] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    customers: Mapped[list[int]] = mapped_column(ARRAY(Integer))
