"""The figures of a report as data: what its sections asked, answered at one instant."""

from pydantic import Field

from app.fields import Output
from app.kpis.schemas import BilingualText, KpiComparison, KpiDistribution, KpiEnvelope, KpiTrend
from app.scorecards.schemas import ScorecardResult


class ReportSection(Output):
    """One KPI of a report, as its own paths answered it in one snapshot of the database."""

    kpi: str
    title: BilingualText | None
    name: BilingualText
    formula: BilingualText
    numerator: BilingualText
    denominator: BilingualText
    problem: str | None = Field(examples=["report-too-slow"])
    """The code of the problem that kept the figures from being made; null where they are there."""
    value: KpiEnvelope | None
    trend: KpiTrend | None
    comparisons: list[KpiComparison]
    distribution: KpiDistribution | None


class ReportFigures(Output):
    """Everything that the documents of a report show, unrounded."""

    workspace: str
    sections: list[ReportSection]
    scorecard: ScorecardResult | None
