"""Whether a rule makes sense, and what is kept of it."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.addresses import REFUSED, acceptable
from app.alerts.buckets import usual_window
from app.alerts.schemas import AlertRulePut, EwmaCondition, WatchedKpi, WebhookChannel
from app.errors import FieldError, Invalid, field_error
from app.kpis.declaration import Kpi
from app.kpis.periods import MAX_DAYS
from app.kpis.selections import select_figure
from app.named import find_named
from app.problems import Text
from app.scorecards.models import Metric

Json = dict[str, Any]
#: What decides about the state; when none of it changes, the state stays.
JUDGED = ("watch", "condition", "every", "window_days", "open_after", "close_after")
_CONDITION: Json = dict.fromkeys(
    ("value", "direction", "weight", "width", "baseline", "points", "side", "level")
)
_HOURS = Text(
    "A part of a day is not compared with whole days: every hour goes with target and p_chart.",
    "不足一天的数据不与整天相比：每小时评估仅适用于 target 与 p_chart。",
)
_NOT_A_SHARE = Text("Only a share of answers has a p-chart.", "只有比例类指标才有 p 控制图。")
_NO_TEST = Text("This figure has no test of a change.", "该指标没有变化检验。")
_METRICS = Text("A metric is watched by target or ewma.", "外部指标仅支持 target 与 ewma。")


async def document_of(session: AsyncSession, workspace_id: UUID, wanted: AlertRulePut) -> Json:
    """The rule with everything written out; 422 with pointers for what does not fit."""
    watch = wanted.watch
    kept: Json = {"source": watch.source, "kpi": None, "scope": None, "metric": None}
    if isinstance(watch, WatchedKpi):
        selection = await select_figure(session, workspace_id, watch.kpi, watch.scope, at="/watch")
        kept |= {"kpi": watch.kpi, "scope": selection.scope}
        _check_condition(wanted, selection.kpi)
    else:
        if await find_named(session, Metric, workspace_id, watch.metric) is None:
            raise field_error("/watch/metric", "unknown-reference")
        kept |= {"metric": watch.metric}
        _check_condition(wanted, None)
    days = wanted.window_days or usual_window(wanted.every)
    condition = wanted.condition
    points = {"ewma": 120, "p_chart": 61}.get(condition.kind, 2)
    if isinstance(condition, EwmaCondition):
        points = condition.baseline + condition.points
    if points * days > MAX_DAYS:
        raise field_error("/window_days", "number-out-of-range")
    return {
        "title": wanted.title,
        "watch": kept,
        "condition": _CONDITION | condition.model_dump(mode="json"),
        "every": wanted.every,
        "window_days": days,
        "delay_minutes": wanted.delay_minutes,
        "open_after": wanted.open_after,
        "close_after": wanted.close_after,
        "notify_at_risk": wanted.notify_at_risk,
        "channels": _channels(wanted),
        "enabled": wanted.enabled,
    }


def _check_condition(wanted: AlertRulePut, kpi: Kpi | None) -> None:
    """Refuse a chart or a test that the figure does not have."""
    kind = wanted.condition.kind
    wrong: Text | None = None
    if kpi is None:
        wrong = None if kind in {"target", "ewma"} else _METRICS
    elif wanted.every == "hour" and kind in {"ewma", "change"}:
        wrong = _HOURS
    elif kind == "p_chart" and (kpi.unit, kpi.interval) != ("ratio", "wilson"):
        wrong = _NOT_A_SHARE
    elif kind == "change" and kpi.interval == "none":
        wrong = _NO_TEST
    if wrong is not None:
        raise Invalid(FieldError("/condition/kind", "invalid-value", wrong))


def _channels(wanted: AlertRulePut) -> list[Json]:
    return [
        {"kind": "webhook", "address": each.url, "language": "en"}
        if isinstance(each, WebhookChannel)
        else {"kind": "mail", "address": each.to, "language": each.language}
        for each in wanted.channels
    ]


def secrets_of(wanted: AlertRulePut, known: Json, *, private: bool) -> Json:
    """The secret of every webhook by its address: the one sent, or the one that was kept.

    Raises 422 for an address that is sent twice, not acceptable, or without a secret.
    """
    secrets: Json = {}
    wrong: list[FieldError] = []
    seen: set[str] = set()
    for number, each in enumerate(wanted.channels):
        address = each.url if isinstance(each, WebhookChannel) else each.to
        if address in seen:
            wrong.append(FieldError(f"/channels/{number}", "duplicate-item"))
        seen.add(address)
        if not isinstance(each, WebhookChannel):
            continue
        secret = each.secret or known.get(each.url)
        if not acceptable(each.url, private=private):
            wrong.append(FieldError(f"/channels/{number}/url", "invalid-value", REFUSED))
        elif secret is None:
            wrong.append(FieldError(f"/channels/{number}/secret", "missing-field"))
        secrets[each.url] = secret
    if wrong:
        raise Invalid(*wrong)
    return secrets
