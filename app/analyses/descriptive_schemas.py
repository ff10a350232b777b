"""What is asked and answered about single items."""

from typing import Annotated

from pydantic import Field

from app.analyses.schemas import AnalysisHeader, Item, ResponseChoice
from app.fields import Output
from app.kpis.declaration import Reason
from app.kpis.schemas import KpiInterval


class DescriptiveRequest(ResponseChoice):
    """The items to describe: scales, rows of a matrix, numbers, choices."""

    items: Annotated[list[Item], Field(min_length=1, max_length=50)]


class CodeShare(Output):
    """How often a code was given, of all that answered; null below the smallest cell."""

    code: str
    labels: dict[str, str]
    n: int | None
    share: float | None
    interval: KpiInterval | None


class BoxShare(Output):
    """The share of the best points; null where the scale names none."""

    n: int
    share: float
    interval: KpiInterval


class ItemSummary(Output):
    """One item. Moments and quartiles are of numbers; choices have shares alone.

    Quartiles are interpolated (type 7), the skewness is G1, the interval of the mean is
    Student's; shares have Wilson's.
    """

    item: str
    type: str
    n: int | None
    mean: float | None
    interval: KpiInterval | None
    standard_deviation: float | None
    minimum: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    maximum: float | None
    skewness: float | None
    top_box: BoxShare | None
    shares: list[CodeShare]
    excluded: dict[str, int]
    suppressed: bool
    reason: Reason | None


class DescriptiveRead(AnalysisHeader):
    """Each item on its own."""

    items: list[ItemSummary]
