"""What is asked and answered about cohorts."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.fields import Input, LocalDate, Output, TimeZone, storable
from app.kpis.cohorts import CohortBy, CohortGrain, CohortType, MeanOf
from app.kpis.declaration import Reason
from app.kpis.period_schemas import KpiPeriod
from app.kpis.schemas import KpiHeader, KpiInterval
from app.kpis.statistics import DEFAULT_LEVEL

_Value = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
_Values = Annotated[list[_Value], Field(max_length=50)]


class CohortQuery(Input):
    """The query parameters of the matrix. They are text, so numbers are read from it."""

    model_config = ConfigDict(strict=False)

    start: LocalDate | None = Field(
        None,
        alias="from",
        description="First local date; widened to whole units. The last 12 weeks or months, 8 "
        "quarters or 5 years if absent.",
    )
    end: LocalDate | None = Field(
        None, alias="to", description="The local date after the last; tomorrow if absent."
    )
    tz: TimeZone | None = Field(
        None, description="IANA time zone of the local dates; the workspace's if absent."
    )
    grain: CohortGrain = Field("month", description="The unit of the cohorts and the columns.")
    periods: int = Field(12, ge=1, le=60, description="Columns, that of k = 0 included.")
    type: CohortType = Field(
        "exact", description="Active in the unit, in it or later, or in any of units 1 to k."
    )
    by: CohortBy = Field("customers", description="Shares of customers, or of first revenue.")
    mean: MeanOf = Field("weighted", description="How the columns are averaged.")
    level: float = Field(
        DEFAULT_LEVEL, ge=0.8, le=0.999, description="Confidence level of the intervals."
    )
    segment: _Values | None = Field(None, description="Only this segment; repeat it for several.")
    channel: _Values | None = Field(
        None, description="Only this channel of acquisition; repeat it for several."
    )
    filter: _Values | None = Field(
        None, description="`key_account_type:<value>`; an empty value selects what has none."
    )


class CohortCustomersQuery(Input):
    """Which matrix a cell is of, beside its cohort and distance."""

    model_config = ConfigDict(strict=False)

    tz: TimeZone | None = Field(
        None, description="IANA time zone of the local dates; the workspace's if absent."
    )
    grain: CohortGrain = Field("month", description="The unit of the cohort and the distance.")
    type: CohortType = Field(
        "exact", description="Active in the unit, in it or later, or in any of units 1 to k."
    )
    segment: _Values | None = Field(None, description="Only this segment; repeat it for several.")
    channel: _Values | None = Field(
        None, description="Only this channel of acquisition; repeat it for several."
    )
    filter: _Values | None = Field(
        None, description="`key_account_type:<value>`; an empty value selects what has none."
    )
    limit: int = Field(50, ge=1, le=500, description="Items on a page.")
    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor` of the page before."
    )


class CohortCustomer(Output):
    """A customer behind a cell, by the id of the system that it comes from."""

    external_id: str


class CohortCell(Output):
    """How many of the cohort are active `k` units later; the rate of an empty cohort is null."""

    k: int
    active: int
    rate: float | None
    interval: KpiInterval | None
    complete: bool
    """Whether the unit has ended, and the workspace waits no longer for what comes late."""
    revenue: str | None
    """With by=revenue, what the rate is made of; null where currencies differ."""


class CohortRow(Output):
    """Customers whose first purchase lies in the unit that begins on `start`.

    Units that have not begun have no cells. A cohort of filtered customers that would tell of
    too few is `suppressed`: its size is null, and it is in no mean.
    """

    start: date
    suppressed: bool
    size: int | None
    cells: list[CohortCell]


class CohortMean(Output):
    """The mean of the complete cells of a column, and the sums that it stands on."""

    k: int
    rate: float | None
    """Null where no cell is complete."""
    active: int
    size: int
    cohorts: int
    interval: KpiInterval | None
    """Null for the simple mean, and by revenue."""
    revenue: str | None


class CohortMatrix(KpiHeader):
    """Retention by cohorts, oldest first."""

    period: KpiPeriod
    grain: CohortGrain
    currency: str | None
    """Of the revenue, with by=revenue."""
    reason: Reason | None
    """Why there is no revenue."""
    excluded: dict[str, int]
    cohorts: list[CohortRow]
    mean: list[CohortMean]
