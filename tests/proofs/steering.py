"""What the proofs about every route need to know of what is put by name, and of alerts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts.changes import Judged, raise_alert
from app.alerts.models import AlertRule
from app.db import Database
from tests.proofs.workshop import Change, Workshop

Json = dict[str, Any]
Maker = Callable[[Workshop], Awaitable[Change]]
TARGET: Json = {"kpi": "nps", "value": 0.3}
METRIC: Json = {"name": {"en": "Sales"}, "unit": "CNY", "direction": "higher", "aggregation": "sum"}
SCHEME: Json = {
    "name": {"en": "Population"},
    "margins": [{"dimension": "channel", "targets": {"web": 0.5, "phone": 0.5}}],
    "source": "CRM",
}
OCTOBER: Json = {"from": "2026-10-01", "to": "2026-11-01"}
OBSERVATIONS: Json = {"observations": [OCTOBER | {"value": 1, "source": "ERP"}]}
_INDICATOR: Json = {"source": "kpi", "key": "nps", "kpi": "nps", "target": {"value": 0.3}}
SCORECARD: Json = {
    "title": {"en": "All"},
    "perspectives": [{"perspective": "customer", "indicators": [_INDICATOR]}],
}
RULE: Json = {
    "title": {"en": "Sales"},
    "watch": {"source": "metric", "metric": "watched"},
    "condition": {"kind": "target", "value": 1},
    "every": "day",
}
#: Ids of the same forms that nobody has.
STEERING_NOTHING = {
    "target": "nobodys",
    "metric": "nobodys",
    "scheme": "nobodys",
    "scorecard": "nobodys",
    "rule": "nobodys",
    "alert": str(uuid4()),
}
_DOCUMENT: Json = {
    "title": {"en": "Sales"},
    "watch": {"source": "metric", "kpi": None, "scope": None, "metric": "watched"},
    "condition": {"kind": "target"},
    "notify_at_risk": False,
    "channels": [],
}
#: What routes are sent, where it is more than an empty object.
STEERING_BODIES: Mapping[str, Json] = {
    "PUT /v1/metrics/{metric}/observations": OBSERVATIONS,
    "POST /v1/alerts/{alert}/acknowledge": {"note": "seen"},
}
#: What they are asked, where they need to be.
STEERING_QUERIES: Mapping[str, Json] = {"DELETE /v1/metrics/{metric}/observations": OCTOBER}
#: Routes whose id is the caller's own to choose.
STEERING_CHOSEN = {
    "PUT /v1/targets/{target}": "creates the target",
    "PUT /v1/metrics/{metric}": "creates the metric",
    "PUT /v1/weighting-schemes/{scheme}": "creates the scheme",
    "PUT /v1/scorecards/{scorecard}": "creates the scorecard",
    "PUT /v1/alert-rules/{rule}": "creates the rule",
}


async def steering_things(
    made: Callable[..., Awaitable[Json]], database: Database, workspace: UUID
) -> dict[str, str]:
    """One of everything, by the name of its path parameter."""
    await made("/v1/targets/theirs", TARGET, "PUT")
    await made("/v1/metrics/theirs", METRIC, "PUT")
    await made("/v1/weighting-schemes/theirs", SCHEME, "PUT")
    await made("/v1/metrics/theirs/observations", OBSERVATIONS, "PUT")
    await made("/v1/scorecards/theirs", SCORECARD, "PUT")
    await made("/v1/metrics/watched", METRIC, "PUT")
    await made("/v1/alert-rules/theirs", RULE, "PUT")
    async with database.transaction() as session:
        alert = await _alert(session, workspace)
    return dict.fromkeys(STEERING_NOTHING, "theirs") | {"alert": str(alert)}


async def _alert(session: AsyncSession, workspace: UUID) -> UUID:
    """An alert, as an evaluation leaves it."""
    rule = AlertRule(workspace_id=workspace, name="raised", document=_DOCUMENT, secrets={})
    raised = await raise_alert(
        session, rule, before="ok", state="breached", judged=Judged("breached", 0.5)
    )
    return raised.id


def _put(path: str, table: str, body: Json) -> Maker:
    async def change(at: Workshop) -> Change:
        return Change(f"{path}/made", at.rows(table, "name = 'made'"), {"json": body}, 201)

    return change


def _delete(path: str, table: str, body: Json) -> Maker:
    async def change(at: Workshop) -> Change:
        await at.made(f"{path}/gone", body, method="PUT")
        left = at.rows(table, "name = 'gone'")
        return Change(f"{path}/gone", f"SELECT 1 - ({left})", status=204)

    return change


async def _put_rule(at: Workshop) -> Change:
    await at.made("/v1/metrics/watched", METRIC, method="PUT")
    trace = at.rows("alert_rule_states", "rule = 'made'")
    return Change("/v1/alert-rules/made", trace, {"json": RULE}, 201)


async def _deleted_rule(at: Workshop) -> Change:
    await at.made("/v1/metrics/watched", METRIC, method="PUT")
    await at.made("/v1/alert-rules/gone", RULE, method="PUT")
    left = at.rows("alert_rules", "name = 'gone'")
    return Change("/v1/alert-rules/gone", f"SELECT 1 - ({left})", status=204)


async def _acknowledged(at: Workshop) -> Change:
    async with at.database.transaction() as session:
        alert = await _alert(session, at.workspace)
    trace = at.rows("alerts", "acknowledged_at IS NOT NULL")
    return Change(f"/v1/alerts/{alert}/acknowledge", trace, {"json": {}})


async def _observations(at: Workshop) -> Change:
    await at.made("/v1/metrics/observed", METRIC, method="PUT")
    trace = at.rows("metric_observations", "metric = 'observed'")
    return Change("/v1/metrics/observed/observations", trace, {"json": OBSERVATIONS})


async def _deleted_observation(at: Workshop) -> Change:
    await at.made("/v1/metrics/corrected", METRIC, method="PUT")
    path = "/v1/metrics/corrected/observations"
    await at.made(path, OBSERVATIONS, method="PUT")
    left = at.rows("metric_observations", "metric = 'corrected'")
    return Change(path, f"SELECT 1 - ({left})", {"params": OCTOBER}, 204)


STEERING: Mapping[str, tuple[Maker, ...]] = {
    "PUT /v1/targets/{target}": (_put("/v1/targets", "targets", TARGET),),
    "DELETE /v1/targets/{target}": (_delete("/v1/targets", "targets", TARGET),),
    "PUT /v1/metrics/{metric}": (_put("/v1/metrics", "metrics", METRIC),),
    "DELETE /v1/metrics/{metric}": (_delete("/v1/metrics", "metrics", METRIC),),
    "PUT /v1/weighting-schemes/{scheme}": (
        _put("/v1/weighting-schemes", "weighting_schemes", SCHEME),
    ),
    "DELETE /v1/weighting-schemes/{scheme}": (
        _delete("/v1/weighting-schemes", "weighting_schemes", SCHEME),
    ),
    "PUT /v1/metrics/{metric}/observations": (_observations,),
    "DELETE /v1/metrics/{metric}/observations": (_deleted_observation,),
    "PUT /v1/alert-rules/{rule}": (_put_rule,),
    "DELETE /v1/alert-rules/{rule}": (_deleted_rule,),
    "POST /v1/alerts/{alert}/acknowledge": (_acknowledged,),
    "PUT /v1/scorecards/{scorecard}": (_put("/v1/scorecards", "scorecards", SCORECARD),),
    "DELETE /v1/scorecards/{scorecard}": (_delete("/v1/scorecards", "scorecards", SCORECARD),),
}
"""Requests by method and path template."""
