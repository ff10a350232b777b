"""What is sent and answered about model runs and predicted values."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.fields import Currency, ExternalId, Input, LocalDate, Output, Timestamp
from app.lifetime.units import Horizon, Unit

Kind = Literal["bgnbd", "pnbd", "sbg"]
Status = Literal["queued", "running", "sound", "unreliable", "refused", "failed"]
Discount = Annotated[int, Field(ge=1, le=100)]
_People = Annotated[int, Field(ge=0, le=1_000_000_000)]


class PurchaseRunCreate(Input):
    """Fit when customers buy, and what a purchase is worth (Gamma-Gamma)."""

    unit: Unit = "weeks"
    """The unit of time of the parameters; a week is 7 days, a month 365.25/12."""
    calibration_end: LocalDate | None = None
    """The last local day that the fit sees; yesterday where it is left out."""
    holdout_end: LocalDate | None = None
    """The last local day of the purchases that are foretold to judge the fit. Where it is left
    out, a fit to the first three quarters of the days is judged by the last quarter, and then all
    of them are fitted."""
    currency: Currency | None = None
    """Only orders in this currency; the workspace's where it is left out."""
    discount_annual: Discount = 10
    """Percent a year, discounted continuously."""


class BgnbdRunCreate(PurchaseRunCreate):
    """Fit when customers buy by BG/NBD: they may end after any purchase."""

    kind: Literal["bgnbd"]


class PnbdRunCreate(PurchaseRunCreate):
    """Fit when customers buy by Pareto/NBD: they may end at any time."""

    kind: Literal["pnbd"]


class RenewalCount(Input):
    """An opportunity to renew: how many came to it, and how many renewed."""

    period: Annotated[int, Field(ge=1, le=1_000)]
    """1 is the first renewal of a contract."""
    at_risk: _People
    renewed: _People


class ContractRunCreate(Input):
    """Fit how contracts end (shifted beta-geometric): survivors of one cohort, or renewals."""

    kind: Literal["sbg"]
    survivors: Annotated[list[_People], Field(min_length=4, max_length=200)] | None = None
    """How many were left at the start, after the first renewal, after the second, ..."""
    renewals: Annotated[list[RenewalCount], Field(min_length=3, max_length=1_000)] | None = None
    """The same by opportunity, for cohorts of several ages added up. One of both is given."""
    holdout_periods: Annotated[int, Field(ge=0, le=100)] = 1
    """The last periods, foretold from those before to judge the fit."""
    discount_annual: Discount = 10
    """Percent a contract period."""


ModelRunCreate = Annotated[
    BgnbdRunCreate | PnbdRunCreate | ContractRunCreate, Field(discriminator="kind")
]


class ModelParameter(Output):
    """A parameter with its standard error (delta method on the log scale; null: none is known)."""

    name: str
    value: float
    standard_error: float | None


class FittedModel(Output):
    """A model fitted by maximum likelihood."""

    model: Literal["bgnbd", "pnbd", "gamma_gamma", "sbg"]
    n: int
    """Customers that it was fitted to; for contracts, opportunities to renew."""
    parameters: list[ModelParameter]
    log_likelihood: float
    converged: bool
    gradient: float
    """The largest slope at the optimum, a customer, on the log scale."""
    iterations: int
    mean: float | None
    """Gamma-Gamma: the mean value of a purchase over customers."""
    correlation: float | None
    """Gamma-Gamma: of how many and how much, which the model takes to be none."""


class HoldoutFrequency(Output):
    """Customers with so many repeat purchases (for contracts: the period), and what came after."""

    purchases: int
    customers: int
    expected: float
    actual: float


class HoldoutTable(Output):
    """What was foretold for the time after the calibration, and what was counted."""

    start: date | None
    end: date | None
    rows: list[HoldoutFrequency]
    """By repeat purchases in the calibration; the last row holds 7 and more."""
    expected: float
    actual: float
    error: float | None
    """|expected - actual| / actual; null where nothing was counted."""


class ContractPeriod(Output):
    """A contract period as counted and as projected."""

    period: int
    retention_observed: float | None
    retention: float
    survival: float
    residual_renewals: float
    """Discounted expected renewals of a customer who comes to this renewal (DERL)."""


class ConstantRetention(Output):
    """The simple formula of lifetime value, which lets everybody renew with one chance."""

    retention: float
    """Renewals by opportunities to renew, all periods together."""
    margin_multiple: float
    """r / (1 + i - r): what a new customer brings in, discounted, for a margin of 1 a period from
    the first renewal on."""
    margin_multiple_by_model: float
    """The same sum with the survival that the model projects: what is above it comes of customers
    who differ, because those who stay are the likelier to stay."""


class ModelRunRead(Output):
    """A run of a model; what is not known yet is null."""

    id: UUID
    kind: Kind
    status: Status
    reasons: list[str]
    """Why it is not sound."""
    warnings: list[str]
    unit: Unit | Literal["periods"]
    calibration_end: date | None
    holdout_end: date | None
    currency: str | None
    discount_annual: int
    refit_of: UUID | None
    first_purchase: date | None
    customers: int | None
    repeaters: int | None
    purchase_model: FittedModel | None
    """For contracts: how they end."""
    value_model: FittedModel | None
    new_customer_year: float | None
    """Repeat purchases that a new customer is expected to make in 365 days, 52 weeks, 12 months."""
    holdout: HoldoutTable | None
    constant_retention: ConstantRetention | None
    """For contracts: the simple formula beside the model; null without a fit."""
    projection: list[ContractPeriod]
    data_hash: str | None
    code_version: str | None
    seconds: dict[str, float]
    """What each step took."""
    peak_memory_bytes: int | None
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None


class PredictedHorizon(Output):
    """What is expected of one customer within a horizon of months."""

    horizon_months: Horizon
    purchases: float | None
    """Null for the infinite horizon: its sum may be infinite."""
    residual: float
    """Discounted margin of what will be bought."""
    total: float
    """Residual plus historic."""


class CustomerLifetimeValue(Output):
    """What one customer has brought in and is expected to bring in."""

    customer: ExternalId
    kind: Literal["estimated"]
    model_run: UUID
    model_status: Status
    calibration_end: date
    unit: Unit
    discount_annual: int
    margin: int
    currency: str
    repeat_purchases: int
    """x: days with a purchase, less one."""
    recency: float
    """t_x: from the first to the last purchase, in units."""
    age: float
    """T: from the first purchase to the end of the calibration, in units."""
    mean_repeat_value: float | None
    """m: null where there was no repeat purchase."""
    p_alive: float
    """1 by construction of BG/NBD where x = 0: no news."""
    purchase_value: float
    """What a future purchase is expected to be worth."""
    purchases_year: float
    """Expected in 365 days, 52 weeks or 12 months, as the unit is."""
    historic: float
    """Margin on purchases less refunds up to the end of the calibration."""
    horizons: list[PredictedHorizon]
    reasons: list[str]
    """Why the run is not sound; empty for one that is."""
