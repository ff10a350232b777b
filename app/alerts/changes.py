"""A change of state: the alert, its event and its deliveries, all in one transaction."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import jobs
from app.alerts.hysteresis import State
from app.alerts.kinds import Cause
from app.alerts.models import Alert, AlertDelivery, AlertRule
from app.events.service import record
from app.strict_json import Json

Document = dict[str, Any]
DELIVER = "alerts.deliver"
NO_EVIDENCE: Document = dict.fromkeys(
    (
        "interval", "target", "statistic", "centre", "low", "high", "previous", "difference",
        "p", "test",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """What an evaluation found; `level` is None where there is no figure to judge."""

    level: State | None
    value: float | None = None
    unit: str = ""
    n: int | None = None
    start: date | None = None
    end: date | None = None
    evidence: Document = field(default_factory=lambda: dict(NO_EVIDENCE))
    observed_to: date | None = None
    """The end of the observation that was judged."""


async def raise_alert(
    session: AsyncSession,
    rule: AlertRule,
    *,
    before: State,
    state: State,
    judged: Judged,
    cause: Cause = "evaluation",
) -> Alert:
    """Write the alert, tell the event feed, and have every channel told once it is committed."""
    document = rule.document
    alert = Alert(
        workspace_id=rule.workspace_id,
        rule=rule.name,
        title=document["title"],
        watch=document["watch"],
        kind=document["condition"]["kind"],
        state=state,
        previous_state=before,
        cause=cause,
        period_start=judged.start,
        period_end=judged.end,
        value=judged.value,
        unit=judged.unit,
        n=judged.n,
        evidence=judged.evidence,
    )
    session.add(alert)
    await session.flush()
    record(
        session,
        rule.workspace_id,
        "alert.state_changed",
        str(alert.id),
        rule=rule.name,
        state=state,
        previous_state=before,
    )
    if "breached" in {before, state} or document["notify_at_risk"]:
        await _deliver(session, rule, alert)
    return alert


async def _deliver(session: AsyncSession, rule: AlertRule, alert: Alert) -> None:
    for number, channel in enumerate(rule.document["channels"]):
        session.add(
            AlertDelivery(
                workspace_id=rule.workspace_id,
                alert_id=alert.id,
                number=number,
                kind=channel["kind"],
                address=channel["address"],
                language=channel["language"],
                secret=rule.secrets.get(channel["address"]),
            )
        )
    await session.flush()
    for number, _ in enumerate(rule.document["channels"]):
        payload: dict[str, Json] = {
            "workspace_id": str(rule.workspace_id),
            "alert": str(alert.id),
            "number": number,
        }
        await jobs.enqueue(session, DELIVER, payload)
