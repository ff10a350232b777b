"""From facts to a judgement: the level, and every reason with the values behind it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.churn.rules import LEVELS, Level, Rule, level_of, raised
from app.churn.signals import Facts, Scored, Signals, low_box, measure


@dataclass(frozen=True)
class Judgement:
    """Where a customer stands, and why."""

    level: Level
    reasons: tuple[dict[str, Any], ...]
    """As they are stored: JSON, in the order of the rules."""
    signals: Signals
    model_run: UUID | None
    """The run whose probability was looked at."""

    @property
    def rank(self) -> int:
        """0 for none to 3 for critical."""
        return LEVELS.index(self.level)


def judge(facts: Facts, at: datetime, zone: ZoneInfo, held: Collection[str] = ()) -> Judgement:
    """Judge a customer at an instant; `held` are the codes of the reasons that stood before."""
    signals = measure(facts, at, zone)
    values = signals.values()
    standing = raised(values, held)
    used = facts.alive.model_run if facts.alive and signals.p_alive is not None else None
    return Judgement(
        level=level_of(standing),
        reasons=tuple(_reason(rule, values[rule.measure], signals) for rule in standing),
        signals=signals,
        model_run=used,
    )


def _reason(rule: Rule, value: float | None, signals: Signals) -> dict[str, Any]:
    return {"code": rule.code, "value": value, "details": _details(rule, signals)}


def _details(rule: Rule, signals: Signals) -> dict[str, Any]:
    """What the value is made of."""
    if rule.measure == "overdue_ratio":
        gap = signals.median_gap_days
        return {
            "days_since_last_purchase": signals.days_since_last_purchase,
            "median_gap_days": None if gap is None else float(gap),
        }
    if rule.measure == "dissatisfied" and signals.lowest is not None:
        low = max(low_box(signals.lowest.scale)), min(low_box(signals.lowest.scale))
        limit = low[0] if signals.lowest.scale.direction == "higher" else low[1]
        return {**_answer(signals.lowest), "score": signals.lowest.value, "low_box_ends_at": limit}
    if rule.measure == "score_drop" and signals.fallen is not None:
        before, after = signals.fallen
        return {**_answer(after), "score": after.value, "score_before": before.value}
    return {}


def _answer(scored: Scored) -> dict[str, Any]:
    return {"survey": str(scored.survey_id), "question": scored.question}
