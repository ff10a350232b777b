"""What answers tell of changes after their period, for each kind of figure."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.db import Database
from app.fields import utc_text
from app.market.tasks import fold_all_leads
from app.purchases.tasks import fold_all as fold_purchases
from tests.complaints.makers import do, file
from tests.conftest import Tenant
from tests.kpis.feedback import MIDDAY, ask, change, fold_all, sent, submit
from tests.market.making import spend, total
from tests.responses.builders import NPS, publish

#: Clocks fall back in the night to 25 October: that day has 25 hours.
BERLIN = ZoneInfo("Europe/Berlin")
SUMMER_ENDS = {"from_": "2026-10-25", "to": "2026-10-26"}
MIDNIGHT = datetime(2026, 10, 26, tzinfo=BERLIN)
SEPTEMBER = {"from_": "2026-09-01", "to": "2026-10-01"}
NEVER = {"from_": "2026-11-01", "to": "2030-01-01"}
Json = dict[str, Any]


def _restated(answer: Json) -> str | None:
    found: str | None = answer["period"]["restated_at"]
    return found


async def _put(tenant: Tenant, path: str, body: Json) -> Json:
    answer = await tenant.client.put(f"/v1/{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    found: Json = answer.json()
    return found


async def _order(tenant: Tenant, id_: str, day: str, **fields: object) -> str:
    """Put an order; when it was changed."""
    body = {"customer": "a", "ordered_on": day, "amount": "10.00", "currency": "CNY"}
    found: str = (await _put(tenant, f"orders/{id_}", body | fields))["updated_at"]
    return found


async def _fold(database: Database) -> None:
    while await fold_purchases(database):
        pass
    while await fold_all_leads(database):
        pass


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai"])
async def test_a_second_before_and_after_the_end_of_a_day(
    database: Database, tenant: Tenant, zone: str, *, folded: bool
) -> None:
    """What came in before the end of a day of 25 hours is in time, what came after restates it.

    So in the workspace's zone and in another one, folded or not.
    """
    await _put_zone(tenant, zone)
    survey = await publish(tenant, NPS)
    second = timedelta(seconds=1)
    for late in (-second, second):
        at = MIDNIGHT - 2 * second
        (id_,) = await submit(tenant, survey, [sent({"nps": 9}, occurred_at=at.isoformat())])
        await _came_at(database, id_, MIDNIGHT + late)
        (id_,) = await submit(
            tenant, survey, [sent({"nps": 9}, occurred_at=(MIDNIGHT + 2 * second).isoformat())]
        )
        await _came_at(database, id_, MIDNIGHT + 3 * second)
        if folded:
            await fold_all(database, tenant)
        found = await ask(tenant, "nps", **SUMMER_ENDS, tz=BERLIN.key)
        assert found["n"] == (1 if late < timedelta() else 2)
        expected = None if late < timedelta() else utc_text(MIDNIGHT + late)
        assert _restated(found) == expected
        assert _restated(await ask(tenant, "nps/distribution", **SUMMER_ENDS, tz=BERLIN.key)) == (
            expected
        )


async def _put_zone(tenant: Tenant, zone: str) -> None:
    answer = await tenant.client.patch("/v1/workspaces/current", json={"time_zone": zone})
    assert answer.status_code == 200, answer.text


async def _came_at(database: Database, id_: str, at: datetime) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE responses SET received_at = :at, updated_at = :at WHERE id = :id"),
            {"at": at, "id": UUID(id_)},
        )


async def test_a_correction_restates_the_figures_of_its_survey(
    database: Database, tenant: Tenant
) -> None:
    """A response corrected later restates its month, its point of a trend, and its survey alone."""
    surveys = [await publish(tenant, NPS) for _ in range(2)]
    made = [(await submit(tenant, survey, [sent({"nps": 9})]))[0] for survey in surveys]
    for id_ in made:
        await _came_at(database, id_, datetime.fromisoformat(MIDDAY))
    await fold_all(database, tenant)
    assert _restated(await ask(tenant, "nps")) is None
    await change(tenant, made[1], quality="invalid")
    changed = (await tenant.client.get(f"/v1/responses/{made[1]}")).json()["updated_at"]
    for _ in range(2):
        found = await ask(tenant, "nps")
        assert _restated(found) == changed
        assert found["previous"]["period"]["restated_at"] is None
        assert _restated(await ask(tenant, "nps", survey=surveys[1])) == changed
        assert _restated(await ask(tenant, "nps", survey=surveys[0])) is None
        assert _restated(await ask(tenant, "nps/compare", group_by="channel")) == changed
        trend = await ask(tenant, "nps/trend", grain="week")
        assert _restated(trend) == changed
        told = [point["period"]["restated_at"] for point in trend["points"]]
        assert told == [None, None, changed, None, None]
        assert _restated(await ask(tenant, "nps", **NEVER, compare="none")) is None
        await fold_all(database, tenant)


async def test_orders_of_any_day_before_restate_figures_of_customers(
    database: Database, tenant: Tenant
) -> None:
    """A late order, its move to another month, a refund: from their day on every period."""

    async def told() -> list[str | None]:
        answers = [
            await ask(tenant, "retention", **SEPTEMBER),
            await ask(tenant, "retention"),
            await ask(tenant, "retention/cohorts"),
            await ask(tenant, "retention/survival"),
        ]
        october = {_restated(each) for each in answers[1:]}
        assert len(october) == 1
        return [_restated(answers[0]), *october]

    await _order(tenant, "o0", "2026-10-30")
    await _fold(database)
    first = await _order(tenant, "o1", "2026-09-05")
    assert await told() == [first, first]
    second = await _order(tenant, "o2", "2026-10-05")
    assert await told() == [first, second]
    await _fold(database)
    await _put(tenant, "customers/a", {"segment": "gold"})
    assert await told() == [first, second]
    moved = await _order(tenant, "o1", "2026-11-05")
    assert await told() == [moved, moved]
    await _fold(database)
    assert await told() == [moved, moved]
    for id_, day, months in (("late", "2026-11-10", 0), ("early", "2026-10-07", 1)):
        refund = {"external_id": id_, "refunded_on": day, "amount": "1.00"}
        answer = await tenant.client.post("/v1/orders/o2/refunds", json=refund)
        paid_back = answer.json()["created_at"]
        assert await told() == [moved, paid_back if months else moved]
    assert _restated(await ask(tenant, "acquisition", **NEVER, compare="none")) is None


async def test_refunds_that_count_with_their_order_restate_its_day(tenant: Tenant) -> None:
    """Paid back in November for an order of October: so does October, if it counts there."""
    placed = await _order(tenant, "o1", "2026-10-05")
    refund = {"external_id": "r1", "refunded_on": "2026-11-10", "amount": "1.00"}
    answer = await tenant.client.post("/v1/orders/o1/refunds", json=refund)
    assert _restated(await ask(tenant, "order-value")) == placed
    of_order = {"refund_basis": "original_order"}
    assert _restated(await ask(tenant, "order-value", **of_order)) == answer.json()["created_at"]
    assert _restated(await ask(tenant, "order-value", **of_order, **SEPTEMBER)) is None


async def test_cases_and_orders_restate_the_complaint_rate(tenant: Tenant) -> None:
    """A case that is filed late or found to be a duplicate does, its handling does not."""
    assert _restated(await ask(tenant, "complaint-rate")) is None
    ordered = await _order(tenant, "o1", "2026-10-05")
    assert _restated(await ask(tenant, "complaint-rate")) == ordered
    happened = {"occurred_at": "2026-10-07T09:00:00+08:00"}
    id_ = (await file(tenant.client, **happened))["id"]
    filed = await _case(tenant, id_)
    assert _restated(await ask(tenant, "complaint-rate")) == filed["recorded_at"]
    await file(tenant.client, kind="praise", **happened)
    await do(tenant.client, id_, "assess", severity="high")
    assert _restated(await ask(tenant, "complaint-rate")) == filed["recorded_at"]
    why: Json = {"reason_code": "duplicate", "text": "You told us before."}
    await do(tenant.client, id_, "reject", role="supervisor", **why)
    rejected = (await _case(tenant, id_))["updated_at"]
    assert _restated(await ask(tenant, "complaint-rate")) == rejected
    assert _restated(await ask(tenant, "complaint-rate", **SEPTEMBER)) is None


async def _case(tenant: Tenant, id_: str) -> Json:
    found: Json = (await tenant.client.get(f"/v1/complaints/{id_}")).json()
    return found


async def test_leads_restate_the_days_on_which_they_came(
    database: Database, tenant: Tenant
) -> None:
    """A lead that is told late restates its month, and both months where it moves."""
    lead = {"channel": "fair", "created_on": "2026-09-05"}
    first = (await _put(tenant, "leads/l1", lead))["updated_at"]
    assert _restated(await ask(tenant, "lead-conversion", **SEPTEMBER)) == first
    assert _restated(await ask(tenant, "lead-conversion")) is None
    await _fold(database)
    moved = (await _put(tenant, "leads/l1", lead | {"created_on": "2026-10-05"}))["updated_at"]
    for _ in range(2):
        assert _restated(await ask(tenant, "lead-conversion", **SEPTEMBER)) == moved
        assert _restated(await ask(tenant, "lead-conversion")) == moved
        assert _restated(await ask(tenant, "retention")) is None
        await _fold(database)


async def test_statements_restate_what_they_touch(tenant: Tenant) -> None:
    """Spend and totals that are stated, replaced or taken back after the period."""
    for path, kpi, body in (
        ("acquisition-spend", "acquisition-spend", spend()),
        ("market-totals", "market-share", total()),
    ):
        assert _restated(await ask(tenant, kpi)) is None
        stated = await _put(tenant, path, body)
        assert _restated(await ask(tenant, kpi)) == stated["updated_at"]
        again = await _put(tenant, path, body)
        assert again["updated_at"] == stated["updated_at"]
        changed = await _put(tenant, path, body | {"amount": "12.00"})
        assert _restated(await ask(tenant, kpi)) == changed["updated_at"] > stated["updated_at"]
        assert _restated(await ask(tenant, kpi, **SEPTEMBER)) is None
        answer = await tenant.client.delete(f"/v1/{path}/{stated['id']}")
        assert answer.status_code == 204, answer.text
        taken_back = _restated(await ask(tenant, kpi))
        assert taken_back is not None
        assert taken_back > changed["updated_at"]
    lagging = await ask(tenant, "cac", lag_days="31", from_="2026-11-01", to="2026-11-15")
    assert _restated(lagging) is not None
    assert _restated(await ask(tenant, "cac", from_="2026-11-01", to="2026-11-15")) is None


async def test_what_is_waited_for_restates_nothing(database: Database, tenant: Tenant) -> None:
    """Within `late_days` a period is not complete: only what comes after them restates it."""
    await tenant.client.patch("/v1/workspaces/current", json={"late_days": 3})
    survey = await publish(tenant, NPS)
    end = datetime.fromisoformat("2026-11-01T00:00:00+08:00")
    for late, expected in ((timedelta(days=2), False), (timedelta(days=3), True)):
        (id_,) = await submit(tenant, survey, [sent({"nps": 9})])
        await _came_at(database, id_, end + late)
        told = utc_text(end + late) if expected else None
        assert _restated(await ask(tenant, "nps")) == told
