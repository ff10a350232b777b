"""What is asked and answered about how a survey was answered."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.fields import Input, LocalDate, Output, Timestamp, TimeZone
from app.kpis.period_schemas import PeriodRead
from app.kpis.schemas import KpiDefinition, KpiFigure, KpiInterval
from app.kpis.statistics import DEFAULT_LEVEL, Direction


class QualityQuery(Input):
    """The query parameters. They are text, so numbers are read from it."""

    model_config = ConfigDict(strict=False)

    start: LocalDate | None = Field(
        None, alias="from", description="First local date; 30 days before `to` if absent."
    )
    end: LocalDate | None = Field(
        None, alias="to", description="The local date after the last; tomorrow if absent."
    )
    tz: TimeZone | None = Field(
        None, description="IANA time zone of the local dates; the workspace's if absent."
    )
    level: float = Field(
        DEFAULT_LEVEL, ge=0.8, le=0.999, description="Confidence level of the intervals."
    )
    fast: float = Field(
        1 / 3,
        gt=0,
        lt=1,
        description="A complete response that took less than this part of the median of its "
        "version was fast.",
    )


class SignRead(Output):
    """How many of those that could show it show a sign of careless answering."""

    sign: str
    """`speeder`, `longstring`, `low_variation`, `attention_check`, `clock_drift`,
    `implausible_time` as flagged on arrival; `fast` beside the median; `repeated`: another one of
    a customer who is counted already."""
    name: str
    meaning: str
    n: int
    of: int
    share: float | None
    """Null where nobody could show it."""
    interval: KpiInterval | None
    doubtful: bool
    """Whether it makes a response `flagged`, which `quality=clean` leaves out."""


class MissingRead(Output):
    """How often a question (or a row of a matrix) was shown and left open."""

    question: str
    skipped: int
    answered: int
    share: float


class FigureRead(Output):
    """A KPI of the survey with and without what is flagged.

    The two share most of their answers, so their difference has no test of two samples.
    """

    kpi: str
    name: str
    direction: Direction
    all: KpiFigure
    clean: KpiFigure
    difference: float | None
    """Clean less all; null without either."""


class ResponseQualityRead(Output):
    """How a survey was answered in a period."""

    definition: KpiDefinition
    survey: UUID
    period: PeriodRead
    n: int
    """Responses that count: neither dismissed nor trials, invalid ones or duplicates."""
    flagged: int
    excluded: dict[str, int]
    """What does not count, by reason."""
    signs: list[SignRead]
    missing: float | None
    """Of all questions that were shown, the share that was left open."""
    questions: list[MissingRead]
    """Those most often left open first."""
    figures: list[FigureRead]
    as_of: Timestamp
