"""Rules for the tests of alerts, and the clock that evaluates them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from app.alerts.buckets import next_end
from app.alerts.evaluating import evaluate
from app.alerts.models import Alert, AlertRuleState
from app.db import Database
from app.kpis.periods import day_starts_at
from tests.conftest import Tenant
from tests.scorecards.test_metrics_api import define, state

Json = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 3, 1)
TITLE = {"zh-CN": "交付 & 质量", "en": "Delivery & quality"}
ON_METRIC: Json = {
    "title": TITLE,
    "watch": {"source": "metric", "metric": "delivery"},
    "condition": {"kind": "target", "value": 95},
    "every": "day",
}
ON_NPS: Json = {
    "title": TITLE,
    "watch": {"source": "kpi", "kpi": "nps"},
    "condition": {"kind": "target", "value": 0.3},
    "every": "day",
}


async def put_rule(tenant: Tenant, name: str = "rule", status: int = 201, **changes: Any) -> Json:
    """Put a rule on the metric, unless told otherwise; the answer."""
    answer = await tenant.client.put(f"/v1/alert-rules/{name}", json=ON_METRIC | changes)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def watch_delivery(tenant: Tenant, **changes: Any) -> None:
    """A metric and a rule on it."""
    await define(tenant, "delivery")
    await put_rule(tenant, **changes)


async def observe(tenant: Tenant, day: int, value: float) -> None:
    """State a value of the day with that number."""
    start = FIRST + timedelta(days=day)
    end = start + timedelta(days=1)
    stated = {"from": start.isoformat(), "to": end.isoformat(), "value": value, "source": "ERP"}
    await state(tenant, "delivery", stated)


def after(day: int) -> datetime:
    """The instant at which the day with that number is over."""
    return day_starts_at(FIRST + timedelta(days=day + 1), SHANGHAI)


async def begin(
    database: Database, workspace: UUID, name: str = "rule", day: int = 0, every: str = "day"
) -> None:
    """Let the rule be next due when the day with that number is over."""
    end = after(day - 1)
    due = next_end(end, "day" if every != "week" else "week", SHANGHAI)
    async with database.transaction() as session:
        await session.execute(
            update(AlertRuleState)
            .where(AlertRuleState.workspace_id == workspace, AlertRuleState.rule == name)
            .values(evaluated_to=end, due_at=due)
        )


async def look(database: Database, workspace: UUID, at: datetime, name: str = "rule") -> bool:
    """What one worker does when it looks at the rule."""
    return await evaluate(database, workspace, name, at)


async def alerts_of(database: Database, workspace: UUID) -> list[Alert]:
    """The alerts, oldest first."""
    async with database.snapshot() as session:
        query = select(Alert).where(Alert.workspace_id == workspace).order_by(Alert.id)
        return list(await session.scalars(query))
