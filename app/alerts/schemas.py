"""What clients send and see of alert rules and alerts."""

import base64
import binascii
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.alerts.buckets import Every
from app.alerts.hysteresis import State
from app.alerts.kinds import Cause, ChannelKind, DeliveryStatus
from app.customers.schemas import Email
from app.fields import Code, Input, Localized, Output, Text, Timestamp, example, storable
from app.kpis.schemas import KpiInterval
from app.targets.attainment import Direction
from app.targets.schemas import Figure, FigureScope, FigureScopeRead

ConditionKind = Literal["target", "ewma", "p_chart", "change"]
#: Which side of the limits breaches: the worse one of the figure, or either.
Side = Literal["worse", "both"]
_INVALID = "invalid-format"
SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks marks secrets


def secret_bytes(secret: str) -> bytes:
    """The key in a secret; ValueError if it is none of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(_INVALID) from None
    if not 24 <= len(key) <= 64:
        raise ValueError(_INVALID)
    return key


def _usable(secret: str) -> str:
    try:
        secret_bytes(secret)
    except ValueError:
        raise PydanticCustomError(_INVALID, _INVALID) from None
    return secret


Secret = Annotated[
    str, StringConstraints(max_length=120, pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}$"),
    AfterValidator(_usable),
]  # fmt: skip
Url = Annotated[str, StringConstraints(min_length=8, max_length=2_000), AfterValidator(storable)]
Points = Annotated[int, Field(ge=8, le=60)]
Width = Annotated[float, Field(ge=1, le=6)]


class WatchedKpi(Input):
    """A KPI in a scope."""

    source: Literal["kpi"]
    kpi: Code
    scope: FigureScope = FigureScope()


class WatchedMetric(Input):
    """A metric from elsewhere: each of its observations is judged once."""

    source: Literal["metric"]
    metric: Code


class TargetCondition(Input):
    """Breached when the whole interval is on the wrong side; at risk when only the figure is."""

    kind: Literal["target"]
    value: Figure
    direction: Direction | None = None
    """Which way is better; the figure's own if absent."""


class EwmaCondition(Input):
    """Breached when the moving average leaves the limits of what is usual.

    What is usual are the `baseline` points before the last `points`, over which the average runs.
    """

    kind: Literal["ewma"]
    weight: Annotated[float, Field(gt=0, le=1)] = 0.2
    width: Width = 3.0
    baseline: Points = 20
    points: Annotated[int, Field(ge=1, le=60)] = 10
    side: Side = "worse"


class PChartCondition(Input):
    """Breached when a share leaves the limits that its own number of answers gives it."""

    kind: Literal["p_chart"]
    width: Width = 3.0
    baseline: Points = 20
    side: Side = "worse"


class ChangeCondition(Input):
    """Breached when the figure is worse than in the window before, by the KPI's own test."""

    kind: Literal["change"]
    level: Annotated[float, Field(ge=0.8, le=0.999)] = 0.95


class WebhookChannel(Input):
    """A POST, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature).

    `secret` is `whsec_` and 24 to 64 bytes in base64. It is never shown; left out, the one that
    was kept for the address stays.
    """

    kind: Literal["webhook"]
    url: Url
    secret: Secret | None = None


class MailChannel(Input):
    """A mail in a language of ours."""

    kind: Literal["mail"]
    to: Email
    language: Literal["zh-CN", "en"] = "zh-CN"


class AlertRulePut(Input):
    """What is watched, how it is judged, and who hears of it.

    Evaluated once after each hour, local day or week, over the last `window_days` local days.
    """

    model_config = example(
        title={"zh-CN": "NPS 低于目标", "en": "NPS below target"},
        watch={"source": "kpi", "kpi": "nps"},
        condition={"kind": "target", "value": 0.3},
        every="day",
        window_days=30,
        open_after=2,
        close_after=3,
        channels=[{"kind": "mail", "to": "quality@example.com"}],
    )

    title: Localized
    watch: Annotated[WatchedKpi | WatchedMetric, Field(discriminator="source")]
    condition: Annotated[
        TargetCondition | EwmaCondition | PChartCondition | ChangeCondition,
        Field(discriminator="kind"),
    ]
    every: Every
    window_days: Annotated[int, Field(ge=1, le=366)] | None = None
    """1 for hours and days, 7 for weeks if absent; not used for a metric."""
    delay_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0
    """How long to wait for late arrivals after the hour, day or week."""
    open_after: Annotated[int, Field(ge=1, le=20)] = 1
    """So many evaluations in a row must be worse before the state is."""
    close_after: Annotated[int, Field(ge=1, le=20)] = 1
    """So many must be better before it is good again."""
    notify_at_risk: bool = False
    """Whether channels also hear of changes between ok and at risk."""
    channels: list[Annotated[WebhookChannel | MailChannel, Field(discriminator="kind")]] = Field(
        default=[], max_length=10
    )
    enabled: bool = True


class WatchRead(Output):
    """What is watched: `kpi` with `scope`, or `metric`."""

    source: Literal["kpi", "metric"]
    kpi: str | None
    scope: FigureScopeRead | None
    metric: str | None


class ConditionRead(Output):
    """How it is judged; null is what the kind does not have."""

    kind: ConditionKind
    value: float | None
    direction: Direction | None
    weight: float | None
    width: float | None
    baseline: int | None
    points: int | None
    side: Side | None
    level: float | None


class ChannelRead(Output):
    """Who hears of it: an address of the web or of mail."""

    kind: ChannelKind
    address: str
    language: str


class AlertRuleRead(Output):
    """An alert rule and where it stands."""

    rule: str
    title: dict[str, str]
    watch: WatchRead
    condition: ConditionRead
    every: Every
    window_days: int
    delay_minutes: int
    open_after: int
    close_after: int
    notify_at_risk: bool
    channels: list[ChannelRead]
    enabled: bool
    state: State
    evaluated_to: Timestamp
    """The end of the last hour, day or week that was evaluated."""
    due_at: Timestamp | None
    failures: int
    """Evaluations in a row that could not be done; they are tried again."""
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


class AlertEvidence(Output):
    """What the state was judged by; null is what the kind of rule does not have."""

    interval: KpiInterval | None
    target: float | None
    statistic: float | None
    """The moving average of an EWMA chart, or the share of a p-chart."""
    centre: float | None
    low: float | None
    high: float | None
    previous: float | None
    difference: float | None
    p: float | None
    test: str | None


class DeliveryRead(Output):
    """An alert on its way over one channel."""

    kind: ChannelKind
    address: str
    status: DeliveryStatus
    attempts: int
    error: str | None
    attempted_at: Timestamp | None
    delivered_at: Timestamp | None


class AlertRead(Output):
    """A change of state of a rule."""

    id: UUID
    rule: str
    title: dict[str, str]
    watch: WatchRead
    kind: ConditionKind
    state: State
    previous_state: State
    cause: Cause
    period_start: date | None
    period_end: date | None
    """The local date after the last of the period that was judged."""
    value: float | None
    unit: str
    n: int | None
    evidence: AlertEvidence
    created_at: Timestamp
    acknowledged_at: Timestamp | None
    acknowledged_by: str | None
    note: str | None


class AlertDetail(AlertRead):
    """An alert and who was told."""

    deliveries: list[DeliveryRead]


class Acknowledgement(Input):
    """That somebody has seen it."""

    note: Text | None = None
