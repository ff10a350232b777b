"""Deliveries to a real receiver and a real mail server: once as far as possible, and told."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app import worker
from app.alerts import delivering
from app.alerts.delivering import AtWork, deliver
from app.alerts.models import AlertDelivery
from app.alerts.webhooks import Message, Undelivered, signature
from app.config import Settings
from app.db import Database, now
from app.jobs import Job, running
from app.main import create_app
from app.strict_json import Json as JsonValue
from tests.alerts.making import TITLE, after, alerts_of, begin, look, observe, put_rule
from tests.alerts.outside import SECRET, Receiver, post_office, receiving
from tests.conftest import Tenant, client_of
from tests.scorecards.test_metrics_api import define

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A workspace whose webhooks may go to this machine, and a receiver on it."""

    tenant: Tenant
    database: Database
    receiver: Receiver

    @property
    def workspace(self) -> UUID:
        """The id of the workspace."""
        return self.tenant.workspace.id

    async def breach(self, *channels: Json, **changes: Any) -> str:
        """A rule with these channels, breached; the id of the alert."""
        await define(self.tenant, "delivery")
        app = create_app(self.database.settings)
        body = {
            "title": TITLE,
            "watch": {"source": "metric", "metric": "delivery"},
            "condition": {"kind": "target", "value": 95},
            "every": "day",
            "channels": list(channels),
        } | changes
        async with client_of(app, self.tenant.secret_key) as client:
            answer = await client.put("/v1/alert-rules/rule", json=body)
        await app.state.database.close()
        assert answer.is_success, answer.text
        await begin(self.database, self.workspace)
        await observe(self.tenant, 0, 90)
        assert await look(self.database, self.workspace, after(0))
        return str((await alerts_of(self.database, self.workspace))[-1].id)

    async def work(self) -> list[Exception]:
        """Run the due jobs as a worker does; the errors."""
        ours = {"workspace_id": str(self.workspace)}
        errors = []
        while job := await running.take(self.database, worker.HANDLERS, ours):
            error = await running.attempt(self.database, worker.HANDLERS, job)
            errors += [error] if error else []
        return errors

    def job(self, alert: str, attempt: int = 1) -> Job:
        """A job that delivers the first channel."""
        payload: Mapping[str, JsonValue] = {
            "workspace_id": str(self.workspace),
            "alert": alert,
            "number": 0,
        }
        return Job(self.workspace, "alerts.deliver", payload, attempt)

    async def deliveries(self, alert: str) -> list[Json]:
        """What the API shows of an alert's deliveries."""
        answer = await self.tenant.client.get(f"/v1/alerts/{alert}")
        found: list[Json] = answer.json()["deliveries"]
        return found

    def hook(self) -> Json:
        """The receiver as a channel."""
        return {"kind": "webhook", "url": self.receiver.url, "secret": SECRET}


@pytest.fixture
async def place(tenant: Tenant, settings: Settings) -> AsyncIterator[Place]:
    """The outside world on this machine."""
    allowed = {"webhook_private_addresses": True, "smtp_security": "none", "pool_size": 4}
    database = Database.of(settings.model_copy(update=allowed))
    async with receiving() as receiver:
        yield Place(tenant, database, receiver)
    await database.close()


async def test_a_webhook_is_told_once(place: Place) -> None:
    """The receiver gets the alert as the API shows it, signed; the delivery is recorded."""
    alert = await place.breach(place.hook())
    assert await place.work() == []
    (call,) = place.receiver.calls
    told = json.loads(call.body)
    shown = (await place.tenant.client.get(f"/v1/alerts/{alert}")).json()
    assert told["type"] == "alert.state_changed"
    assert told["data"] == {name: shown[name] for name in told["data"]}
    assert (told["data"]["state"], told["data"]["value"]) == ("breached", 90)
    message = Message(alert, int(call.headers["webhook-timestamp"]), call.body)
    expected = signature(message, SECRET)
    assert hmac.compare_digest(call.headers["webhook-signature"], expected)
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["attempts"], delivery["error"]) == ("delivered", 1, None)
    await deliver(place.database, place.job(alert))
    assert len(place.receiver.calls) == 1


async def test_eight_workers_call_once(place: Place) -> None:
    """However many take the same job at the same time, one calls."""
    alert = await place.breach(place.hook())
    place.receiver.delay = 0.2
    jobs = (deliver(place.database, place.job(alert)) for _ in range(8))
    ends = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(end is None for end in ends) >= 1
    assert {type(end) for end in ends if end is not None} <= {AtWork}
    assert len(place.receiver.calls) == 1


async def test_what_failed_is_tried_again_under_the_same_id(place: Place) -> None:
    """A receiver that is down twice gets it the third time; every attempt is counted."""
    place.receiver.answers = ["503 Busy", "500 Broken", "200 OK"]
    alert = await place.breach(place.hook())
    (error,) = await place.work()
    assert isinstance(error, Undelivered)
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["error"]) == ("pending", "status_503")
    with pytest.raises(Undelivered, match="status_500"):
        await deliver(place.database, place.job(alert, 2))
    await deliver(place.database, place.job(alert, 3))
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 3)
    assert {call.headers["webhook-id"] for call in place.receiver.calls} == {alert}


@pytest.mark.parametrize(("answer", "attempt"), [("410 Gone", 1), ("500 Broken", 10)])
async def test_what_is_given_up_is_told(place: Place, answer: str, attempt: int) -> None:
    """Gone for ever, or failed at the last attempt: recorded as failed, never tried again."""
    place.receiver.answers = [answer]
    alert = await place.breach(place.hook())
    await deliver(place.database, place.job(alert, attempt))
    await deliver(place.database, place.job(alert, attempt))
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["error"]) == ("failed", f"status_{answer[:3]}")
    assert len(place.receiver.calls) == 1


async def test_a_worker_that_dies_in_the_middle(place: Place) -> None:
    """Its claim keeps others away for a while; then one sends the same message once more."""
    alert = await place.breach(place.hook())
    place.receiver.delay = 5.0
    dying = asyncio.create_task(deliver(place.database, place.job(alert)))
    await place.receiver.called.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    place.receiver.delay = 0.0
    with pytest.raises(AtWork):
        await deliver(place.database, place.job(alert, 2))
    old = now() - delivering._CLAIM - timedelta(seconds=1)
    async with place.database.transaction() as session:
        await session.execute(
            update(AlertDelivery)
            .where(AlertDelivery.workspace_id == place.workspace)
            .values(attempted_at=old)
        )
    await deliver(place.database, place.job(alert, 2))
    assert [call.headers["webhook-id"] for call in place.receiver.calls] == [alert, alert]
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 2)


async def test_nothing_is_open_while_the_world_is_called(place: Place) -> None:
    """During the call the delivery is claimed for everybody to see, and no row is locked."""
    alert = await place.breach(place.hook())
    place.receiver.delay = 0.5
    calling = asyncio.create_task(deliver(place.database, place.job(alert)))
    await place.receiver.called.wait()
    (delivery,) = await place.deliveries(alert)
    assert delivery["status"] == "sending"
    seen = await place.tenant.client.post(f"/v1/alerts/{alert}/acknowledge", json={})
    assert seen.status_code == 200
    assert not calling.done()
    await calling


async def test_a_mail_is_written_in_the_language_of_its_receiver(place: Place) -> None:
    """Both languages, as text and as HTML, with the figure; markup in a title stays text."""
    async with post_office() as (post, port):
        changed = {"smtp_host": "127.0.0.1", "smtp_port": port, "mail_from": "kpi@example.com"}
        database = Database.of(place.database.settings.model_copy(update=changed))
        await place.breach(
            {"kind": "mail", "to": "li@example.com"},
            {"kind": "mail", "to": "ann@example.com", "language": "en"},
            title={"zh-CN": "交付 <b>质量</b>", "en": "Delivery <b>quality</b>\nBcc: x@y.example"},
        )
        outside = Place(place.tenant, database, place.receiver)
        assert await outside.work() == []
        assert await outside.work() == []
        await database.close()
    mails = {mail["To"]: mail for mail in post.mails}
    assert set(mails) == {"li@example.com", "ann@example.com"}
    assert len(post.mails) == 2
    for to, said, figure in (
        ("li@example.com", "交付 <b>质量</b>: 超出界限", "目标: 95 %"),
        ("ann@example.com", "Delivery <b>quality</b> Bcc: x@y.example: out of bounds",
         "Target: 95 %"),
    ):  # fmt: skip
        mail = mails[to]
        assert mail["Subject"] == said
        assert (mail["From"], mail["Bcc"]) == ("kpi@example.com", None)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert figure in text.get_content()
        assert "&lt;b&gt;" in html.get_content()
        assert "<b>" not in html.get_content()


async def test_mail_that_is_refused_or_has_no_server(place: Place) -> None:
    """A receiver that the server refuses for good, and no server at all, are given up at once."""
    alert = await place.breach({"kind": "mail", "to": "nobody@example.com"})
    assert await place.work() == []
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["error"]) == ("failed", "mail_not_configured")
    async with post_office() as (post, port):
        post.refuses = "451 Later"
        changed = {"smtp_host": "127.0.0.1", "smtp_port": port}
        database = Database.of(place.database.settings.model_copy(update=changed))
        async with database.transaction() as session:
            await session.execute(
                update(AlertDelivery)
                .where(AlertDelivery.workspace_id == place.workspace)
                .values(status="pending")
            )
        with pytest.raises(Undelivered, match="smtp_451"):
            await deliver(database, place.job(alert))
        post.refuses = "550 No such person"
        await deliver(database, place.job(alert, 2))
        await database.close()
    (delivery,) = await place.deliveries(alert)
    assert (delivery["status"], delivery["error"]) == ("failed", "smtp_550")


async def test_at_risk_is_told_only_if_wanted(place: Place) -> None:
    """The end of a breach is told; by default a risk that comes and goes is not."""
    await place.breach(place.hook())
    await put_rule(place.tenant, status=422, channels=[place.hook()])  # not allowed elsewhere
    await observe(place.tenant, 1, 99)
    assert await look(place.database, place.workspace, after(1))
    assert await place.work() == []
    states = [json.loads(call.body)["data"]["state"] for call in place.receiver.calls]
    assert states == ["breached", "ok"]
