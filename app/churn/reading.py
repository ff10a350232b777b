"""From judgements and rows to what readers see of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.churn.models import ChurnCrossing, ChurnState
from app.churn.rules import BY_CODE, FORMULA, LEVELS, VERSION
from app.churn.schemas import (
    ChurnAccountRow,
    ChurnCrossingRead,
    ChurnReason,
    ChurnRiskItem,
    ChurnRiskRead,
    ChurnRules,
    ChurnSignals,
    ChurnSummary,
)
from app.churn.service import Risk
from app.churn.signals import Signals
from app.customers.models import Customer

_DETAILS = (
    "days_since_last_purchase",
    "median_gap_days",
    "survey",
    "question",
    "score",
    "score_before",
    "low_box_ends_at",
)


def rules_read(language: str) -> ChurnRules:
    """The rules in force."""
    return ChurnRules(version=VERSION, formula=FORMULA.of(language))


def reasons_read(reasons: Iterable[Mapping[str, Any]], language: str) -> list[ChurnReason]:
    """Stored reasons; those of rules that are no longer in force are left to their past."""
    return [
        ChurnReason(
            code=rule.code,
            family=rule.family,
            weight=rule.weight,
            text=rule.text.of(language),
            value=reason["value"],
            threshold=rule.enter,
            **{name: reason["details"].get(name) for name in _DETAILS},
        )
        for reason in reasons
        if (rule := BY_CODE.get(reason["code"])) is not None
    ]


def kind_of(model_run: UUID | None) -> Literal["exact", "estimated"]:
    """Estimated where a model was asked."""
    return "exact" if model_run is None else "estimated"


def risk_read(risk: Risk, language: str) -> ChurnRiskRead:
    """A customer judged now."""
    judgement = risk.judgement
    return ChurnRiskRead.model_validate(
        {
            **_customer(risk.customer),
            "segment": risk.customer.segment,
            "level": judgement.level,
            "reasons": reasons_read(judgement.reasons, language),
            "signals": _signals(judgement.signals),
            "kind": kind_of(judgement.model_run),
            "model_run": judgement.model_run,
            "rules": rules_read(language),
            "since": risk.since,
            "as_of": risk.at,
        }
    )


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "customer": customer.external_id,
        "key_account_type": customer.key_account_type,
    }


def _signals(signals: Signals) -> ChurnSignals:
    values = signals.values()
    gap, dissatisfied = signals.median_gap_days, values["dissatisfied"]
    return ChurnSignals(
        purchase_days=signals.purchases,
        days_since_last_purchase=signals.days_since_last_purchase,
        median_gap_days=None if gap is None else float(gap),
        overdue_ratio=values["overdue_ratio"],
        p_alive=signals.p_alive,
        open_complaints=signals.open_complaints,
        complaints_90_days=signals.recent_complaints,
        reopenings_90_days=signals.recent_reopenings,
        dissatisfied=None if dissatisfied is None else bool(dissatisfied),
        score_drop=signals.score_drop,
    )


def item_read(state: ChurnState, customer: Customer, language: str) -> ChurnRiskItem:
    """A customer as judged last."""
    return ChurnRiskItem.model_validate(
        {
            **_customer(customer),
            "segment": customer.segment,
            "level": state.level,
            "reasons": reasons_read(state.reasons, language),
            "kind": kind_of(state.model_run),
            "model_run": state.model_run,
            "since": state.changed_at,
            "evaluated_at": state.evaluated_at,
        }
    )


def crossing_read(crossing: ChurnCrossing, customer: Customer, language: str) -> ChurnCrossingRead:
    """A crossing."""
    return ChurnCrossingRead.model_validate(
        {
            **_customer(customer),
            "id": crossing.id,
            "level_before": crossing.level_before,
            "level": crossing.level,
            "reasons": reasons_read(crossing.reasons, language),
            "kind": kind_of(crossing.model_run),
            "model_run": crossing.model_run,
            "rules_version": crossing.rules_version,
            "crossed_at": crossing.crossed_at,
        }
    )


def summary_read(counted: Iterable[Sequence[Any]], language: str, at: datetime) -> ChurnSummary:
    """Counts by key-account type, the largest share at risk first, others last."""
    types: dict[str | None, dict[str, int]] = {None: {}}
    for type_, level, n in counted:
        types.setdefault(type_, {})[level] = n

    def order(each: tuple[str | None, dict[str, int]]) -> tuple[bool, float, str]:
        type_, levels = each
        total = sum(levels.values()) or 1
        at_risk = levels.get("at_risk", 0) + levels.get("critical", 0)
        return type_ is None, -at_risk / total, type_ or ""

    rows = [
        ChurnAccountRow.model_validate(
            {
                "key_account_type": type_,
                "customers": sum(levels.values()),
                **{level: levels.get(level, 0) for level in LEVELS},
            }
        )
        for type_, levels in sorted(types.items(), key=order)
    ]
    return ChurnSummary(data=rows, rules=rules_read(language), as_of=at)
