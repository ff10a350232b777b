"""What clients send and see of metrics from elsewhere."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.fields import Count, Input, LocalDate, Localized, Output, ShortText, Timestamp, example
from app.kpis.calendar_units import Grain
from app.kpis.period_schemas import PeriodRead
from app.kpis.schemas import KpiInterval
from app.scorecards.aggregation import Aggregation
from app.targets.attainment import Direction
from app.targets.schemas import Figure

MOST_OBSERVATIONS = 1_000
MetricUnit = Annotated[ShortText, StringConstraints(max_length=50)]


class MetricPut(Input):
    """A figure that another system knows.

    `aggregation` says what several of its observations are together: their sum (revenue), their
    mean (delivery time; weighted by n where stated) or the last of them (staff).
    """

    model_config = example(
        name={"zh-CN": "准时交付率", "en": "On-time delivery"},
        unit="%",
        direction="higher",
        aggregation="mean",
    )

    name: Localized
    unit: MetricUnit
    direction: Direction
    aggregation: Aggregation


class MetricRead(Output):
    """A metric."""

    metric: str
    name: dict[str, str]
    unit: str
    direction: Direction
    aggregation: Aggregation
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class StatedInterval(Input):
    """The interval of a stated value, as its source gives it; the value lies in it."""

    low: Figure
    high: Figure
    level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95


class ObservationPut(Input):
    """A value for the local dates from `from` up to but not including `to`.

    A value without an interval is taken for exact.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    start: LocalDate = Field(alias="from")
    end: LocalDate = Field(alias="to")
    value: Figure
    n: Count | None = None
    interval: StatedInterval | None = None
    source: ShortText
    """Where it comes from: the system and report, so that others can look."""


class ObservationsPut(Input):
    """Observations, each known by its period: sent again it is replaced, never added."""

    model_config = example(
        observations=[
            {"from": "2026-10-01", "to": "2026-11-01", "value": 96.4, "n": 812, "source": "ERP"}
        ]
    )

    observations: Annotated[list[ObservationPut], Field(min_length=1, max_length=MOST_OBSERVATIONS)]


class ObservationsResult(Output):
    """What the batch changed."""

    created: int
    updated: int
    unchanged: int


class ObservationRead(Output):
    """An observation."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    start: date = Field(alias="from")
    end: date = Field(alias="to")
    value: float
    n: int | None
    interval: KpiInterval | None
    source: str
    created_at: Timestamp
    updated_at: Timestamp


class MetricPoint(Output):
    """A unit of the calendar: the observations that lie in it, taken together."""

    period: PeriodRead
    value: float | None
    n: int | None
    interval: KpiInterval | None
    observations: int
    covered: bool
    """Whether they cover every date of it."""


class MetricTrend(Output):
    """A metric over time. Observations that reach over the end of a unit belong to none."""

    metric: str
    name: dict[str, str]
    unit: str
    direction: Direction
    aggregation: Aggregation
    period: PeriodRead
    grain: Grain
    points: list[MetricPoint]
    left_out: int
    """Observations within the period that fit no unit."""
