"""When figures were restated: whether what they rest on has changed since they were complete.

Data count on the day on which they happened, whenever they come. So a figure of a period that is
complete may change, and this says when it last may have.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import accumulate

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints.changed_days import CASE_DAYS
from app.db import run
from app.kpis import envelopes
from app.kpis.acquisition_cost import LAG
from app.kpis.asking import Ask
from app.kpis.declaration import Ground, Kpi, Scope
from app.kpis.period_schemas import KpiPeriod
from app.kpis.periods import Bucket, Period
from app.kpis.refund_basis import with_orders
from app.kpis.value_less_cost import with_cost
from app.market.changed_days import LEAD_DAYS
from app.purchases.changed_days import PURCHASE_DAYS, REFUNDED_ORDER_DAYS
from app.responses import changed_days as responses
from app.responses.models import RollupState
from app.restatements.days import ChangedDays, noted

_CHANGED_DAYS: Mapping[Ground, ChangedDays] = {
    "complaints": CASE_DAYS,
    "orders": PURCHASE_DAYS.changed_days,
    "purchases": PURCHASE_DAYS.changed_days,
    "refunded_orders": REFUNDED_ORDER_DAYS,
    "leads": LEAD_DAYS.changed_days,
    "acquisition_spend": ChangedDays(noted("acquisition_spend")),
    "market_totals": ChangedDays(noted("market_totals")),
}
#: What is of all days before the end of a period.
_EVER: tuple[Ground, ...] = ("purchases", "refunded_orders")
_Changes = list[datetime | None]


async def periods_of(
    session: AsyncSession, kpi: Kpi, ask: Ask, periods: Sequence[Period | Bucket]
) -> list[KpiPeriod]:
    """The periods of figures as they are answered, each with when it was restated."""
    dates = [each.period if isinstance(each, Bucket) else each for each in periods]
    changed = await restated(session, kpi, ask.scope, dates, ask.now)
    return [envelopes.period(each, ask.now, at) for each, at in zip(periods, changed, strict=True)]


async def restated(
    session: AsyncSession, kpi: Kpi, scope: Scope, periods: Sequence[Period], now: datetime
) -> list[datetime | None]:
    """For each period, when anything that the figure may rest on changed last after it.

    None where nothing did after the period was complete, and where it is not yet. It is about
    the days and the surveys that the figure rests on (`Kpi.grounds`), not about its filters.
    """
    complete = {each: at for each in periods if (at := each.complete_at) <= now}
    if not complete:
        return [None] * len(periods)
    lag = timedelta(days=int(scope.options.get(LAG.name) or LAG.default))
    cuts = sorted({day for each in complete for day in (each.start - lag, each.end)})
    changes = await _latest_changes(session, kpi, scope, cuts, since=min(complete.values()))
    before = [list(accumulate(changes.pop(each), _later)) for each in _EVER if each in changes]
    found: dict[Period, datetime | None] = {}
    for each, complete_at in complete.items():
        first, last = bisect_left(cuts, each.start - lag), bisect_left(cuts, each.end)
        own = [change for days in changes.values() for change in days[first + 1 : last + 1]]
        changed_at = reduce(_later, own + [ever[last] for ever in before], None)
        found[each] = changed_at if changed_at and changed_at >= complete_at else None
    return [found.get(each) for each in periods]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


async def _latest_changes(
    session: AsyncSession, kpi: Kpi, scope: Scope, cuts: Sequence[date], *, since: datetime
) -> dict[Ground, _Changes]:
    """Of each ground the latest change: before the first cut, and between cuts.

    What is not kept in this zone is counted from the rows, as the figures themselves are.
    """
    state = await session.get(RollupState, scope.workspace_id)
    grounds = list(kpi.grounds)
    if with_orders(scope):
        grounds.append("refunded_orders")
    if with_cost(scope):
        grounds.append("acquisition_spend")
    of_responses = responses.changed_days(
        state, scope.time_zone, of_surveys=scope.survey_ids is not None
    )
    days = {each: _CHANGED_DAYS.get(each, of_responses) for each in grounds}
    named = {
        "workspace_id": scope.workspace_id,
        "time_zone": scope.time_zone,
        "surveys": [str(each) for each in scope.survey_ids or ()],
        "folded_to": state.folded_to if state is not None else 0,
        "first": cuts[0] if set(_EVER).isdisjoint(grounds) else date.min,
        "last": cuts[-1],
        "since": since,
        "cuts": list(cuts),
    }
    found: dict[Ground, _Changes] = {ground: [None] * len(cuts) for ground in grounds}
    told = {ground: each.told for ground, each in days.items()}
    kept = {ground: each.kept for ground, each in days.items()}
    unkept = []
    for ground, bucket, changed_at in await run(session, _reading(told, kept), named):
        if bucket is None:
            unkept.append(ground)
        else:
            found[ground][bucket] = changed_at
    if unkept:
        counted = {ground: days[ground].counted for ground in unkept}
        found |= {ground: [None] * len(cuts) for ground in unkept}
        for ground, bucket, changed_at in await run(session, _reading(counted, {}), named):
            found[ground][bucket] = changed_at
    return found


def _reading(told: Mapping[Ground, str], kept: Mapping[Ground, str]) -> str:
    """The statement over what is told, with a row without a bucket for all that is not kept."""
    days = [
        f"SELECT '{ground}' AS ground, day, changed_at FROM ({each}) AS {ground}"  # noqa: S608
        for ground, each in told.items()
    ]
    unkept = [
        f"UNION ALL SELECT '{ground}', NULL, NULL WHERE NOT ({each})"
        for ground, each in kept.items()
    ]
    return f"""
SELECT ground, width_bucket(day, CAST(:cuts AS date[])), max(changed_at)
FROM ({" UNION ALL ".join(days)}) AS changed GROUP BY 1, 2
{" ".join(unkept)}"""  # noqa: S608 - only statements of our own
