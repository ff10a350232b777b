"""What is asked and answered about importance and performance."""

from typing import Annotated, Literal

from pydantic import Field

from app.analyses.quadrants import Crosshair, Quadrant
from app.analyses.schemas import AnalysisHeader, Item, ResponseChoice
from app.fields import Input, Output
from app.kpis.schemas import KpiInterval

Where = Literal["concentrate_here", "keep_up", "possible_overkill", "low_priority", "undetermined"]
ImportanceMeasure = Literal["stated", "relative_weight", "partial_r"]
MapReason = Literal["too_few_answers"]


class StatedItem(Input):
    """How good it is, and how important people say it is: two questions."""

    performance: Item
    importance: Item


class StatedMapRequest(ResponseChoice):
    """A map of stated importance."""

    items: Annotated[list[StatedItem], Field(min_length=2, max_length=12)]
    crosshair: Crosshair = "grand_mean"


class MapDistance(Output):
    """How far from the line, and whether the interval leaves a side open."""

    value: float
    interval: KpiInterval | None


class MapPoint(Output):
    """One item of the map. Performance, and stated importance, are on 0 to 100.

    `quadrant` is `undetermined` where an interval of a distance crosses its line; `nearest` is
    where the point itself lies.
    """

    item: str
    performance: float
    importance: float
    performance_distance: MapDistance
    importance_distance: MapDistance
    quadrant: Where
    nearest: Quadrant


class MapCut(Output):
    """Where the lines are drawn."""

    performance: float
    importance: float


class ImportancePerformanceRead(AnalysisHeader):
    """The map over the `n` respondents who answered everything in it."""

    importance: ImportanceMeasure
    crosshair: Crosshair
    n: int | None
    cut: MapCut | None
    points: list[MapPoint]
    suppressed: bool
    reason: MapReason | None
