"""What clients send and see of customers, orders and refunds."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.fields import (
    Amount,
    Code,
    Currency,
    ExternalId,
    Input,
    LocalDate,
    Metadata,
    MetadataValue,
    Money,
    Output,
    ShortText,
    Timestamp,
    example,
    storable,
)

_OUT_OF_RANGE = "number-out-of-range"


def _above_zero(amount: Decimal) -> Decimal:
    if amount == 0:
        raise PydanticCustomError(_OUT_OF_RANGE, _OUT_OF_RANGE)
    return amount


def _without_padding(amount: Decimal) -> Decimal:
    """At least two decimals, and no zeros that only the column's scale has added."""
    trimmed = amount.normalize()
    return trimmed if trimmed.as_tuple().exponent < -2 else amount.quantize(_CENT)  # type: ignore[operator]


_CENT = Decimal("0.01")
#: An amount in an answer: "12.50", "0.0375".
ShownMoney = Annotated[Money, AfterValidator(_without_padding)]
#: An amount of more than zero.
PositiveAmount = Annotated[Amount, AfterValidator(_above_zero)]
#: Looks like an address; only a letter that arrives proves one.
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"),
    AfterValidator(storable),
]
#: As people write it; it is kept as sent, beside its E.164 form where there is one.
Phone = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]
Quantity = Annotated[int, Field(ge=0, lt=2**31)]
KeyAccountType = Literal["group", "industry", "channel", "strategic"]
#: Flat facts; a null takes one away.
AttributeChanges = Annotated[dict[Code, MetadataValue | None], Field(max_length=50)]


class CustomerPatch(Input):
    """What is to be known of a customer; fields that are absent stay as they are.

    A field that is named is set, and null clears it (RFC 7396), inside `attributes` too. Several
    systems know parts of the same person; none of them wipes what another one said.
    """

    model_config = example(segment="gold", attributes={"branch": "north"})

    name: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None
    segment: Code | None = None
    key_account_type: KeyAccountType | None = None
    acquisition_channel: Code | None = None
    first_seen_at: Timestamp | None = None
    survey_consent: bool | None = None
    survey_consent_at: Timestamp | None = None
    marketing_consent: bool | None = None
    marketing_consent_at: Timestamp | None = None
    attributes: AttributeChanges | None = None


class CustomerLine(CustomerPatch):
    """A customer in a bulk body.

    In CSV, `attributes.<key>` is the column of an attribute, and an empty cell leaves its field
    as it is.
    """

    model_config = example(external_id="c-1024", segment="gold", attributes={"branch": "north"})

    external_id: ExternalId


class CustomerRead(Output):
    """A customer. `phone_e164` is null where `phone` is no valid number."""

    id: UUID
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    phone_e164: str | None
    segment: str | None
    key_account_type: KeyAccountType | None
    acquisition_channel: str | None
    first_seen_at: Timestamp | None
    survey_consent: bool | None
    survey_consent_at: Timestamp | None
    marketing_consent: bool | None
    marketing_consent_at: Timestamp | None
    attributes: Metadata
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class SegmentRead(Output):
    """A segment in use, and how many customers are in it now."""

    segment: str
    customers: int


class OrderPut(Input):
    """An order, always sent whole: what is absent is not so.

    Send `ordered_at`, or `ordered_on` where the source knows only the local day (it is taken as
    noon in the workspace's time zone). With `source_updated_at`, older news arriving late is
    `stale` and changes nothing. A customer that is not known yet is created.
    """

    model_config = example(
        customer="c-1024", amount="128.50", currency="CNY", ordered_at="2026-10-01T09:30:00+08:00"
    )

    customer: ExternalId
    ordered_at: Timestamp | None = None
    ordered_on: LocalDate | None = None
    amount: Amount
    currency: Currency
    channel: Code | None = None
    quantity: Quantity | None = None
    asked_for_brand: bool | None = None
    """Whether the buyer asked for your brand by name; left out where nobody knows."""
    source_updated_at: Timestamp | None = None


class OrderLine(OrderPut):
    """An order in a bulk body."""

    model_config = example(
        external_id="o-7001",
        customer="c-1024",
        amount="128.50",
        currency="CNY",
        ordered_on="2026-10-01",
    )

    external_id: ExternalId


class OrderRead(Output):
    """An order; `refunded` is the sum of its refunds."""

    external_id: str
    customer: str
    ordered_at: Timestamp
    amount: ShownMoney
    refunded: ShownMoney
    currency: str
    channel: str | None
    quantity: int | None
    asked_for_brand: bool | None
    source_updated_at: Timestamp | None
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class RefundCreate(Input):
    """Money paid back, in the currency of the order.

    The id names it within the order: the same again changes nothing, the same id with other
    content corrects it. Send `refunded_at`, or `refunded_on` for a local day.
    """

    model_config = example(external_id="r-1", amount="28.50", refunded_on="2026-10-09")

    external_id: ExternalId
    amount: PositiveAmount
    refunded_at: Timestamp | None = None
    refunded_on: LocalDate | None = None


class RefundLine(RefundCreate):
    """A refund in a bulk body, with the id of its order."""

    model_config = example(
        order="o-7001", external_id="r-1", amount="28.50", refunded_on="2026-10-09"
    )

    order: ExternalId


class RefundRead(Output):
    """A refund of an order."""

    order: str
    external_id: str
    amount: ShownMoney
    currency: str
    refunded_at: Timestamp
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
