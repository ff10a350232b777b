"""What clients send and see of leads, acquisition spend and market totals."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.customers.schemas import PositiveAmount, ShownMoney
from app.fields import (
    Amount,
    Code,
    Currency,
    ExternalId,
    Input,
    LocalDate,
    Output,
    ShortText,
    Timestamp,
    example,
)

SpendKind = Literal["paid", "organic"]
Basis = Literal["value", "units", "customers"]
_ALIASED = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)
_OUT_OF_RANGE = "number-out-of-range"


def _below_one(share: Decimal) -> Decimal:
    if share >= 1:
        raise PydanticCustomError(_OUT_OF_RANGE, _OUT_OF_RANGE)
    return share


#: A share of at least 0 and below 1, as decimal text: "0.05" is 5 %.
ErrorMargin = Annotated[Amount, AfterValidator(_below_one)]


class LeadPut(Input):
    """A lead, always sent whole: what is absent is not so.

    Send `created_at`, or `created_on` where the source knows only the local day (it is taken as
    noon in the workspace's time zone). `customer` is who the lead became, once that is known;
    whether the lead was won follows from the customer's first purchase.
    """

    model_config = example(
        channel="search", campaign="autumn", created_at="2026-10-01T09:30:00+08:00"
    )

    created_at: Timestamp | None = None
    created_on: LocalDate | None = None
    channel: Code
    campaign: Code | None = None
    customer: ExternalId | None = None


class LeadLine(LeadPut):
    """A lead in a bulk body."""

    model_config = example(
        external_id="l-7", channel="search", created_on="2026-10-01", customer="c-1024"
    )

    external_id: ExternalId


class LeadRead(Output):
    """A lead."""

    external_id: str
    created_at: Timestamp
    channel: str
    campaign: str | None
    customer: str | None
    revision: int
    recorded_at: Timestamp
    updated_at: Timestamp


class _Dated(Input):
    """Local days, from the first up to but not including the last."""

    period_start: LocalDate = Field(alias="from")
    """First local date."""
    period_end: LocalDate = Field(alias="to")
    """The local date after the last."""


class AcquisitionSpendPut(_Dated):
    """What a channel cost in a period.

    The same period, channel and kind again replaces it. Periods of one channel and kind must not
    overlap otherwise: money would be counted twice. State 0 where nothing was spent; days for
    which nothing is stated are unknown, not free.
    """

    model_config = example(
        **{"from": "2026-10-01", "to": "2026-11-01"},
        channel="search",
        kind="paid",
        amount="12000.00",
        currency="CNY",
        source="ledger 6601, closed 2026-11-05",
    )

    channel: Code
    """As the customers' `acquisition_channel`."""
    kind: SpendKind
    amount: Amount
    currency: Currency
    source: ShortText
    """Where the figure comes from."""


class AcquisitionSpendRead(Output):
    """What a channel cost in a period."""

    model_config = _ALIASED

    id: UUID
    period_start: date = Field(alias="from")
    period_end: date = Field(alias="to")
    channel: str
    kind: SpendKind
    amount: ShownMoney
    currency: str
    source: str
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class Competitor(Input):
    """A competitor's own total, on the basis of the market total."""

    name: ShortText
    amount: Amount


class MarketTotalPut(_Dated):
    """What the whole market sold in a period, or how many customers it had.

    The same period and basis again replaces it; periods of one basis must not overlap otherwise.
    `currency` is for the basis `value` only, and needed there. `error_margin` is what the source
    says of its own precision, as a share either way.
    """

    model_config = example(
        **{"from": "2026-01-01", "to": "2027-01-01"},
        basis="value",
        amount="84000000.00",
        currency="CNY",
        source="Industry association, annual report",
        stated_on="2026-11-01",
        error_margin="0.05",
        competitors=[{"name": "A", "amount": "21000000.00"}],
    )

    basis: Basis
    amount: PositiveAmount
    currency: Currency | None = None
    source: ShortText
    stated_on: LocalDate
    error_margin: ErrorMargin | None = None
    competitors: Annotated[list[Competitor], Field(max_length=100)] = Field(default_factory=list)


class CompetitorRead(Output):
    """A competitor's own total."""

    name: str
    amount: ShownMoney


class MarketTotalRead(Output):
    """What the whole market sold in a period, or how many customers it had."""

    model_config = _ALIASED

    id: UUID
    period_start: date = Field(alias="from")
    period_end: date = Field(alias="to")
    basis: Basis
    amount: ShownMoney
    currency: str | None
    source: str
    stated_on: date
    error_margin: ShownMoney | None
    competitors: list[CompetitorRead]
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
