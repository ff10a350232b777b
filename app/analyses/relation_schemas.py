"""What is asked and answered about items together: correlations, gaps, the loyalty matrix."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.analyses.schemas import AnalysisHeader, Correction, EvidenceRead, Item, ResponseChoice
from app.fields import Code, Input, Output, Timestamp
from app.kpis.schemas import KpiInterval

Coefficient = Literal["pearson", "spearman", "kendall"]
Missing = Literal["pairwise", "listwise"]
Level = Literal["high", "indifferent", "low"]
Zone = Literal["loyalist", "mercenary", "hostage", "defector"]
_Points = Annotated[list[int], Field(min_length=1, max_length=100)]


def _pearson() -> list[Coefficient]:
    return ["pearson"]


class CorrelationRequest(ResponseChoice):
    """The items, and how their relations are measured."""

    items: Annotated[list[Item], Field(min_length=2, max_length=12)]
    coefficients: Annotated[list[Coefficient], Field(min_length=1, max_length=3)] = Field(
        default_factory=_pearson
    )
    missing: Missing = "pairwise"
    """`pairwise`: each pair of its own responses; `listwise`: only responses with all items."""
    correction: Correction = "holm"
    """How p-values of all pairs are adjusted, for each coefficient by itself."""


class CorrelationEvidence(Output):
    """One coefficient of a pair."""

    evidence: EvidenceRead
    p_adjusted: float


class CorrelationPair(Output):
    """Two items; without coefficients below four pairs, where one does not vary, or withheld."""

    first: str
    second: str
    n: int | None
    coefficients: list[CorrelationEvidence]
    suppressed: bool


class CorrelationRead(AnalysisHeader):
    """Every pair of items."""

    missing: Missing
    correction: Correction
    pairs: list[CorrelationPair]


class GapItem(Input):
    """What was expected, and what was found: two items on the scale that all share."""

    expectation: Item
    perception: Item
    dimension: Code | None = None
    """All items name one, or none does."""


class ExpectationRequest(ResponseChoice):
    """Pairs of items."""

    items: Annotated[list[GapItem], Field(min_length=1, max_length=50)]


class GapFigure(Output):
    """The mean of perception less expectation in points, with the paired t test.

    Where the low end of the scale is the good one, it is expectation less perception.
    `n` are those who answered both sides of every item in it; null where it is withheld.
    """

    n: int | None
    gap: float | None
    standard_deviation: float | None
    evidence: EvidenceRead | None
    suppressed: bool


class ItemGap(GapFigure):
    """The gap of one item."""

    expectation: str
    perception: str
    dimension: str | None
    expectation_mean: float | None
    perception_mean: float | None


class DimensionGap(GapFigure):
    """The gap of a dimension: each respondent's mean over its items."""

    dimension: str
    items: int


class ExpectationRead(AnalysisHeader):
    """Gaps of items, of dimensions, and over all dimensions alike (or all items)."""

    items: list[ItemGap]
    dimensions: list[DimensionGap]
    overall: GapFigure


class Axis(Input):
    """One side of the matrix: a question, and which of its points are high and low."""

    item: Item
    high: _Points | None = None
    """The best points of the scale if absent."""
    low: _Points | None = None
    """For three zones; of an NPS question the detractors if absent."""


class LoyaltyRequest(ResponseChoice):
    """Satisfaction against loyalty."""

    satisfaction: Axis
    loyalty: Axis
    zones: Literal[2, 3] = 2
    """Two: high or not. Three: high, low, and a zone of indifference between."""


class LoyaltyCell(Output):
    """One cell of the matrix; null where it is withheld."""

    satisfaction: Level
    loyalty: Level
    zone: Zone | None
    """Null in the zone of indifference."""
    n: int | None
    share: float | None
    interval: KpiInterval | None
    suppressed: bool


class AxisCuts(Output):
    """Which points were taken for what."""

    item: str
    high: list[int]
    low: list[int]


class LoyaltyRead(AnalysisHeader):
    """The cells of the matrix; `n` answered both."""

    satisfaction: AxisCuts
    loyalty: AxisCuts
    n: int | None
    cells: list[LoyaltyCell]


class LoyaltyPlace(Input):
    """One cell of the matrix."""

    satisfaction: Level
    loyalty: Level


class LoyaltyCustomersRequest(LoyaltyRequest):
    """The cell whose customers are listed."""

    cell: LoyaltyPlace


class LoyaltyCustomer(Output):
    """A customer in the cell, by the latest response that lies there."""

    customer: str
    response: UUID
    occurred_at: Timestamp
