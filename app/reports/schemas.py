"""What clients send and see of report definitions and reports."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.customers.schemas import Email
from app.fields import Code, Input, LocalDate, Output, ShortText, Timestamp, example
from app.kpis.calendar_units import Grain
from app.kpis.schemas import BilingualText
from app.reports.figures import ReportFigures
from app.targets.schemas import FigureScope

ReportLanguage = Literal["zh-CN", "en"]
ReportFormat = Literal["html", "pdf"]
_Languages = Annotated[list[ReportLanguage], Field(min_length=1, max_length=2)]


def _both() -> list[ReportLanguage]:
    return ["zh-CN", "en"]


class BilingualTitle(Input):
    """A title in both languages."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    zh_cn: ShortText = Field(alias="zh-CN")
    en: ShortText


class ReportSectionPut(Input):
    """One KPI of a report: what it is asked, and what is drawn beside its figure."""

    kpi: Code
    title: BilingualTitle | None = None
    """Stands over the section; the KPI's own name if absent."""
    scope: FigureScope = FigureScope()
    trend: Annotated[int, Field(ge=0, le=60)] = 12
    """How many periods the trend shows, this one included; 0 for none."""
    compare_by: Annotated[list[Code], Field(max_length=5)] = Field(default_factory=list)
    """Dimensions whose groups are compared."""
    distribution: bool = False


class ReportSchedule(Input):
    """When the report of a period is made: on a day after its last one, at a local hour."""

    hour: Annotated[int, Field(ge=0, le=23)]
    days_after: Annotated[int, Field(ge=0, le=27)] = 0
    """Whole days to wait after the day that follows the period: time for what arrives late."""


class ReportRecipient(Input):
    """Who is mailed each scheduled report, in which language."""

    to: Email
    language: ReportLanguage = "zh-CN"
    """The report's first, if it is not made in this one."""


class ReportDefinitionPut(Input):
    """What a report holds, for which periods, in which languages, when, and who receives it."""

    model_config = example(
        title={"zh-CN": "客服月报", "en": "Call centre, monthly"},
        period="month",
        sections=[
            {"kpi": "nps", "compare_by": ["channel"], "distribution": True},
            {"kpi": "complaint-rate", "trend": 6},
        ],
        schedule={"hour": 8, "days_after": 1},
    )

    title: BilingualTitle
    period: Grain
    """The unit of the calendar that a report covers: the last complete one, in the workspace's
    time zone."""
    sections: Annotated[list[ReportSectionPut], Field(min_length=1, max_length=50)]
    scorecard: Code | None = None
    """A scorecard whose result for the period stands before the KPIs."""
    languages: _Languages = Field(default_factory=_both)
    schedule: ReportSchedule | None = None
    """Null for reports on demand only."""
    recipients: Annotated[list[ReportRecipient], Field(max_length=50)] = Field(default_factory=list)
    """Who is mailed the scheduled reports."""


class ReportDefinitionRead(Output):
    """A report definition."""

    name: str
    title: BilingualTitle
    period: Grain
    sections: list[ReportSectionPut]
    scorecard: str | None
    languages: list[ReportLanguage]
    schedule: ReportSchedule | None
    recipients: list[ReportRecipient]
    next_run_at: Timestamp | None
    """When the next scheduled report is made."""
    built_in: bool
    """Ready from the start; putting one of its name takes its place."""
    revision: int
    created_at: Timestamp | None
    updated_at: Timestamp | None


class ReportCreate(Input):
    """A report on demand: of the last complete period, or of the dates that are given."""

    model_config = example(definition="monthly-service")

    definition: Code = "monthly-service"
    from_: LocalDate | None = Field(default=None, alias="from")
    """First local date; together with `to`."""
    to: LocalDate | None = None
    """The local date after the last."""
    languages: _Languages | None = None
    """Those of the definition if absent."""


class ReportPeriod(Output):
    """Local dates, from the first up to but not including the last, in an IANA time zone."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    start: date = Field(alias="from")
    end: date = Field(alias="to")
    tz: str
    unit: Grain
    """The unit of the calendar of its definition."""


class ReportDocumentRead(Output):
    """A document of a report: how to ask for it, and how large it is."""

    format: ReportFormat
    language: ReportLanguage
    size_bytes: int
    path: str


class ReportDeliveryRead(Output):
    """A mail with the report to one receiver."""

    to: str
    language: ReportLanguage
    status: Literal["pending", "sent", "failed"]
    error: str | None
    """Why the last attempt failed: `mail_not_configured`, `smtp_<code>` or the kind of error."""
    finished_at: Timestamp | None


class ReportSummary(Output):
    """A report without its figures."""

    id: UUID
    definition: str
    title: BilingualText
    period: ReportPeriod
    trigger: Literal["scheduled", "on_demand"]
    status: Literal["queued", "ready", "failed"]
    problem: str | None
    """The code of the problem that it failed with."""
    languages: list[ReportLanguage]
    documents: list[ReportDocumentRead]
    """Empty until it is ready. Without the parts that print, there are pages and no PDF."""
    revision: int
    created_at: Timestamp
    finished_at: Timestamp | None


class ReportRead(ReportSummary):
    """A report with its figures, as they were when it was made."""

    deliveries: list[ReportDeliveryRead]
    figures: ReportFigures | None
