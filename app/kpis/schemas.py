"""What is answered about KPIs: the catalogue, the envelope, trends, comparisons, counts."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.fields import Output, Timestamp, example
from app.kpis.calendar_units import Grain
from app.kpis.declaration import Dedupe, Family, Reason, Unit
from app.kpis.examples import NPS
from app.kpis.group_schemas import KpiEffect, KpiOverall
from app.kpis.period_schemas import KpiPeriod
from app.kpis.statistics import ChangeVerdict, Correction, Direction, TargetVerdict
from app.kpis.trend_schemas import KpiControl, KpiControlPoint, KpiDirection
from app.kpis.weight_schemas import KpiWeighting, KpiWeights

Number = int | float
GroupVerdict = Literal["higher", "lower", "no_evidence_of_difference", "too_few"]


class BilingualText(Output):
    """One text in both languages."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    zh_cn: str = Field(alias="zh-CN")
    en: str


class KpiOption(Output):
    """A query parameter that only this KPI takes; without `values`, a whole number in a range."""

    name: str
    description: BilingualText
    values: list[str]
    default: str
    minimum: int | None
    maximum: int | None


class KpiPaths(Output):
    """Where the KPI is asked for; null where it has no such view."""

    value: str
    trend: str
    compare: str
    distribution: str | None


class KpiRead(Output):
    """A KPI of the catalogue: what it measures and how it is computed."""

    id: str
    version: int
    family: Family
    name: BilingualText
    formula: BilingualText
    numerator: BilingualText
    denominator: BilingualText
    unit: Unit
    direction: Direction
    interval_method: str | None
    """Null for a figure that is a count of everything, which has no interval."""
    dimensions: list[str]
    """What it is filtered and grouped by; `*` stands for the workspace's own dimensions."""
    options: list[KpiOption]
    takes_survey: bool
    takes_question: bool
    takes_weighting: bool
    """Whether its answers may be weighed by a scheme."""
    paths: KpiPaths


class KpiDefinition(Output):
    """The formula that the figure was computed with, in the reader's language."""

    version: int
    name: str
    formula: str


class KpiScope(Output):
    """What the figure was asked of."""

    survey: UUID | None
    """The survey, where exactly one was named."""
    surveys: list[UUID]
    """All that were named; empty for every survey."""
    question: str | None
    filters: dict[str, list[str]]
    quality: Literal["all", "clean"]
    dedupe: Dedupe
    clustered: bool
    """Whether intervals and tests take the answers of one customer to be alike."""
    weighting: KpiWeighting | None
    options: dict[str, str]


class KpiInterval(Output):
    """A two-sided confidence interval."""

    level: float
    low: float
    high: float
    method: str


class KpiPrevious(Output):
    """The earlier period and what the change shows.

    `interval` and `p` are of the difference; null where there is nothing to test.
    """

    period: KpiPeriod
    value: float | None
    n: int
    n_effective: float
    difference: float | None
    interval: KpiInterval | None
    p: float | None
    test: str | None
    verdict: ChangeVerdict | None
    """Null for a figure without an interval: a count is what it is."""


class KpiTarget(Output):
    """The goal in effect for this KPI, scope and period, and whether the whole interval meets it.

    `attainment` is the part of the way from floor to value, in [0, 1.2]; null where nothing says
    where the way begins. `at_risk`: not missed by the interval, but by the figure itself.
    """

    target: str
    value: float
    direction: Direction
    floor: float | None
    stretch: float | None
    attainment: float | None
    verdict: TargetVerdict
    at_risk: bool


class KpiPart(Output):
    """A part of a figure, with all that it takes to judge it."""

    value: float | None
    unit: Unit
    direction: Direction
    n: int
    n_effective: float
    """As many independent answers, all of one weight, would tell as much."""
    numerator: dict[str, Number]
    denominator: dict[str, Number]
    excluded: dict[str, int]
    interval: KpiInterval | None
    currency: str | None
    reason: Reason | None


class KpiComponent(KpiPart):
    """A part of a figure that may have parts of its own."""

    components: dict[str, KpiPart]


class KpiSource(Output):
    """A statement from outside the service that a figure rests on."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    name: str
    start: date = Field(alias="from")
    end: date = Field(alias="to")
    stated_on: date | None
    error_margin: float | None
    """What it says of its own precision, as a share either way."""


class KpiFigure(Output):
    """A figure with what was counted and what was left out.

    A figure that would tell of fewer than the workspace's `minimum_cell_size` is `suppressed`:
    its value and `n` are null, and nothing was counted.
    """

    value: float | None
    n: int | None
    n_effective: float | None
    """As many independent answers, all of one weight, would tell as much; null as `n` is."""
    weights: KpiWeights | None
    """Of a weighted figure, whose numerators and denominators are sums of weights."""
    numerator: dict[str, Number]
    denominator: dict[str, Number]
    excluded: dict[str, int]
    interval: KpiInterval | None
    currency: str | None
    components: dict[str, KpiComponent]
    suppressed: bool
    reason: Reason | None
    """Why there is no value."""
    warnings: list[str]
    sources: list[KpiSource]
    """Statements from outside that the figure rests on; empty for what was counted here."""


class KpiHeader(Output):
    """What every answer about a KPI begins with."""

    kpi: str
    definition: KpiDefinition
    scope: KpiScope
    unit: Unit
    direction: Direction
    kind: Literal["exact", "estimated"]
    model_run: str | None
    as_of: Timestamp
    """The instant of the answer, and its watermark: all that was committed before is counted."""


class KpiEnvelope(KpiFigure, KpiHeader):
    """One KPI for one period."""

    model_config = example(**NPS)

    period: KpiPeriod
    previous: KpiPrevious | None
    target: KpiTarget | None


class KpiPoint(KpiFigure):
    """One point of a trend.

    `smoothed` is the rolling mean that ends here, `control` its place on the control chart, both
    where they were asked for and the point is complete.
    """

    period: KpiPeriod
    model_run: str | None
    """The run that estimated this point; each is estimated by the newest of its time."""
    smoothed: float | None
    control: KpiControlPoint | None


class KpiTrend(KpiHeader):
    """A KPI over time: one point for each unit of the calendar, oldest first, none left out."""

    period: KpiPeriod
    grain: Grain
    points: list[KpiPoint]
    trend: KpiDirection
    """Which way the complete points go."""
    control: KpiControl | None
    smoothing: int | None
    """Over how many points the rolling mean goes."""
    warnings: list[str]


class KpiGroup(KpiFigure):
    """A KPI for one group; the member '' are those that have no value in the dimension."""

    member: str


class KpiPair(Output):
    """Two groups: `first` minus `second`, tested.

    The interval is of this pair alone; `p_adjusted` holds for all pairs together (by the
    comparison's `correction`), and the verdict follows it.
    """

    first: str
    second: str
    difference: float
    interval: KpiInterval
    p: float
    p_adjusted: float
    test: str
    effect: KpiEffect | None
    verdict: GroupVerdict


class KpiComparison(KpiHeader):
    """A KPI by the members of a dimension, largest group first; whether they differ, and which."""

    period: KpiPeriod
    group_by: str
    groups: list[KpiGroup]
    overall: KpiOverall | None
    """Null where nothing can be tested."""
    correction: Correction
    pairwise: list[KpiPair]
    warnings: list[str]


class KpiCount(Output):
    """How often a code was given. `share` is of those that count; null for what was left out.

    Of weighted answers `n` is how many they are and `share` the weighted one.
    """

    code: str
    labels: dict[str, str]
    """What the code says, by language, where one question was counted."""
    n: int
    counted: bool
    share: float | None


class KpiDistribution(KpiHeader):
    """The counts behind a KPI, those that were left out of it too."""

    period: KpiPeriod
    n: int | None
    """Null where the counts would tell of too few."""
    counts: list[KpiCount]
    reason: Reason | None
    warnings: list[str]
