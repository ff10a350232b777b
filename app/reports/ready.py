"""The report that is there from the start: a month of service on a few pages."""

from app.reports.schemas import BilingualTitle, ReportDefinitionPut, ReportSectionPut

NAME = "monthly-service"


def _of(kpi: str, *compare_by: str, distribution: bool = False) -> ReportSectionPut:
    return ReportSectionPut(kpi=kpi, compare_by=list(compare_by), distribution=distribution)


MONTHLY_SERVICE = ReportDefinitionPut(
    title=BilingualTitle(zh_cn="客户服务月报", en="Monthly service report"),
    period="month",
    sections=[
        _of("satisfaction", "channel", distribution=True),
        _of("nps", "channel", "segment", distribution=True),
        _of("csat", "channel", distribution=True),
        _of("ces", distribution=True),
        _of("responses", "channel", distribution=True),
        _of("complaint-rate", "category"),
        _of("retention", "segment"),
        _of("repeat-purchase-rate", "segment"),
        _of("acquisition", "channel"),
        _of("lifetime-value", "segment"),
    ],
)
