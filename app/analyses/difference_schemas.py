"""What is asked and answered about differences between groups, periods, and the same people."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import override

from app.analyses.schemas import (
    AnalysisHeader,
    Correction,
    Dimension,
    EvidenceRead,
    Item,
    ResponseChoice,
    ResponseFilter,
)
from app.fields import Input, LocalDate, Output
from app.kpis.period_schemas import PeriodRead
from app.kpis.schemas import GroupVerdict, KpiInterval

Measure = Literal["mean", "top_box", "ranks", "distribution"]
PairedMeasure = Literal["mean", "top_box", "ranks"]
Reason = Literal["too_few_groups", "too_few_answers", "no_spread"]
_Member = Annotated[str, Field(max_length=200)]


class Span(Input):
    """Local dates, from the first up to but not including the last."""

    start: LocalDate = Field(alias="from")
    end: LocalDate = Field(alias="to")


class ByDimension(Input):
    """Groups are the members of a dimension."""

    kind: Literal["dimension"]
    dimension: Dimension
    members: Annotated[list[_Member], Field(min_length=2, max_length=20)] | None = None
    """Only these; '' are those that have none. The 20 largest if absent."""


class ByQuestion(Input):
    """Groups are the choices of another question: one choice, or yes and no."""

    kind: Literal["question"]
    question: Item
    members: Annotated[list[_Member], Field(min_length=2, max_length=20)] | None = None
    """Only these choices. The 20 largest if absent."""


class ByPeriod(Input):
    """Groups are periods, which replace that of the request and may not overlap."""

    kind: Literal["period"]
    periods: Annotated[list[Span], Field(min_length=2, max_length=12)]


class DifferenceRequest(ResponseChoice):
    """An item, what is compared of it, and between whom."""

    item: Item
    measure: Measure = "mean"
    """`mean`: Welch; `top_box`: shares of the best points (Newcombe); `ranks`: Mann-Whitney and
    Kruskal-Wallis; `distribution`: chi-square, also of choices."""
    by: Annotated[ByDimension | ByQuestion | ByPeriod, Field(discriminator="kind")]
    correction: Correction = "holm"
    """How p-values of all pairs are adjusted: Holm, or Benjamini and Hochberg (`bh`)."""


class DifferenceGroup(Output):
    """One group; null below the smallest cell."""

    member: str
    n: int | None
    value: float | None
    """The mean, the share of the best points, or the median; null for distributions."""
    interval: KpiInterval | None
    standard_deviation: float | None
    suppressed: bool


class DifferencePair(Output):
    """`first` minus `second`, tested; the verdict follows the adjusted p."""

    first: str
    second: str
    n_first: int
    n_second: int
    evidence: EvidenceRead
    p_adjusted: float
    verdict: GroupVerdict | None
    """Null where the test has no direction."""


class DifferenceRead(AnalysisHeader):
    """The groups, whether they differ at all, and which pairs do."""

    item: str
    measure: Measure
    correction: Correction
    groups: list[DifferenceGroup]
    overall: EvidenceRead | None
    """The test of all groups together; null for two groups, and where there is nothing to
    test. Its effect has no interval: those stand with the pairs."""
    pairs: list[DifferencePair]
    reason: Reason | None
    """Why nothing was tested."""


class BeforeAfterRequest(ResponseFilter):
    """The same customers before and after: the latest answer of each in both periods."""

    item: Item
    measure: PairedMeasure = "mean"
    """`mean`: paired t; `ranks`: Wilcoxon's signed ranks; `top_box`: McNemar."""
    before: Span
    after: Span

    @override
    def span(self) -> tuple[date | None, date | None]:
        """From the first day before to the last day after."""
        return self.before.start, self.after.end


class PairedMoment(Output):
    """One side of the pairs."""

    period: PeriodRead
    mean: float
    top_box: float | None


class BeforeAfterRead(AnalysisHeader):
    """Changes of customers who answered in both periods; null below the smallest cell.

    `n` are the pairs; `only_before` and `only_after` are customers without a partner, who are in
    no figure. Responses without a customer cannot be paired.
    """

    item: str
    measure: PairedMeasure
    n: int | None
    only_before: int | None
    only_after: int | None
    risen: int | None
    unchanged: int | None
    fallen: int | None
    before: PairedMoment | None
    after: PairedMoment | None
    evidence: EvidenceRead | None
    verdict: Literal["risen", "fallen", "no_evidence_of_change", "too_few"] | None
    suppressed: bool
    reason: Reason | None
