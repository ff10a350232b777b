"""What clients send and see of scorecards."""

from typing import Annotated, Literal

from pydantic import Field

from app.fields import Code, Currency, Input, Localized, Output, Timestamp, example
from app.kpis.period_schemas import PeriodRead
from app.kpis.schemas import BilingualText, KpiInterval
from app.kpis.statistics import TargetVerdict
from app.targets.attainment import Direction
from app.targets.schemas import FigureScope, FigureScopeRead, Goal

PerspectiveName = Literal["financial", "customer", "internal_process", "learning_growth"]
#: What a part weighs beside the others; only their proportions count.
Weight = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]


class IndicatorPut(Input):
    """What both kinds of indicators have."""

    key: Code
    name: Localized | None = None
    """The KPI's or the metric's own name if absent."""
    weight: Weight = 1.0
    target: Goal
    """With a `floor` wherever 0 is not the beginning: lower is better, or the target is not
    above 0."""


class KpiIndicatorPut(IndicatorPut):
    """A KPI in a scope of its own."""

    source: Literal["kpi"]
    kpi: Code
    scope: FigureScope = FigureScope()
    currency: Currency | None = None
    """Of a KPI that is an amount of money."""


class MetricIndicatorPut(IndicatorPut):
    """A metric from elsewhere."""

    source: Literal["metric"]
    metric: Code


class PerspectivePut(Input):
    """One of the four perspectives with its indicators."""

    perspective: PerspectiveName
    weight: Weight = 1.0
    indicators: Annotated[
        list[Annotated[KpiIndicatorPut | MetricIndicatorPut, Field(discriminator="source")]],
        Field(min_length=1, max_length=25),
    ]


class ScorecardPut(Input):
    """A balanced scorecard; each perspective stands at most once."""

    model_config = example(
        title={"zh-CN": "2026 年平衡计分卡", "en": "Balanced scorecard 2026"},
        perspectives=[
            {
                "perspective": "customer",
                "weight": 2,
                "indicators": [
                    {"source": "kpi", "key": "nps", "kpi": "nps", "target": {"value": 0.3}}
                ],
            },
            {
                "perspective": "internal_process",
                "indicators": [
                    {
                        "source": "kpi",
                        "key": "complaints",
                        "kpi": "complaint-rate",
                        "target": {"value": 5, "floor": 20},
                    }
                ],
            },
        ],
    )

    title: Localized
    perspectives: Annotated[list[PerspectivePut], Field(min_length=1, max_length=4)]


class GoalRead(Output):
    """A number to reach."""

    value: float
    direction: Direction
    floor: float | None
    stretch: float | None


class IndicatorRead(Output):
    """An indicator; `kpi` with `scope`, or `metric`, says where its figure comes from."""

    key: str
    source: Literal["kpi", "metric"]
    kpi: str | None
    scope: FigureScopeRead | None
    currency: str | None
    metric: str | None
    name: dict[str, str] | None
    weight: float
    target: GoalRead


class PerspectiveRead(Output):
    """A perspective."""

    perspective: PerspectiveName
    weight: float
    indicators: list[IndicatorRead]


class ScorecardRead(Output):
    """A scorecard."""

    scorecard: str
    title: dict[str, str]
    perspectives: list[PerspectiveRead]
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class AttainmentRange(Output):
    """Attainments at the ends of the intervals of all figures at once."""

    low: float
    high: float


class IndicatorResult(Output):
    """A figure, how much of its goal it attains, and what may be said about that."""

    key: str
    source: Literal["kpi", "metric"]
    kpi: str | None
    metric: str | None
    name: dict[str, str]
    unit: str
    weight: float
    share: float
    """What it weighs in the whole scorecard."""
    value: float | None
    n: int | None
    interval: KpiInterval | None
    currency: str | None
    kind: Literal["exact", "estimated", "external"]
    model_run: str | None
    reason: str | None
    """Why there is no value."""
    warnings: list[str]
    target: GoalRead
    attainment: float | None
    attainment_range: AttainmentRange | None
    verdict: TargetVerdict
    at_risk: bool
    """Not missed by the interval, but by the figure itself."""
    stretched: bool
    """Whether the figure itself reaches the stretch goal."""
    text: BilingualText


class ScoreRead(Output):
    """The weighted mean of attainments over what is known.

    `coverage` is the share of the weights that it stands on: what is missing is not scored 0.
    `met` and `missed` need the whole `range` on one side of 1.
    """

    score: float | None
    range: AttainmentRange | None
    coverage: float
    verdict: TargetVerdict
    text: BilingualText


class PerspectiveResult(ScoreRead):
    """A perspective with its indicators."""

    perspective: PerspectiveName
    name: BilingualText
    weight: float
    indicators: list[IndicatorResult]


class ScorecardResult(ScoreRead):
    """A scorecard for a period."""

    scorecard: str
    title: dict[str, str]
    period: PeriodRead
    perspectives: list[PerspectiveResult]
    as_of: Timestamp
