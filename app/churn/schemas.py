"""What is answered about churn risks."""

from typing import Literal
from uuid import UUID

from app.churn.rules import Family, Level, RuleCode
from app.customers.schemas import KeyAccountType
from app.fields import Output, Timestamp, example


class ChurnReason(Output):
    """Why a customer is at a level: the rule, its threshold, and the value that met it.

    Which of the other fields are there depends on the rule: days for a rhythm of purchases, a
    survey and a question for a score.
    """

    code: RuleCode
    family: Family
    weight: int
    """1 for watch, 2 for at risk."""
    text: str
    value: float
    threshold: float
    """The value at which the rule raises it."""
    days_since_last_purchase: int | None
    median_gap_days: float | None
    survey: UUID | None
    question: str | None
    score: int | None
    score_before: int | None
    low_box_ends_at: int | None
    """The best point of the low box."""


class ChurnSignals(Output):
    """What was measured; null where there is nothing to measure.

    `median_gap_days` needs purchases on three days, `p_alive` a model run and a repeat purchase.
    """

    purchase_days: int
    days_since_last_purchase: int | None
    median_gap_days: float | None
    overdue_ratio: float | None
    p_alive: float | None
    open_complaints: int
    complaints_90_days: int
    reopenings_90_days: int
    dissatisfied: bool | None
    """Whether the last satisfaction score is in its low box."""
    score_drop: int | None
    """Points lost between the last two answers to a question, the largest such loss."""


class ChurnRules(Output):
    """The rules by which it was judged, in words."""

    version: int
    formula: str


class ChurnRiskRead(Output):
    """One customer, judged from what is stored at this moment."""

    customer: str
    segment: str | None
    key_account_type: KeyAccountType | None
    level: Level
    reasons: list[ChurnReason]
    signals: ChurnSignals
    kind: Literal["exact", "estimated"]
    """Estimated where the probability of a model was used."""
    model_run: UUID | None
    rules: ChurnRules
    since: Timestamp | None
    """When the customer was seen to cross into this level; null if not yet."""
    as_of: Timestamp


class ChurnRiskItem(Output):
    """One customer, as judged at `evaluated_at`."""

    customer: str
    segment: str | None
    key_account_type: KeyAccountType | None
    level: Level
    reasons: list[ChurnReason]
    kind: Literal["exact", "estimated"]
    model_run: UUID | None
    since: Timestamp | None
    evaluated_at: Timestamp


class ChurnAccountRow(Output):
    """How many customers of a key-account type stand at each level."""

    key_account_type: KeyAccountType | None
    """Null for customers who are no key accounts."""
    customers: int
    none: int
    watch: int
    at_risk: int
    critical: int


class ChurnSummary(Output):
    """Key accounts by type, those with the largest share at risk first; all others last."""

    data: list[ChurnAccountRow]
    rules: ChurnRules
    as_of: Timestamp


class ChurnCrossingRead(Output):
    """A customer crossed from one level to another."""

    id: UUID
    customer: str
    key_account_type: KeyAccountType | None
    level_before: Level
    level: Level
    reasons: list[ChurnReason]
    kind: Literal["exact", "estimated"]
    model_run: UUID | None
    rules_version: int
    crossed_at: Timestamp


class ChurnCrossingFeed(Output):
    """Crossings in the order of their commits, none left out.

    `next_cursor` is where to go on: when `data` is empty, ask with it again later. It is null
    only as long as there has not been any crossing.
    """

    model_config = example(data=[], next_cursor=None)

    data: list[ChurnCrossingRead]
    next_cursor: str | None
