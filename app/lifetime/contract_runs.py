"""A run of the model of contracts, from counts of renewals to a projection."""

import hashlib
import json
from typing import Any

from app.lifetime import contracts
from app.lifetime.contracts import Renewal, ShiftedBetaGeometric
from app.lifetime.fitted import CODE, fitted
from app.lifetime.judging import Holdout, HoldoutRow, Reason, doubts
from app.lifetime.models import ModelRun
from app.lifetime.outcome import Outcome

#: A projection goes on so far beyond what was counted.
_BEYOND = 10


def outcome(run: ModelRun) -> Outcome:
    """Fit the renewals of the run; the last periods are foretold from those before."""
    asked = run.renewals or {"rows": [], "holdout": 0}
    rows = [Renewal(*each) for each in asked["rows"]]
    rows.sort(key=lambda each: each.period)
    at_risk = rows[0].at_risk
    result: dict[str, Any] = {
        "customers": at_risk,
        "repeaters": rows[0].renewed,
        "data_hash": hashlib.sha256(json.dumps(asked["rows"]).encode()).hexdigest(),
        "code_version": CODE,
    }
    if all(each.renewed == each.at_risk for each in rows):
        return Outcome("refused", result | {"reasons": ["nobody_ended"]})
    held = _held(rows, asked["holdout"])
    found = contracts.fit(rows)
    opportunities = sum(each.at_risk for each in rows)
    result["purchase_model"] = fitted("sbg", contracts.NAMES, found, n=opportunities)
    if not found.converged:
        return Outcome("refused", result | {"reasons": ["no_convergence"]})
    model = ShiftedBetaGeometric.of(found.values)
    reasons: list[Reason] = list(doubts(at_risk, rows[0].renewed, held))
    if held is not None:
        result["holdout"] = {
            "start": None,
            "end": None,
            "rows": [vars(each) for each in held.rows],
            "expected": held.expected,
            "actual": held.actual,
            "error": held.error,
        }
    discount = run.discount_annual / 100
    result["constant_retention"] = _constant(model, rows, discount)
    result["projection"] = _projection(model, rows, discount)
    return Outcome("unreliable" if reasons else "sound", result | {"reasons": reasons})


def _held(rows: list[Renewal], last: int) -> Holdout | None:
    """The last periods foretold: those who came to the first of them, carried on."""
    before, after = rows[: len(rows) - last], rows[len(rows) - last :]
    if not after or all(each.renewed == each.at_risk for each in before):
        return None
    model = ShiftedBetaGeometric.of(contracts.fit(before).values)
    found = tuple(
        HoldoutRow(
            each.period, each.at_risk, each.at_risk * model.retention(each.period), each.renewed
        )
        for each in after
    )
    return Holdout(
        found, sum(each.expected for each in found), float(sum(each.actual for each in found))
    )


def _constant(
    model: ShiftedBetaGeometric, rows: list[Renewal], discount: float
) -> dict[str, float]:
    """What one chance of renewing for all would say, beside what the model says."""
    retention = sum(each.renewed for each in rows) / sum(each.at_risk for each in rows)
    return {
        "retention": retention,
        "margin_multiple": contracts.constant_margin_multiple(retention, discount),
        "margin_multiple_by_model": model.margin_multiple(discount),
    }


def _projection(
    model: ShiftedBetaGeometric, rows: list[Renewal], discount: float
) -> list[dict[str, Any]]:
    counted = {each.period: each for each in rows}
    return [
        {
            "period": period,
            "retention_observed": seen.renewed / seen.at_risk
            if (seen := counted.get(period)) and seen.at_risk
            else None,
            "retention": model.retention(period),
            "survival": model.survival(period),
            "residual_renewals": model.residual_renewals(period, discount),
        }
        for period in range(1, rows[-1].period + _BEYOND + 1)
    ]
