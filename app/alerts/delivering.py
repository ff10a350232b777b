"""Bringing an alert to a channel in three short steps: claim, call, record.

No transaction is open while the outside world is called. A worker that dies in between leaves
the claim, which another takes over when it is old: the message then goes out a second time, under
the same id, by which the receiver knows it.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.alerts import mail, messages, webhooks
from app.alerts.models import Alert, AlertDelivery
from app.alerts.reading import alert_read
from app.alerts.webhooks import Message, Undelivered
from app.config import Settings
from app.db import Database, now
from app.jobs import Job
from app.strict_json import Json

#: Longer than any call takes: a claim that is older belongs to a worker that is gone.
_CLAIM = timedelta(seconds=40)


class AtWork(Exception):
    """Another worker is calling for the same delivery; look again later."""


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker alone may call for now."""

    alert: Alert
    delivery: AlertDelivery


async def deliver(database: Database, job: Job) -> None:
    """Deliver what the job names, unless that is done. Raises `Undelivered` to be tried again."""
    workspace_id, alert_id, number = _named(job.payload)
    async with database.transaction() as session:
        claimed = await _claim(session, workspace_id, alert_id, number)
    if claimed is None:
        return
    failure: Undelivered | None = None
    try:
        await _call(database.settings, claimed)
    except Undelivered as undelivered:
        failure = undelivered
    over = failure is None or failure.final or job.last
    async with database.transaction() as session:
        await _record(session, claimed.delivery, failure, over=over)
    if failure is not None and not over:
        raise failure


def _named(payload: Mapping[str, Json]) -> tuple[UUID, UUID, int]:
    number = payload["number"]
    if not isinstance(number, int):
        raise TypeError
    return UUID(str(payload["workspace_id"])), UUID(str(payload["alert"])), number


async def _claim(
    session: AsyncSession, workspace_id: UUID, alert_id: UUID, number: int
) -> Claimed | None:
    """Mark the delivery as being called for; None where it has arrived or was given up."""
    delivery = await _locked(session, workspace_id, alert_id, number)
    if delivery is None or delivery.status in {"delivered", "failed"}:
        return None
    at = now()
    if (
        delivery.status == "sending"
        and delivery.attempted_at is not None
        and delivery.attempted_at > at - _CLAIM
    ):
        raise AtWork
    delivery.status, delivery.attempted_at = "sending", at
    delivery.attempts += 1
    alert = await session.get_one(Alert, (workspace_id, alert_id))
    return Claimed(alert, delivery)


async def _locked(
    session: AsyncSession, workspace_id: UUID, alert_id: UUID, number: int
) -> AlertDelivery | None:
    query = select(AlertDelivery).where(
        AlertDelivery.workspace_id == workspace_id,
        AlertDelivery.alert_id == alert_id,
        AlertDelivery.number == number,
    )
    found: AlertDelivery | None = await session.scalar(query.with_for_update())
    return found


async def _call(settings: Settings, claimed: Claimed) -> None:
    alert, delivery = claimed.alert, claimed.delivery
    if delivery.kind == "webhook":
        message = Message(str(alert.id), int(time.time()), body_of(alert))
        private = settings.webhook_private_addresses
        await webhooks.call(delivery.address, message, delivery.secret or "", private=private)
        return
    letter = mail.mail(
        settings,
        id_=f"{alert.id}.{delivery.number}",
        to=delivery.address,
        subject=messages.subject(alert, delivery.language),
        text=messages.plain(alert, delivery.language),
        html=messages.html(alert, delivery.language),
    )
    await mail.send(settings, letter)


def body_of(alert: Alert) -> bytes:
    """The body of a webhook: the alert as the API shows it when it was raised."""
    data = alert_read(alert).model_dump(mode="json")
    seen = ("acknowledged_at", "acknowledged_by", "note")
    shown = {name: value for name, value in data.items() if name not in seen}
    envelope = {"type": "alert.state_changed", "timestamp": data["created_at"], "data": shown}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


async def _record(
    session: AsyncSession, claimed: AlertDelivery, failure: Undelivered | None, *, over: bool
) -> None:
    """Write down how it ended, unless somebody else took the claim over meanwhile."""
    delivery = await _locked(session, claimed.workspace_id, claimed.alert_id, claimed.number)
    if delivery is None or delivery.attempts != claimed.attempts:
        return
    if failure is None:
        delivery.status, delivery.delivered_at, delivery.error = "delivered", now(), None
    else:
        delivery.status = "failed" if over else "pending"
        delivery.error = failure.why
    if over:
        delivery.secret = None
