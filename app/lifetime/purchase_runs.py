"""A run of the models of purchases: read, fit, judge, score."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, get_args

import numpy as np

from app.db import Database, connect_raw
from app.fields import zone
from app.lifetime import bgnbd, gamma_gamma, pareto_nbd, scoring, sufficient
from app.lifetime.fitted import CODE, fitted
from app.lifetime.fitting import Fit
from app.lifetime.gamma_gamma import GammaGamma
from app.lifetime.histories import Histories, Ints, compressed
from app.lifetime.judging import MOST_CORRELATION, Holdout, Reason, doubts, holdout
from app.lifetime.models import ModelRun
from app.lifetime.outcome import Clock, Outcome
from app.lifetime.rows import COLUMNS, group_row, packed
from app.lifetime.scoring import MODELS, Terms, Uncertain
from app.lifetime.sufficient import Customers, Window
from app.lifetime.units import DAYS_IN, ROUND_YEAR, Unit
from app.workspaces.service import fetch_workspace

_FITS = {"bgnbd": (bgnbd.fit, bgnbd.NAMES), "pnbd": (pareto_nbd.fit, pareto_nbd.NAMES)}
#: Fewer days than this leave no quarter to judge by.
_LEAST_DAYS = 56
_STATEMENT_TIMEOUT = "300000"


async def outcome(database: Database, run: ModelRun, clock: Clock) -> Outcome:
    """Fit the purchases up to the end of the calibration, and score every customer."""
    with clock.step("read"):
        customers, judged, first = await _read(database, run)
    result: dict[str, Any] = {"code_version": CODE}
    if customers is None:
        return Outcome("refused", result | {"reasons": ["no_customers"]})
    result |= {
        "first_purchase": None if first is None else first.isoformat(),
        "customers": len(customers),
        "repeaters": customers.repeaters,
        "data_hash": customers.hash,
    }
    if not customers.repeaters:
        return Outcome("refused", result | {"reasons": ["no_repeaters"]})
    return _fitted(run, customers, judged, result, clock)


async def _read(
    database: Database, run: ModelRun
) -> tuple[Customers | None, tuple[Customers, Window] | None, date | None]:
    """The customers to fit, those to judge by with their window, and the first day of all.

    In one snapshot. Judged are the customers of the calibration itself where a holdout was
    asked for; else those of three quarters of the days.
    """
    async with database.snapshot() as session:
        workspace = await fetch_workspace(session, run.workspace_id)
    end = run.calibration_end
    if end is None or run.currency is None:
        raise ValueError("a run of purchases has an end and a currency")
    local = zone(workspace.time_zone)
    window = Window(run.workspace_id, local, run.currency, end, run.holdout_end or end)
    connection = await connect_raw(
        database.settings,
        statement_timeout=_STATEMENT_TIMEOUT,
        enable_seqscan="on",
        enable_sort="on",
        work_mem="256MB",
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            first = await sufficient.first_day(connection, window)
            if first is None:
                return None, None, None
            customers = await sufficient.read(connection, window)
            if run.holdout_end is not None:
                return customers, (customers, window), first
            days = (end - first).days + 1
            if days < _LEAST_DAYS:
                return customers, None, first
            shorter = replace(
                window, calibration_end=end - timedelta(days=days // 4), holdout_end=end
            )
            return customers, (await sufficient.read(connection, shorter), shorter), first
    finally:
        await connection.close()


def _fitted(
    run: ModelRun,
    customers: Customers,
    judged: tuple[Customers, Window] | None,
    result: dict[str, Any],
    clock: Clock,
) -> Outcome:
    unit: Unit = next(each for each in get_args(Unit) if each == run.unit)
    terms = Terms(unit, run.discount_annual)
    maximum, names = _FITS[run.kind]
    with clock.step("fit"):
        data = compressed(customers.x, customers.t_x, customers.age, terms.days)
        found = maximum(data[0])
    result["purchase_model"] = fitted(run.kind, names, found, n=len(customers))
    if not found.converged:
        return Outcome("refused", result | {"reasons": ["no_convergence"]})
    with clock.step("fit_value"):
        reason, value = _value(customers, result)
    if value is None:
        return Outcome("refused", result | {"reasons": [reason]})
    model = MODELS[run.kind].of(found.values)
    result["new_customer_year"] = model.expected(ROUND_YEAR[unit])
    with clock.step("judge"):
        held = None if judged is None else _held(run, judged, customers, (data, found))
        if held is not None:
            result["holdout"] = _table(held, judged)
    reasons: Sequence[Reason] = doubts(len(customers), customers.repeaters, held)
    with clock.step("score"):
        worth = GammaGamma.of(value.values)
        scores = scoring.score(model, worth, customers, data, terms)
    with clock.step("draw"):
        fits = Uncertain(run.kind, found, value)
        rows = [group_row(run, each) for each in scoring.groups(customers, scores, fits, terms)]
    return Outcome(
        status="unreliable" if reasons else "sound",
        result=result | {"reasons": list(reasons)},
        groups=rows,
        customers=lambda: packed(run, customers, scores),
        columns=COLUMNS,
    )


def _value(customers: Customers, result: dict[str, Any]) -> tuple[Reason | None, Fit | None]:
    """Fit what a purchase is worth, to those who came again and paid; or say why it cannot be."""
    told = (customers.x > 0) & (customers.mean > 0)
    x, mean = customers.x[told].astype(np.float64), customers.mean[told]
    if len(x) < 2 or np.ptp(mean) == 0:
        return "value_not_fitted", None
    found = gamma_gamma.fit(x, mean)
    q = float(found.values[1])
    related = gamma_gamma.correlation(x, mean)
    result["value_model"] = fitted(
        "gamma_gamma",
        gamma_gamma.NAMES,
        found,
        n=len(x),
        mean=GammaGamma.of(found.values).mean if q > 1 else None,
        correlation=related,
    )
    if related is not None and abs(related) > MOST_CORRELATION:
        result["warnings"] = ["value_depends_on_frequency"]
    if q <= 1:
        return "value_mean_infinite", None
    return (None, found) if found.converged else ("value_no_convergence", None)


def _held(
    run: ModelRun,
    judged: tuple[Customers, Window],
    customers: Customers,
    fit_of_all: tuple[tuple[Histories, Ints], Fit],
) -> Holdout | None:
    """Purchases foretold after the calibration and counted; None if nothing could be fitted."""
    before, window = judged
    data, found = fit_of_all
    if before is not customers:
        if not before.repeaters:
            return None
        data = compressed(before.x, before.t_x, before.age, DAYS_IN[_unit(run)])
        found = _FITS[run.kind][0](data[0])
        if not found.converged:
            return None
    histories, place = data
    model = MODELS[run.kind].of(found.values)
    days = (window.holdout_end - window.calibration_end).days
    expected = model.p_alive(histories) * model.expected_if_alive(
        histories, days / DAYS_IN[_unit(run)]
    )
    return holdout(before.x, expected[place], before.later)


def _unit(run: ModelRun) -> Unit:
    return next(each for each in get_args(Unit) if each == run.unit)


def _table(held: Holdout, judged: tuple[Customers, Window] | None) -> dict[str, Any]:
    window = None if judged is None else judged[1]
    return {
        "start": None if window is None else (window.calibration_end + timedelta(1)).isoformat(),
        "end": None if window is None else window.holdout_end.isoformat(),
        "rows": [asdict(each) for each in held.rows],
        "expected": held.expected,
        "actual": held.actual,
        "error": held.error,
    }
