"""What every analysis is asked and answers: its responses, its tests, its effects."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import override

from app.analyses.evidence import Effect, Evidence
from app.fields import Input, LocalDate, Output, Timestamp, TimeZone, storable
from app.kpis import envelopes
from app.kpis.period_schemas import PeriodRead
from app.kpis.schemas import KpiInterval
from app.kpis.statistics import DEFAULT_LEVEL

Dedupe = Literal["none", "latest_per_customer"]
Correction = Literal["holm", "bh"]
Kind = Literal["exact", "estimated"]

#: A question's key, or `<key>.<row>` for a row of a matrix.
Item = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-.]{0,128}$")]
_Value = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
Dimension = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(storable)]


class ResponseFilter(Input):
    """Which responses are analysed, whatever their time."""

    survey: Annotated[UUID, Field(strict=False)]
    tz: TimeZone | None = None
    """IANA time zone of the local dates; the workspace's if absent."""
    filters: Annotated[
        dict[Dimension, Annotated[list[_Value], Field(min_length=1, max_length=50)]],
        Field(max_length=10),
    ] = Field(default_factory=dict)
    """By dimension the values that pass; an empty text selects what has none."""
    quality: Literal["all", "clean"] = "all"
    """`clean` leaves flagged responses out."""
    level: Annotated[float, Field(ge=0.8, le=0.999)] = DEFAULT_LEVEL
    """Confidence level of the intervals."""

    def span(self) -> tuple[date | None, date | None]:
        """The first local date and the one after the last, where the request says so."""
        return None, None

    def each(self) -> Dedupe:
        """Whether a customer counts once."""
        return "latest_per_customer"


class ResponseChoice(ResponseFilter):
    """The responses of one period that are analysed."""

    start: LocalDate | None = Field(
        None, alias="from", description="First local date; 30 days before `to` if absent."
    )
    end: LocalDate | None = Field(
        None, alias="to", description="The local date after the last; tomorrow if absent."
    )
    dedupe: Dedupe = "none"
    """`latest_per_customer` takes one response of each customer, the latest of the period."""

    @override
    def span(self) -> tuple[date | None, date | None]:
        """As the request says."""
        return self.start, self.end

    @override
    def each(self) -> Dedupe:
        """As the request says."""
        return self.dedupe


class AnalysisHeader(Output):
    """What every analysis begins with."""

    analysis: str
    survey: UUID
    period: PeriodRead
    filters: dict[str, list[str]]
    quality: Literal["all", "clean"]
    dedupe: Dedupe
    kind: Kind
    model_run: UUID | None
    """The run that estimated it; null for what was counted."""
    clustered: bool
    """Whether some customer answered more than once: intervals and p-values take responses for
    independent, and `dedupe` makes them so."""
    as_of: Timestamp
    warnings: list[str]


class EffectRead(Output):
    """How large a difference or a relation is; null limits where none are defined."""

    name: str
    value: float
    interval: KpiInterval | None


class EvidenceRead(Output):
    """A test with its two-sided p-value and its effects, the main one first."""

    test: str
    statistic: float | None
    degrees_of_freedom: list[float]
    p: float
    effects: list[EffectRead]


def evidence_read(evidence: Evidence | None) -> EvidenceRead | None:
    """The evidence as it is answered."""
    if evidence is None:
        return None
    return EvidenceRead(
        test=evidence.test,
        statistic=evidence.statistic,
        degrees_of_freedom=list(evidence.df),
        p=evidence.p,
        effects=[_effect(each) for each in evidence.effects],
    )


def _effect(effect: Effect) -> EffectRead:
    return EffectRead(
        name=effect.name, value=effect.value, interval=envelopes.interval(effect.interval)
    )
