"""Churn early warning over HTTP: reasons with values, key accounts first, each crossing once."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.churn.models import ChurnCount
from app.churn.recount import recount_churn
from app.churn.tasks import watch_all
from app.customers.models import Customer
from app.db import Database
from app.events.models import Event
from app.lifetime.models import CustomerPrediction, ModelRun
from app.recounts.findings import Difference
from tests.churn.making import Json, bought, crossings, looked, risk
from tests.complaints.makers import do, file, resolved
from tests.conftest import Tenant
from tests.responses.builders import CSAT, NPS, publish


async def _scored(
    tenant: Tenant, survey: str, customer: str, days_ago: int, **answers: Any
) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    body = {"answers": answers, "customer": customer, "occurred_at": at.isoformat()}
    sent = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=body)
    assert sent.status_code == 201, sent.text


def _codes(found: Json) -> list[str]:
    return [reason["code"] for reason in found["reasons"]]


async def test_reasons_come_with_their_values(tenant: Tenant) -> None:
    """A rhythm of 10 days broken for 35, a low score after a good one, and an open complaint."""
    await bought(tenant, "c1", 55, 45, 35)
    survey = await publish(tenant, NPS, CSAT)
    await _scored(tenant, survey, "c1", 9, nps=9, csat=4)
    await _scored(tenant, survey, "c1", 2, nps=8, csat=2)
    quiet = await risk(tenant, "c1")
    assert quiet["level"] == "critical"
    await file(tenant.client, customer="c1")
    found = await risk(tenant, "c1")
    expected = ["overdue", "long_overdue", "open_complaint", "dissatisfied", "score_drop"]
    assert _codes(found) == expected
    by_code = {reason["code"]: reason for reason in found["reasons"]}
    overdue = by_code["long_overdue"]
    assert (overdue["value"], overdue["threshold"], overdue["weight"]) == (3.5, 3.0, 2)
    assert (overdue["days_since_last_purchase"], overdue["median_gap_days"]) == (35, 10.0)
    low = by_code["dissatisfied"]
    assert (low["question"], low["score"], low["low_box_ends_at"]) == ("csat", 2, 2)
    assert low["survey"] == survey
    drop = by_code["score_drop"]
    assert (drop["value"], drop["score_before"], drop["score"]) == (2.0, 4, 2)
    assert found["signals"]["complaints_90_days"] == 1
    assert (found["kind"], found["model_run"], found["since"]) == ("exact", None, None)
    assert found["rules"]["version"] == 1
    chinese = await tenant.client.get(
        "/v1/customers/c1/churn-risk", headers={"Accept-Language": "zh-CN"}
    )
    assert "投诉" in chinese.json()["rules"]["formula"]


async def test_a_customer_without_anything_is_at_no_level(tenant: Tenant, stranger: Tenant) -> None:
    """Nothing known is none, with nulls; an unknown customer and another's are 404."""
    await tenant.client.put("/v1/customers/c1", json={})
    found = await risk(tenant, "c1")
    assert (found["level"], found["reasons"]) == ("none", [])
    assert found["signals"]["overdue_ratio"] is None
    assert found["signals"]["dissatisfied"] is None
    for client, name in ((tenant.client, "nobody"), (stranger.client, "c1")):
        answer = await client.get(f"/v1/customers/{name}/churn-risk")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_complaints_by_what_they_are(tenant: Tenant) -> None:
    """Two in 90 days, and a reopening, weigh 2; praise, confidences and duplicates nothing."""
    await tenant.client.put("/v1/customers/c1", json={})
    await file(tenant.client, customer="c1", kind="praise")
    await file(tenant.client, customer="c1", identity_mode="confidential")
    assert (await risk(tenant, "c1"))["level"] == "none"
    case = await resolved(tenant.client, customer="c1")
    found = await risk(tenant, "c1")
    assert (found["level"], found["signals"]["complaints_90_days"]) == ("none", 1)
    await do(tenant.client, case["id"], "reopen", reason="It happened again.")
    found = await risk(tenant, "c1")
    assert _codes(found) == ["open_complaint", "reopened_complaint"]
    assert found["level"] == "at_risk"
    await file(tenant.client, customer="c1", category="delivery")
    assert "repeated_complaints" in _codes(await risk(tenant, "c1"))


async def test_refunded_orders_are_no_purchases(tenant: Tenant) -> None:
    """What was fully paid back is not part of a customer's rhythm."""
    await bought(tenant, "c1", 60, 50, 40, 1)
    assert (await risk(tenant, "c1"))["level"] == "none"
    listed = (await tenant.client.get("/v1/orders?customer=c1&limit=1")).json()
    last = listed["data"][0]["external_id"]
    refund = {"external_id": "r", "amount": "10.00", "refunded_at": "2026-01-01T00:00:00Z"}
    booked = await tenant.client.post(f"/v1/orders/{last}/refunds", json=refund)
    assert booked.status_code == 201
    assert _codes(await risk(tenant, "c1")) == ["overdue", "long_overdue"]


async def test_key_accounts_stand_first(tenant: Tenant, database: Database) -> None:
    """The list goes by key account and level, in pages, filtered; types are counted."""
    names = [f"c{n}" for n in range(6)]
    for number, name in enumerate(names):
        key = {"key_account_type": "strategic"} if number in {2, 4} else {}
        await tenant.client.put(f"/v1/customers/{name}", json={"segment": "ab"[number % 2], **key})
    for name in names[:4]:
        await file(tenant.client, customer=name)
    await file(tenant.client, customer="c1", category="delivery")
    await looked(database, tenant)
    seen: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = (await tenant.client.get("/v1/churn-risks", params=query)).json()
        seen += page["data"]
        cursor = page["next_cursor"]
    assert [(each["customer"], each["level"]) for each in seen[:2]] == [
        ("c2", "watch"),
        ("c1", "at_risk"),
    ]
    assert {each["customer"] for each in seen} == {"c0", "c1", "c2", "c3"}
    assert len(seen) == 4
    for query, expected in (
        ({"level": "at_risk"}, {"c1"}),
        ({"key_account_type": "strategic"}, {"c2"}),
        ({"segment": "b"}, {"c1", "c3"}),
        ({"level": "none"}, {"c4", "c5"}),
    ):
        page = (await tenant.client.get("/v1/churn-risks", params=query)).json()
        assert {each["customer"] for each in page["data"]} == expected
    summary = (await tenant.client.get("/v1/churn-risks/summary")).json()
    assert summary["data"] == [
        {
            "key_account_type": "strategic", "customers": 2, "none": 1, "watch": 1,
            "at_risk": 0, "critical": 0,
        },
        {
            "key_account_type": None, "customers": 4, "none": 1, "watch": 2,
            "at_risk": 1, "critical": 0,
        },
    ]  # fmt: skip


async def _differences(database: Database, tenant: Tenant) -> Sequence[Difference]:
    async with database.snapshot() as session:
        return (await recount_churn(session, tenant.workspace.id, None)).differences


async def test_counts_equal_a_recount_whatever_happens(tenant: Tenant, database: Database) -> None:
    """Complaints, other types, new customers between looks of the worker; a wrong count shows."""
    rng = random.Random(3)
    for _ in range(6):
        for _ in range(4):
            name = f"c{rng.randrange(6)}"
            key = rng.choice([{}, {"key_account_type": "strategic"}])
            await tenant.client.put(f"/v1/customers/{name}", json=key)
            if rng.random() < 0.5:
                await file(tenant.client, customer=name)
        await looked(database, tenant)
        assert not await _differences(database, tenant)
    async with database.transaction() as session:
        await session.execute(
            update(ChurnCount)
            .where(ChurnCount.workspace_id == tenant.workspace.id)
            .values(n=ChurnCount.n + 1)
        )
    assert await _differences(database, tenant)


async def test_each_crossing_is_told_once(tenant: Tenant, database: Database) -> None:
    """Up and down again: one entry and one event each; looking again adds none."""
    await tenant.client.put("/v1/customers/c1", json={})
    await looked(database, tenant)
    empty = await crossings(tenant)
    assert empty == {"data": [], "next_cursor": None}
    case = await file(tenant.client, customer="c1")
    for _ in range(3):
        await looked(database, tenant)
    first = await crossings(tenant)
    assert [(each["level_before"], each["level"]) for each in first["data"]] == [("none", "watch")]
    assert _codes(first["data"][0]) == ["open_complaint"]
    found = await risk(tenant, "c1")
    assert found["since"] == first["data"][0]["crossed_at"]
    await do(tenant.client, case["id"], "resolve_now", text="Done.", complainant_agreed=True)
    await looked(database, tenant)
    rest = await crossings(tenant, first["next_cursor"])
    assert [(each["level_before"], each["level"]) for each in rest["data"]] == [("watch", "none")]
    again = await crossings(tenant, rest["next_cursor"])
    assert again == {"data": [], "next_cursor": rest["next_cursor"]}
    only = await crossings(tenant, level="watch")
    assert len(only["data"]) == 1
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await crossings(tenant, since=later))["data"] == []
    async with database.snapshot() as session:
        told = select(Event.data).where(
            Event.workspace_id == tenant.workspace.id, Event.type == "churn_risk.crossed"
        )
        assert list(await session.scalars(told.order_by(Event.xid, Event.id))) == [
            {"level_before": "none", "level": "watch"},
            {"level_before": "watch", "level": "none"},
        ]


async def test_time_alone_crosses_levels(tenant: Tenant, database: Database) -> None:
    """A rhythm that stops is seen on the day it is overdue, without anything new arriving."""
    await bought(tenant, "c1", 20, 10, 0)
    today = datetime.now(UTC)
    await looked(database, tenant, today)
    for days in (10, 19, 21, 25, 31, 40):
        await looked(database, tenant, today + timedelta(days=days))
    feed = (await crossings(tenant))["data"]
    assert [(each["level_before"], each["level"]) for each in feed] == [
        ("none", "watch"),
        ("watch", "at_risk"),
    ]
    passed = [
        (datetime.fromisoformat(each["crossed_at"]) - today).total_seconds() / 86_400
        for each in feed
    ]
    assert [round(each) for each in passed] == [21, 31]


async def test_a_late_commit_is_not_passed_over(tenant: Tenant, database: Database) -> None:
    """While a transaction that began earlier is open, the feed waits for it."""
    for name in ("c1", "c2"):
        await tenant.client.put(f"/v1/customers/{name}", json={})
    await file(tenant.client, customer="c1")
    async with database.transaction() as session:
        await session.execute(text("SELECT pg_current_xact_id()"))
        await looked(database, tenant)
        assert (await crossings(tenant))["data"] == []
    assert len((await crossings(tenant))["data"]) == 1


async def test_two_workers_judge_each_customer_once(tenant: Tenant, database: Database) -> None:
    """Workers at the same time share the work; nobody crosses twice."""
    for number in range(8):
        await tenant.client.put(f"/v1/customers/c{number}", json={})
        await file(tenant.client, customer=f"c{number}")
    await asyncio.gather(*(watch_all(database) for _ in range(2)))
    feed = (await crossings(tenant))["data"]
    assert sorted(each["customer"] for each in feed) == [f"c{number}" for number in range(8)]


async def test_risks_of_persons_need_the_scope_of_customers(tenant: Tenant) -> None:
    """A key that may read figures does not learn who complains."""
    made = await tenant.client.post(
        "/v1/api-keys", json={"kind": "secret", "name": "bi", "scopes": ["kpi:read"]}
    )
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    for path in ("churn-risks", "churn-risks/summary", "churn-risks/crossings"):
        answer = await tenant.client.get(f"/v1/{path}", headers=headers)
        assert answer.json()["code"] == "missing-scope"


async def _run(database: Database, tenant: Tenant, days_ago: int, **alive: float) -> UUID:
    """A sound model run that knew everything up to a day, and what it says of customers."""
    workspace_id = tenant.workspace.id
    async with database.transaction() as session:
        run = ModelRun(
            workspace_id=workspace_id,
            kind="bgnbd",
            status="sound",
            unit="weeks",
            calibration_end=datetime.now(UTC).date() - timedelta(days=days_ago),
            currency="CNY",
            discount_annual=10,
            result={},
        )
        session.add(run)
        await session.flush()
        names = select(Customer.external_id, Customer.id).where(
            Customer.workspace_id == workspace_id, Customer.external_id.in_(alive)
        )
        numbers = {
            column.name: 0
            for column in CustomerPrediction.__table__.columns
            if column.name not in {"workspace_id", "run_id", "customer_id"}
        }
        for name, id_ in await session.execute(names):
            said = numbers | {"repeat_days": 3, "p_alive": alive[name]}
            session.add(
                CustomerPrediction(
                    workspace_id=workspace_id, run_id=run.id, customer_id=id_, **said
                )
            )
    return run.id


async def test_a_model_run_is_named_where_it_was_asked(tenant: Tenant, database: Database) -> None:
    """P(alive) is an estimate and says whose; a purchase after the run makes it void."""
    for name in ("c1", "c2"):
        await bought(tenant, name, 40, 10)
    await looked(database, tenant)
    assert (await crossings(tenant))["data"] == []
    run = await _run(database, tenant, 5, c1=0.1, c2=0.9)
    found = await risk(tenant, "c1")
    assert (found["level"], found["kind"], found["model_run"]) == ("at_risk", "estimated", str(run))
    assert _codes(found) == ["fading", "probably_gone"]
    assert [reason["value"] for reason in found["reasons"]] == [0.1, 0.1]
    calm = await risk(tenant, "c2")
    assert (calm["level"], calm["signals"]["p_alive"], calm["kind"]) == ("none", 0.9, "estimated")
    await looked(database, tenant)
    told = (await crossings(tenant))["data"]
    assert [(each["customer"], each["model_run"]) for each in told] == [("c1", str(run))]
    await bought(tenant, "c1", 1)
    back = await risk(tenant, "c1")
    assert (back["level"], back["kind"], back["signals"]["p_alive"]) == ("none", "exact", None)
