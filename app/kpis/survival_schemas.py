"""What is asked and answered about survival curves."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from app.fields import Input, LocalDate, Output, TimeZone, storable
from app.kpis.period_schemas import KpiPeriod
from app.kpis.schemas import KpiHeader
from app.kpis.statistics import DEFAULT_LEVEL
from app.kpis.survival import Band
from app.kpis.survival_lives import Event

_Value = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
_Values = Annotated[list[_Value], Field(max_length=50)]


class SurvivalQuery(Input):
    """The query parameters of the curve. They are text, so numbers are read from it."""

    model_config = ConfigDict(strict=False)

    start: LocalDate | None = Field(
        None,
        alias="from",
        description="First local date of the observation: who bought before it enters late. "
        "If absent, everybody is watched from the first purchase on.",
    )
    end: LocalDate | None = Field(
        None, alias="to", description="The local date after the last; tomorrow if absent."
    )
    tz: TimeZone | None = Field(
        None, description="IANA time zone of the local dates; the workspace's if absent."
    )
    event: Event = Field(
        "second_purchase",
        description="What time runs to: the second purchase, or the first silence of "
        "`window_days` after a purchase.",
    )
    window_days: int = Field(
        90, ge=1, le=3_650, description="Local days without a purchase that are a silence."
    )
    band: Band = Field("log-log", description="How the confidence band is formed.")
    group_by: Literal["segment", "channel", "key_account_type"] | None = Field(
        None, description="A curve for each member of this dimension, and a test between them."
    )
    level: float = Field(
        DEFAULT_LEVEL, ge=0.8, le=0.999, description="Confidence level of the band."
    )
    segment: _Values | None = Field(None, description="Only this segment; repeat it for several.")
    channel: _Values | None = Field(
        None, description="Only this channel of acquisition; repeat it for several."
    )
    filter: _Values | None = Field(
        None, description="`key_account_type:<value>`; an empty value selects what has none."
    )


@dataclass(slots=True)
class SurvivalPoint:
    """The curve from time `t` on, in days; there is a point wherever something happened."""

    # No model: an answer has thousands of points, and checking each takes longer than its curve.
    t: int
    at_risk: int
    events: int
    s: float
    low: Annotated[
        float | None, Field(description="Null at S = 0, of which the band says nothing.")
    ]
    high: float | None


class SurvivalGroup(Output):
    """The curve of one group; the member '' is everybody, or those who have no value."""

    member: str
    n: int
    """Customers who were watched."""
    events: int
    censored: int
    late: int
    """How many entered late, being customers before the observation began."""
    suppressed: bool
    median: int | None
    """The first time at which S is at most a half; null if it never is."""
    median_low: int | None
    median_high: int | None
    curve: list[SurvivalPoint]


class SurvivalTest(Output):
    """Whether the groups may have one curve in common."""

    test: Literal["log_rank"]
    statistic: float
    df: int
    p: float


class SurvivalCurves(KpiHeader):
    """How long customers stay, or take to return."""

    period: KpiPeriod
    event: Event
    window_days: int
    band: Band
    unit_of_time: Literal["day"]
    group_by: str | None
    groups: list[SurvivalGroup]
    log_rank: SurvivalTest | None
    """Null without groups, where fewer than two may be told, or where nothing can differ."""
