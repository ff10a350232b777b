"""What a KPI is: one declaration with its formula in words, its rows, its value and its test.

The catalogue lists declarations; the service measures them for any period and group; routes,
envelopes and the reference page are made from them. Adding a KPI is adding a declaration.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.disclosure import DEFAULT_MINIMUM
from app.kpis.periods import Period
from app.kpis.statistics import DEFAULT_LEVEL, Difference, Direction, Interval
from app.problems import Text
from app.responses.cells import Count
from app.weighting.schemes import Fault, Scheme

Family = Literal["survey", "complaints", "customers"]
Unit = Literal["ratio", "points", "count", "per_thousand", "money", "months", "days"]
Dedupe = Literal["none", "latest_per_customer"]
#: What a figure is counted from: on the days of its period, but for `purchases` (and among them
#: `refunded_orders`, for refunds that count with their orders), which are those of all days before
#: its end: who is new or comes back depends on who bought before.
Ground = Literal[
    "responses",
    "complaints",
    "orders",
    "purchases",
    "refunded_orders",
    "leads",
    "acquisition_spend",
    "market_totals",
]
_GROUNDS: Mapping[Family, tuple[Ground, ...]] = {
    "survey": ("responses",),
    "complaints": ("complaints", "orders"),
    "customers": ("purchases",),
}
Reason = Literal[
    "empty_denominator",
    "no_data",
    "mixed_currencies",
    "not_defined",
    "suppressed",
    "no_spend",
    "no_market_total",
    "margin_not_given",
    "not_reached",
    "no_model_run",
    Fault,
]


@dataclass(frozen=True)
class Scope:
    """What a figure is asked of, beside its period."""

    workspace_id: UUID
    time_zone: str
    level: float = DEFAULT_LEVEL
    survey_ids: tuple[UUID, ...] | None = None
    question: str | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Dimension to the values that pass; '' is "has none"."""
    quality: Literal["all", "clean"] = "all"
    """`clean` leaves flagged responses out."""
    dedupe: Dedupe = "none"
    """`latest_per_customer`: of each customer only the latest response to a survey counts."""
    clustered: bool = False
    """Intervals and tests take the answers of one customer to be alike, not independent."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The KPI's own parameters, by name, as validated from `Kpi.options`."""
    dimensions: tuple[str, ...] = ()
    """Those that the workspace declares, in its order."""
    minimum_cell_size: int = DEFAULT_MINIMUM
    """Fewer than this are not told of one by one; 1: everything is told."""
    weighting: Scheme | None = None
    """By which answers are weighed; None: all are alike."""
    counts: Sequence[Count] | None = None
    """Every answer to the surveys in the one period that is asked about, if it was read before:
    figures of the same answers are read once."""


@dataclass(frozen=True)
class Source:
    """A statement from outside that a figure rests on, by its own words."""

    name: str
    start: date
    end: date
    """The local day after the last that it speaks of."""
    stated_on: date | None = None
    error_margin: float | None = None
    """What it says of its own precision, as a share either way."""


@dataclass(frozen=True)
class Weights:
    """What weighed the answers of a figure."""

    total: float
    """Their sum; the mean over all answers of the period that have a weight is 1."""
    design_effect: float
    """Kish's: n sum w^2 / (sum w)^2, by how much more answers tell no more than equal ones."""


@dataclass(frozen=True)
class Measurement:
    """One figure for one period and one group, with all that it takes to judge it."""

    value: float | None
    n: int
    n_effective: float | None = None
    """As many independent answers, all of one weight, would tell as much; None: as many as `n`."""
    weights: Weights | None = None
    """None where all answers are alike."""
    numerator: Mapping[str, float] = field(default_factory=dict)
    denominator: Mapping[str, float] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    interval: Interval | None = None
    reason: Reason | None = None
    warnings: tuple[str, ...] = ()
    currency: str | None = None
    components: Mapping[str, "Measurement"] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    """The distribution behind the figure, in order, by code; those beginning with `~` (as
    `~skipped`) were left out of it."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """By code the weighted share of those that count; empty where all answers are alike."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the codes of `counts` say, by language, where they mean one thing."""
    unit: Unit | None = None
    """Of a component whose unit differs from the KPI's."""
    direction: Direction | None = None
    """Of a component for which another direction is better than for the KPI."""
    sources: tuple[Source, ...] = ()
    evidence: object = None
    """What the KPI's own test needs to compare two measurements; never leaves the service."""
    tells_of: int | None = None
    """How many the figure is about, where that is not `n` (complaints over everybody's orders)."""
    model_run: str | None = None
    """The run that estimated the figure; None for one that was counted."""

    @property
    def tells_as_much_as(self) -> float:
        """The number of independent, equal answers that would tell as much."""
        return self.n if self.n_effective is None else self.n_effective

    @property
    def judged_as(self) -> float:
        """The number of answers that decides whether they are too few to say anything."""
        return min(self.n, self.tells_as_much_as)

    @property
    def estimated(self) -> bool:
        """Whether a model says it, or would if there were one."""
        return self.model_run is not None or self.reason == "no_model_run"

    @property
    def suppressed(self) -> bool:
        """Whether it was withheld because it would tell of too few: then it has nothing else."""
        return self.reason == "suppressed"


#: What stands for a figure that would tell of too few.
WITHHELD = Measurement(value=None, n=0, reason="suppressed")

#: Measures a KPI for several periods at once, split by the members of a dimension (None: '' is
#: the only group). One mapping a period, in order; groups without rows are absent. Several
#: dimensions may be joined by `*`: members are then JSON arrays, one value for each.
Measure = Callable[
    [AsyncSession, Scope, Sequence[Period], str | None],
    Awaitable[list[Mapping[str, Measurement]]],
]
#: The KPI's test of one measurement against another; None where nothing can be said.
Compare = Callable[[Measurement, Measurement, float], Difference | None]


@dataclass(frozen=True)
class Option:
    """A query parameter that only this KPI takes."""

    name: str
    description: Text
    values: tuple[str, ...] = ()
    """The values that it may have; empty for a whole number between `low` and `high`, or money."""
    default: str = ""
    low: int = 1
    high: int = 3_650
    amount: bool = False
    """Money of at least zero, which may always be left out."""


@dataclass(frozen=True)
class Kpi:
    """A declared KPI. `id` is also its path under `/v1/kpis/`."""

    id: str
    version: int
    family: Family
    name: Text
    formula: Text
    """In words and symbols, as the API and the pages show it beside the number."""
    numerator: Text
    denominator: Text
    unit: Unit
    direction: Direction
    interval: str
    """The method of the interval, or `none` for a figure that is a count of everything."""
    measure: Measure
    compare: Compare
    dimensions: tuple[str, ...]
    """What it can be filtered and grouped by; `*` stands for the workspace's own dimensions."""
    options: tuple[Option, ...] = ()
    takes_survey: bool = False
    takes_question: bool = False
    has_distribution: bool = False
    of_numerator: tuple[str, ...] = ()
    """Dimensions that select only what is counted, over the same denominator for every group."""
    counting: Measure | None = None
    """The same figures as far as they say of how many they are, where that takes less: for the
    table that decides what is withheld."""
    tells_of_people: bool = True
    """False for a figure that is stated of money alone: nobody is behind its cells."""
    joins_dimensions: bool = True
    """Whether it can be measured by several dimensions at once; if not, it is never told for a
    combination of them unless the workspace tells everything."""
    rests_on: tuple[Ground, ...] = ()
    """Where that is not what its family rests on."""

    @property
    def takes_weighting(self) -> bool:
        """Whether its answers may be weighed; a count of what came is what it is."""
        return self.family == "survey" and self.interval != "none"

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """What it is counted from: when that changes later, a figure was restated."""
        return self.rests_on or _GROUNDS[self.family]
