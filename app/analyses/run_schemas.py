"""What is asked and answered about analyses that are worked out in the background."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from app.analyses.importance_schemas import MapCut, MapPoint
from app.analyses.schemas import AnalysisHeader, EvidenceRead, Item, ResponseChoice
from app.fields import Output, Timestamp
from app.kpis.schemas import KpiInterval

RunKind = Literal["drivers", "derived-importance-performance", "words"]
RunStatus = Literal["queued", "running", "succeeded", "failed"]
FailureCode = Literal[
    "too_few_answers",
    "constant_item",
    "collinear_items",
    "suppressed",
    "analysis-too-large",
    "report-too-slow",
    "not_installed",
    "internal-error",
]
DriverMeasure = Literal["relative_weight", "shapley"]
DerivedMeasure = Literal["relative_weight", "partial_r"]
ScoreGroup = Literal["promoters", "passives", "detractors", "top", "other"]
_Resamples = Annotated[int, Field(ge=100, le=2_000)]
_Seed = Annotated[int, Field(ge=0, lt=2**31)]


class RunRequest(ResponseChoice):
    """What every run can be told."""

    seed: _Seed | None = None
    """Of the resamples; one is drawn if absent. The same seed gives the same intervals."""


class DriversRequest(RunRequest):
    """What drives an outcome."""

    outcome: Item
    drivers: Annotated[list[Item], Field(min_length=2, max_length=30)]
    measure: DriverMeasure = "relative_weight"
    """`shapley` takes at most 15 drivers, and up to 10 with intervals."""
    resamples: _Resamples = 1_000


class DerivedMapRequest(RunRequest):
    """A map whose importance is derived from what drives an outcome."""

    outcome: Item
    items: Annotated[list[Item], Field(min_length=2, max_length=15)]
    importance: DerivedMeasure = "relative_weight"
    crosshair: Literal["grand_mean", "median"] = "grand_mean"
    resamples: _Resamples = 1_000


class WordsRequest(RunRequest):
    """What people write, and which words belong to which score."""

    question: Item
    score: Item | None = None
    """Splits the answers: promoters, passives and detractors of an NPS question, the best points
    and all others of another scale."""
    longest_phrase: Annotated[int, Field(ge=1, le=4)] = 3
    """Words in a phrase; 1 for words alone."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    order: Literal["frequency", "keyness"] = "frequency"
    """The most frequent terms, or those that tell the groups apart best."""


class Driver(Output):
    """One driver. `weight` is its part of R squared, `share` that part of the whole.

    `r` is the plain correlation with the outcome, whose sign says which way it goes.
    """

    item: str
    weight: float
    weight_interval: KpiInterval | None
    share: float
    share_interval: KpiInterval | None
    r: float
    sign: Literal["positive", "negative", "none"]


class DriversRead(AnalysisHeader):
    """How much of the differences in the outcome goes with each driver.

    It says what goes together, not what causes what.
    """

    analysis: Literal["drivers"]
    outcome: str
    measure: DriverMeasure
    n: int
    """Responses that answered everything (listwise)."""
    r_squared: float
    drivers: list[Driver]
    resamples: int
    """How many of the resamples could be used."""
    seed: int
    causal: Literal[False]


class DerivedMapRead(AnalysisHeader):
    """The importance-performance map with derived importance."""

    analysis: Literal["derived-importance-performance"]
    outcome: str
    importance: DerivedMeasure
    crosshair: Literal["grand_mean", "median"]
    n: int
    r_squared: float
    cut: MapCut
    points: list[MapPoint]
    resamples: int
    seed: int
    causal: Literal[False]


class TermGroup(Output):
    """How many of a group used the term; null where it is withheld."""

    group: ScoreGroup
    n: int | None
    share: float | None


class Keyness(Output):
    """Whether groups differ in using the term: the likelihood-ratio test G2 over responses."""

    evidence: EvidenceRead
    p_adjusted: float
    """Over all terms that were tested (Benjamini and Hochberg)."""
    leans_to: ScoreGroup | None
    """The group that uses it most, where the test claims a difference."""


class Term(Output):
    """A word or phrase, counted once for each response."""

    term: str
    kind: Literal["word", "phrase"]
    language: Literal["zh", "en"]
    n: int
    share: float
    interval: KpiInterval
    groups: list[TermGroup]
    keyness: Keyness | None


class WordsRead(AnalysisHeader):
    """The terms of the open answers; those of fewer people than the smallest cell are left out."""

    analysis: Literal["words"]
    question: str
    score: str | None
    n: int
    """Answers with a text."""
    groups: list[TermGroup]
    """Their answers; the share is of all that are in a group."""
    terms: list[Term]
    segmenter: str
    """What cut Chinese into words."""


RunResult: TypeAlias = Annotated[
    DriversRead | DerivedMapRead | WordsRead, Field(discriminator="analysis")
]


class RunFailure(Output):
    """Why there is no result: the reason, and the items that it speaks of."""

    code: FailureCode
    items: list[str]


class AnalysisRunRead(Output):
    """An analysis in the background."""

    id: UUID
    analysis: RunKind
    status: RunStatus
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    seed: int
    result: RunResult | None
    failure: RunFailure | None
