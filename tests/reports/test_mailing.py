"""Scheduled reports are mailed to their receivers, each in a language, with the documents."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import worker
from app.config import Settings
from app.db import Database
from app.jobs import running
from tests.alerts.outside import Post, post_office
from tests.conftest import Tenant
from tests.reports.making import Drain, made, put
from tests.reports.test_schedule import _due_since, _look

RECIPIENTS = [{"to": "li@example.com"}, {"to": "ann@example.com", "language": "en"}]
AT = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
async def posting(settings: Settings) -> AsyncIterator[tuple[Post, Database]]:
    """A mail server, and the database of a worker that uses it."""
    async with post_office() as (post, port):
        changed = {
            "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none",
            "mail_from": "kpi@example.com", "pool_size": 4,
        }  # fmt: skip
        database = Database.of(settings.model_copy(update=changed))
        yield post, database
        await database.close()


async def _work(database: Database, tenant: Tenant) -> None:
    """Run the workspace's jobs until none is left."""
    ours = {"workspace_id": str(tenant.workspace.id)}
    while job := await running.take(database, worker.HANDLERS, ours):
        if error := await running.attempt(database, worker.HANDLERS, job):
            raise error


async def _deliveries(tenant: Tenant) -> list[dict[str, Any]]:
    [report] = (await tenant.client.get("/v1/reports")).json()["data"]
    read = (await tenant.client.get(f"/v1/reports/{report['id']}")).json()
    found: list[dict[str, Any]] = read["deliveries"]
    return found


async def test_each_receiver_gets_the_report_once(
    tenant: Tenant, posting: tuple[Post, Database]
) -> None:
    """In their language, with the page and the PDF; a title with a line break stays one line."""
    post, database = posting
    title = {"zh-CN": "门店月报\nBcc: x@y.example", "en": "Shops, monthly"}
    await put(tenant, "shops", title=title, schedule={"hour": 8}, recipients=RECIPIENTS)
    await _due_since(database, tenant, AT)
    await _look(database, AT + timedelta(minutes=1))
    await _work(database, tenant)
    await _work(database, tenant)
    mails = {mail["To"]: mail for mail in post.mails}
    assert len(post.mails) == 2
    zh, en = mails["li@example.com"], mails["ann@example.com"]
    assert zh["Subject"] == "门店月报 Bcc: x@y.example · 2026年10月"
    assert (en["Subject"], en["Bcc"]) == ("Shops, monthly · October 2026", None)
    for mail, language in ((zh, "zh-CN"), (en, "en")):
        attached = {part.get_content_type(): part for part in mail.iter_attachments()}
        assert set(attached) == {"text/html", "application/pdf"}
        assert attached["application/pdf"].get_content().startswith(b"%PDF-")
        assert f'<html lang="{language}">' in str(attached["text/html"].get_content())
    assert [each["status"] for each in await _deliveries(tenant)] == ["sent", "sent"]


async def test_without_a_mail_server_the_report_says_so(
    tenant: Tenant, database: Database, drain: Drain
) -> None:
    """The report is there all the same, and its deliveries failed for a reason."""
    await put(tenant, "shops", languages=["en"], schedule={"hour": 8}, recipients=RECIPIENTS[:1])
    await _due_since(database, tenant, AT)
    await _look(database, AT + timedelta(minutes=1))
    await drain()
    [delivery] = await _deliveries(tenant)
    assert (delivery["status"], delivery["error"]) == ("failed", "mail_not_configured")
    assert delivery["language"] == "en"


async def test_reports_on_demand_are_not_mailed(tenant: Tenant, drain: Drain) -> None:
    """Who asks for a report reads it; nobody else is bothered."""
    await put(tenant, "shops", languages=["en"], schedule={"hour": 8}, recipients=RECIPIENTS)
    report = await made(tenant, drain, definition="shops")
    assert report["deliveries"] == []
