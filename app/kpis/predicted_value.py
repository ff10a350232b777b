"""Lifetime value as it is predicted: what a sound model run says of those whom it knows."""

from collections.abc import Mapping, Sequence
from typing import get_args

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.lifetime_value import (
    DISCOUNT,
    MARGIN,
    measure_lifetime_value,
    value_customers,
)
from app.kpis.periods import Period
from app.kpis.purchases import Figures, chosen, open_periods
from app.kpis.statistics import Interval
from app.lifetime.customer_values import (
    Predicted,
    newest_run,
    predicted_groups,
    predicted_selection,
)
from app.lifetime.models import ModelRun
from app.lifetime.units import HORIZONS, Horizon
from app.problems import Text

MODE = Option(
    "mode",
    Text(
        "historic: what was brought in. predictive: what the newest sound model run expects.",
        "historic：已带来的价值。predictive：最近一次可用模型运行的预测。",
    ),
    values=("historic", "predictive"),
    default="historic",
)
HORIZON = Option(
    "horizon_months",
    Text(
        "Predictive: months after the end of the calibration that count.",
        "预测：校准期结束之后计入的月数。",
    ),
    values=HORIZONS,
    default="36",
)
UNRELIABLE = Option(
    "accept_unreliable",
    Text(
        "Predictive: yes also shows runs that were found unreliable.",
        "预测：yes 表示也采用被判定为不可靠的运行。",
    ),
    values=("no", "yes"),
    default="no",
)
#: The run was found unreliable, and shown because it was asked for.
UNRELIABLE_MODEL = "unreliable_model"
#: Groups that the run did not add up itself are added up from customers, without an interval.
NO_INTERVAL = "no_interval"
_METHOD = "parameter_draws"


async def measure_value(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """Historic or predicted mean value of a customer, as `mode` asks."""
    if chosen(scope, MODE) == "historic":
        return await measure_lifetime_value(session, scope, periods, by)
    return [await _predicted(session, scope, each, by) for each in periods]


async def count_valued(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The same without the median, the deciles and the cost, which say nothing of how many."""
    if chosen(scope, MODE) != "historic":
        return await measure_value(session, scope, periods, by)
    book = await open_periods(session, scope, periods, opening=True)
    return await value_customers(session, scope, periods, by, book, spread=False)


async def _predicted(
    session: AsyncSession, scope: Scope, period: Period, by: str | None
) -> Mapping[str, Measurement]:
    """The newest run that was calibrated before the end of the period, and made like this."""
    run = await newest_run(
        session,
        scope.workspace_id,
        discount=int(chosen(scope, DISCOUNT)),
        until=period.end,
        unreliable=chosen(scope, UNRELIABLE) == "yes",
    )
    if run is None:
        return {} if by else {"": Measurement(None, 0, reason="no_model_run")}
    horizon = next(each for each in get_args(Horizon) if each == chosen(scope, HORIZON))
    groups: Mapping[str, Predicted]
    if not scope.filters and (by is None or "*" not in by):
        groups = await predicted_groups(session, run, by or "", horizon)
    else:
        groups = await _filtered(session, scope, run, by, horizon)
    return {member: _measurement(scope, run, each) for member, each in groups.items()}


async def _filtered(
    session: AsyncSession, scope: Scope, run: ModelRun, by: str | None, horizon: Horizon
) -> Mapping[str, Predicted]:
    """One member of one dimension is stored; any other selection is added up."""
    if by is None and len(scope.filters) == 1:
        ((dimension, values),) = scope.filters.items()
        if len(values) == 1:
            stored = await predicted_groups(session, run, dimension, horizon)
            if values[0] in stored:
                return {"": stored[values[0]]}
    return await predicted_selection(session, run, scope.filters, by, horizon)


def _measurement(scope: Scope, run: ModelRun, found: Predicted) -> Measurement:
    share, n = int(chosen(scope, MARGIN)) / 100, found.customers
    residual, historic = found.residual * share, found.historic * share
    limits = _limits(found.draws, scope.level)

    def money(total: float, counted: float = 0.0) -> Measurement:
        """A mean of what is estimated, and beside it of what was counted."""
        drawn = None
        if limits is not None:
            low, high = ((total * limit + counted) / n for limit in limits)
            drawn = Interval(scope.level, low, high, _METHOD)
        value = (total + counted) / n
        return Measurement(value, n, interval=drawn, unit="money", currency=run.currency)

    def count(total: float) -> Measurement:
        return Measurement(total, n, unit="count")

    deciles = [each * share for each in found.deciles]
    parts = {"residual": money(residual), "total": money(residual, historic)}
    parts["alive"] = count(found.alive)
    if found.purchases is not None:
        parts["purchases"] = count(found.purchases)
    parts["median"] = Measurement(deciles[4], n, unit="money", currency=run.currency)
    for number, each in enumerate(deciles, 1):
        parts[f"decile_{number}"] = Measurement(each, n, unit="money", currency=run.currency)
    warnings = () if run.status == "sound" else (UNRELIABLE_MODEL,)
    return Measurement(
        value=parts["residual"].value,
        n=n,
        numerator={"residual": residual},
        denominator={"customers": n},
        interval=parts["residual"].interval,
        currency=run.currency,
        components=parts,
        warnings=warnings if limits else (*warnings, NO_INTERVAL),
        model_run=str(run.id),
    )


def _limits(draws: Sequence[float], level: float) -> tuple[float, float] | None:
    """Quantiles of the draws at both ends, interpolated; None without draws."""
    if not draws:
        return None

    def at(share: float) -> float:
        place = share * (len(draws) - 1)
        below = min(int(place), len(draws) - 2)
        return draws[below] + (place - below) * (draws[below + 1] - draws[below])

    return at((1 - level) / 2), at((1 + level) / 2)
