"""Runs that are not sound, what they see of refunds and days, and how they end and begin again."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app import worker
from app.db import Database
from app.jobs import running
from app.lifetime import tasks
from tests.conftest import Tenant, open_tenant
from tests.customers.making import NDJSON, ndjson

Drain = Callable[[], Awaitable[int]]
_END = date(2026, 6, 30)
_ASKED = {"kind": "bgnbd", "calibration_end": str(_END), "holdout_end": "2026-08-31"}


def _orders() -> list[dict[str, Any]]:
    """Eighty customers who buy now and then, some twice a day."""
    rng = random.Random(1)
    found = []
    for customer in range(80):
        day = date(2026, 1, 1) + timedelta(days=rng.randrange(60))
        while day < date(2026, 9, 1):
            several = range(rng.choice((1, 1, 1, 2)))
            found += [(f"C{customer}", day, f"{rng.randrange(10, 90)}.50") for _ in several]
            if rng.random() < 0.25:
                break
            day += timedelta(days=1 + int(rng.expovariate(1 / 25)))
    return [
        {"external_id": f"o{n}", "customer": customer, "ordered_on": str(day), "amount": amount,
         "currency": "CNY"}
        for n, (customer, day, amount) in enumerate(found)
    ]  # fmt: skip


async def _work(tenant: Tenant, database: Database) -> Exception | None:
    job = await running.take(database, worker.HANDLERS, {"workspace_id": str(tenant.workspace.id)})
    assert job is not None
    return await running.attempt(database, worker.HANDLERS, job)


@pytest.fixture(scope="module")
async def shop(app: FastAPI) -> AsyncIterator[tuple[Tenant, dict[str, Any]]]:
    """Eighty customers with a run; C0's first order was paid back, and half of its last seen."""
    tenant = await open_tenant(app, "a small shop")
    orders = _orders()
    answer = await tenant.client.post("/v1/orders", content=ndjson(orders), headers=NDJSON)
    assert answer.status_code == 200, answer.text
    first = next(each for each in orders if each["customer"] == "C0")
    refund = {"external_id": "r", "amount": first["amount"], "refunded_on": "2026-06-01"}
    path = f"/v1/orders/{first['external_id']}/refunds"
    assert (await tenant.client.post(path, json=refund)).status_code == 201
    answer = await tenant.client.post("/v1/model-runs", json=_ASKED)
    assert await _work(tenant, app.state.database) is None
    run = (await tenant.client.get(answer.headers["Location"])).json()
    yield tenant, run
    await tenant.client.aclose()
    await tenant.public.aclose()


async def test_few_customers_are_unreliable_and_withheld(
    shop: tuple[Tenant, dict[str, Any]],
) -> None:
    """Fewer than 500: the fit and its reasons are shown, its values only on request."""
    tenant, run = shop
    assert run["status"] == "unreliable"
    assert {"few_customers", "few_repeaters"} <= set(run["reasons"])
    path = "/v1/customers/C1/lifetime-value"
    withheld = await tenant.client.get(path)
    assert (withheld.status_code, withheld.json()["code"]) == (409, "no-model-run")
    shown = await tenant.client.get(path, params={"accept_unreliable": "yes"})
    assert shown.status_code == 200, shown.text
    assert (shown.json()["model_status"], shown.json()["reasons"]) == ("unreliable", run["reasons"])
    asked = {"mode": "predictive", "from": "2026-01-01", "to": "2026-07-01"}
    kpi = (await tenant.client.get("/v1/kpis/lifetime-value", params=asked)).json()
    assert (kpi["value"], kpi["reason"]) == (None, "no_model_run")
    asked["accept_unreliable"] = "yes"
    kpi = (await tenant.client.get("/v1/kpis/lifetime-value", params=asked)).json()
    assert kpi["value"] > 0
    assert "unreliable_model" in kpi["warnings"]


async def test_statistics_are_those_of_the_orders(shop: tuple[Tenant, dict[str, Any]]) -> None:
    """x, t_x, T, m and the sum of each customer, recounted in Python; a refunded order is none."""
    tenant, run = shop
    orders = _orders()
    undone = next(each for each in orders if each["customer"] == "C0")["external_id"]
    bought: dict[str, dict[date, float]] = {}
    for each in orders:
        day = date.fromisoformat(each["ordered_on"])
        if day <= _END and each["external_id"] != undone:
            own = bought.setdefault(each["customer"], {})
            own[day] = own.get(day, 0) + float(each["amount"])
    assert run["customers"] == len(bought)
    assert run["repeaters"] == sum(len(own) > 1 for own in bought.values())
    for customer, own in list(bought.items())[:12]:
        path = f"/v1/customers/{customer}/lifetime-value"
        found = (await tenant.client.get(path, params={"accept_unreliable": "yes"})).json()
        days = sorted(own)
        assert found["repeat_purchases"] == len(days) - 1
        assert found["recency"] * 7 == pytest.approx((days[-1] - days[0]).days)
        assert found["age"] * 7 == pytest.approx((_END - days[0]).days)
        assert found["historic"] == pytest.approx(sum(own.values()))
        repeated = [own[day] for day in days[1:]]
        mean = sum(repeated) / len(repeated) if repeated else None
        assert found["mean_repeat_value"] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"calibration_end": "2999-01-01"}, "/calibration_end"),
        ({"calibration_end": "2026-06-30", "holdout_end": "2026-06-30"}, "/holdout_end"),
        ({"calibration_end": "2026-06-30", "holdout_end": "2999-01-01"}, "/holdout_end"),
        ({"discount_annual": 0}, "/discount_annual"),
        ({"unit": "years"}, "/unit"),
    ],
)
async def test_what_cannot_be_fitted_is_refused_at_once(
    tenant: Tenant, asked: dict[str, Any], pointer: str
) -> None:
    """Days that are not over, a holdout that does not follow, no discount: 422 with a pointer."""
    answer = await tenant.client.post("/v1/model-runs", json={"kind": "pnbd", **asked})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_nobody_bought(tenant: Tenant, drain: Drain) -> None:
    """An empty workspace has nothing to fit: refused, with the reason."""
    answer = await tenant.client.post("/v1/model-runs", json={"kind": "pnbd"})
    await drain()
    run = (await tenant.client.get(answer.headers["Location"])).json()
    assert (run["status"], run["reasons"]) == ("refused", ["no_customers"])


async def test_a_process_that_dies_is_tried_three_times(
    tenant: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the run has failed, and says so; its job is done."""
    monkeypatch.setattr(tasks, "_PROCESS", "import os; os.kill(os.getpid(), 9)")
    answer = await tenant.client.post("/v1/model-runs", json={"kind": "bgnbd"})
    for attempt in (1, 2, 3):
        error = await _work(tenant, database)
        assert (error is None) == (attempt == 3)
        async with database.transaction() as session:
            now = "UPDATE jobs SET run_at = now() WHERE payload ->> 'workspace_id' = :workspace"
            await session.execute(text(now), {"workspace": str(tenant.workspace.id)})
    run = (await tenant.client.get(answer.headers["Location"])).json()
    assert (run["status"], run["reasons"]) == ("failed", ["process_died"])


async def test_without_the_libraries_a_run_says_so(
    tenant: Tenant, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without the extra `analytics` does not try again and again."""
    hidden = "import sys; sys.modules['numpy'] = None\n"
    monkeypatch.setattr(tasks, "_PROCESS", hidden + tasks._PROCESS)
    answer = await tenant.client.post("/v1/model-runs", json={"kind": "bgnbd"})
    assert await drain() == 1
    run = (await tenant.client.get(answer.headers["Location"])).json()
    assert (run["status"], run["reasons"]) == ("failed", ["no_analytics"])


async def test_sound_runs_are_repeated_every_week(tenant: Tenant, database: Database) -> None:
    """A sound run of a week ago is queued anew up to yesterday, once; a younger one is not."""
    answer = await tenant.client.post("/v1/model-runs", json={**_ASKED, "discount_annual": 15})
    id_ = answer.json()["id"]
    mine = {"id": id_}
    async with database.transaction() as session:
        done = "UPDATE model_runs SET status = 'sound' WHERE id = :id"
        await session.execute(text(done), mine)
    await tasks.refit_models(database)
    listed = (await tenant.client.get("/v1/model-runs")).json()["data"]
    assert [each["id"] for each in listed] == [id_]
    async with database.transaction() as session:
        old = "UPDATE model_runs SET created_at = now() - interval '8 days' WHERE id = :id"
        await session.execute(text(old), mine)
    await tasks.refit_models(database)
    await tasks.refit_models(database)
    again, before = (await tenant.client.get("/v1/model-runs")).json()["data"]
    assert (before["id"], again["refit_of"], again["status"]) == (id_, id_, "queued")
    assert again["calibration_end"] > before["calibration_end"]
    assert (again["discount_annual"], again["holdout_end"]) == (15, None)
