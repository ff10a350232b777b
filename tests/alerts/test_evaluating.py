"""Evaluation: each bucket once, one alert for each change, whatever the workers do."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.alerts.evaluating import CLAIM, claim, evaluate_all, measure, record
from app.alerts.hysteresis import State
from app.alerts.models import Alert, AlertRule, AlertRuleState
from app.db import Database, now
from app.events.models import Event
from app.jobs import QueuedJob
from tests.alerts.making import (
    ON_NPS,
    after,
    alerts_of,
    begin,
    look,
    observe,
    put_rule,
    watch_delivery,
)
from tests.alerts.test_hysteresis import walk
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import submit
from tests.responses.builders import publish


@given(
    st.lists(st.sampled_from([90, 99, None]), min_size=1, max_size=7),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_one_alert_for_each_change(
    app: FastAPI,
    database: Database,
    values: list[int | None],
    open_after: int,
    close_after: int,
    workers: int,
) -> None:
    """Whatever the series and however many workers look: the changes of the state machine.

    A day without an observation is no evaluation. Events are as many as alerts.
    """
    tenant = await open_tenant(app, "series")
    workspace = tenant.workspace.id
    await watch_delivery(tenant, open_after=open_after, close_after=close_after)
    await begin(database, workspace)
    levels: list[State] = []
    for day, value in enumerate(values):
        if value is not None:
            await observe(tenant, day, value)
            levels.append("breached" if value < 95 else "ok")
        looks = (look(database, workspace, after(day)) for _ in range(workers))
        assert sum(await asyncio.gather(*looks)) == 1
    states: list[State] = ["ok", *walk(levels, open_after, close_after)]
    expected = [(one, other) for one, other in pairwise(states) if one != other]
    alerts = await alerts_of(database, workspace)
    assert [(each.previous_state, each.state) for each in alerts] == expected
    async with database.snapshot() as session:
        told = await session.scalars(
            select(Event.subject).where(
                Event.workspace_id == workspace, Event.type == "alert.state_changed"
            )
        )
        assert sorted(told) == sorted(str(each.id) for each in alerts)
    await tenant.client.aclose()
    await tenant.public.aclose()


async def test_a_bucket_is_evaluated_once(tenant: Tenant, database: Database) -> None:
    """Looking again changes nothing, and what is not over is not looked at."""
    workspace = tenant.workspace.id
    await watch_delivery(tenant)
    await begin(database, workspace)
    await observe(tenant, 0, 90)
    assert not await look(database, workspace, after(0) - timedelta(microseconds=1))
    assert await look(database, workspace, after(0))
    assert not await look(database, workspace, after(0))
    (alert,) = await alerts_of(database, workspace)
    assert (alert.value, alert.evidence["target"], alert.state) == (90, 95, "breached")
    assert (str(alert.period_start), str(alert.period_end)) == ("2026-03-01", "2026-03-02")


async def test_all_or_nothing(tenant: Tenant, database: Database) -> None:
    """A worker that dies before its commit leaves no alert, no event, no job; the next does all."""
    workspace = tenant.workspace.id
    channel = {"kind": "mail", "to": "ann@example.com"}
    await watch_delivery(tenant, channels=[channel])
    await begin(database, workspace)
    await observe(tenant, 0, 90)
    with pytest.raises(RuntimeError, match="killed"):
        await _die_while_recording(database, tenant)
    assert await alerts_of(database, workspace) == []
    assert await _waiting(database, tenant) == 0
    assert not await look(database, workspace, after(0))
    assert await look(database, workspace, after(0) + CLAIM)
    assert len(await alerts_of(database, workspace)) == 1
    assert await _waiting(database, tenant) == 1


async def _die_while_recording(database: Database, tenant: Tenant) -> None:
    workspace, at = tenant.workspace.id, after(0)
    async with database.transaction() as session:
        assert await claim(session, workspace, "rule", at)
    async with database.snapshot() as session:
        found = await measure(session, workspace, "rule", at, 8_000)
    async with database.transaction() as session:
        assert found is not None
        assert await record(session, found, at)
        raise RuntimeError("killed")


async def _waiting(database: Database, tenant: Tenant) -> int:
    """How many deliveries wait in the queue."""
    ours = QueuedJob.payload.contains({"workspace_id": str(tenant.workspace.id)})
    count = select(func.count()).where(ours, QueuedJob.name == "alerts.deliver")
    async with database.snapshot() as session:
        return int(await session.scalar(count) or 0)


async def test_a_rule_that_changes_while_it_is_measured(tenant: Tenant, database: Database) -> None:
    """What was measured for the rule as it was is dropped; two that measured it record it once."""
    workspace = tenant.workspace.id
    await watch_delivery(tenant)
    await begin(database, workspace)
    await observe(tenant, 0, 90)
    async with database.snapshot() as session:
        found = await measure(session, workspace, "rule", after(0), 8_000)
    assert found is not None
    await put_rule(tenant, status=200, open_after=3)
    await begin(database, workspace)
    async with database.transaction() as session:
        assert not await record(session, found, after(0))
    async with database.snapshot() as session:
        found = await measure(session, workspace, "rule", after(0), 8_000)
    assert found is not None
    ends = []
    for _ in range(2):
        async with database.transaction() as session:
            ends.append(await record(session, found, after(0)))
    assert ends == [True, False]
    assert await alerts_of(database, workspace) == []


async def test_missed_days_are_made_up_for(tenant: Tenant, database: Database) -> None:
    """After three days without a worker each day is judged, in order; after a year the last."""
    workspace = tenant.workspace.id
    await watch_delivery(tenant)
    await begin(database, workspace)
    for day, value in enumerate((90, 99, 90)):
        await observe(tenant, day, value)
    looks = 0
    while await look(database, workspace, after(2)):
        looks += 1
    assert looks == 3
    alerts = await alerts_of(database, workspace)
    assert [each.state for each in alerts] == ["breached", "ok", "breached"]
    assert await look(database, workspace, after(400))
    assert not await look(database, workspace, after(400))


async def test_a_kpi_is_judged_by_its_interval(tenant: Tenant, database: Database) -> None:
    """Clearly below: breached; below by the figure only: at risk; nobody answered: as before."""
    workspace = tenant.workspace.id
    await put_rule(tenant, **ON_NPS)
    await begin(database, workspace)
    survey = await publish(tenant)
    days: list[tuple[int, int]] = [(60, 0), (0, 60), (0, 0), (6, 5)]
    for day, (promoters, detractors) in enumerate(days):
        noon = (after(day) - timedelta(hours=12)).isoformat()
        scores = [10] * promoters + [0] * detractors
        await submit(
            tenant, survey, [{"answers": {"nps": each}, "occurred_at": noon} for each in scores]
        )
        assert await look(database, workspace, after(day))
    alerts = await alerts_of(database, workspace)
    assert [each.state for each in alerts] == ["breached", "at_risk"]
    assert (alerts[0].value, alerts[0].n) == (-1.0, 60)
    assert alerts[1].evidence["interval"]["method"] == "adjusted_wald"
    shown = (await tenant.client.get("/v1/alert-rules/rule")).json()
    assert shown["state"] == "at_risk"


async def test_charts_know_what_is_usual(tenant: Tenant, database: Database) -> None:
    """A lasting fall leaves the limits of both charts; without a baseline nothing is said."""
    workspace = tenant.workspace.id
    for kind, more in (("ewma", {"points": 3}), ("p_chart", {})):
        condition = {"kind": kind, "baseline": 10} | more
        watch = {"source": "kpi", "kpi": "nps" if kind == "ewma" else "csat"}
        await put_rule(tenant, kind.replace("_", "-"), watch=watch, condition=condition)
    survey = await publish(tenant)
    for day in range(16):
        noon = (after(day) - timedelta(hours=12)).isoformat()
        bad = 2 + day % 2 if day < 14 else 9
        answers = [{"nps": 0, "csat": 1}] * bad + [{"nps": 10, "csat": 5}] * (12 - bad)
        sent = [{"answers": each, "occurred_at": noon} for each in answers]
        await submit(tenant, survey, sent)
    for name in ("ewma", "p-chart"):
        await begin(database, workspace, name)
        for day in range(16):
            assert await look(database, workspace, after(day), name)
    alerts = await alerts_of(database, workspace)
    assert [(each.rule, each.state) for each in alerts] == [
        ("ewma", "breached"),
        ("p-chart", "breached"),
    ]
    for alert in alerts:
        evidence = alert.evidence
        assert evidence["statistic"] < evidence["low"] < evidence["centre"]
        assert str(alert.period_start) >= "2026-03-15"


async def test_a_change_needs_its_test(tenant: Tenant, database: Database) -> None:
    """A fall that the KPI's own test sees breaches; few answers say nothing."""
    workspace = tenant.workspace.id
    await put_rule(tenant, **ON_NPS | {"condition": {"kind": "change"}})
    await begin(database, workspace)
    survey = await publish(tenant)
    for day, scores in enumerate(([10] * 50, [0] * 5, [10] * 50, [0] * 50)):
        noon = (after(day) - timedelta(hours=12)).isoformat()
        await submit(
            tenant, survey, [{"answers": {"nps": each}, "occurred_at": noon} for each in scores]
        )
        assert await look(database, workspace, after(day))
    (alert,) = await alerts_of(database, workspace)
    assert (alert.state, alert.evidence["previous"], alert.evidence["difference"]) == (
        "breached",
        1.0,
        -2.0,
    )
    assert alert.evidence["p"] < 0.001


async def test_an_hour_looks_at_today(tenant: Tenant, database: Database) -> None:
    """A rule of hours is evaluated at once and then each hour, with the day so far."""
    survey = await publish(tenant)
    moment = (now() - timedelta(seconds=5)).isoformat()
    await submit(
        tenant, survey, [{"answers": {"nps": 0}, "occurred_at": moment} for _ in range(40)]
    )
    shown = await put_rule(tenant, **ON_NPS | {"every": "hour"})
    workspace = tenant.workspace.id
    assert await look(database, workspace, now())
    again = (await tenant.client.get("/v1/alert-rules/rule")).json()
    assert again["due_at"] > shown["due_at"]
    alerts = await alerts_of(database, workspace)
    assert len(alerts) <= 1  # none in the first hour of a day: the day before had no answers


async def test_one_rule_does_not_keep_others_from_theirs(
    tenant: Tenant, stranger: Tenant, database: Database
) -> None:
    """A rule that cannot be evaluated is put off and counted; the next is evaluated."""
    for each in (tenant, stranger):
        await watch_delivery(each)
        await begin(database, each.workspace.id)
        await observe(each, 0, 90)
    ours = (AlertRule.workspace_id == tenant.workspace.id, AlertRule.name == "rule")
    async with database.transaction() as session:
        rule = (await session.scalars(select(AlertRule).where(*ours))).one()
        rule.document = rule.document | {"every": "year"}
    assert await evaluate_all(database)
    async with database.snapshot() as session:
        state = await session.get_one(AlertRuleState, (tenant.workspace.id, "rule"))
    assert (state.failures, state.state, state.error) == (1, "ok", "KeyError")
    assert state.due_at is not None
    assert state.due_at > now()
    alerts = await alerts_of(database, stranger.workspace.id)
    assert alerts[0].state == "breached"
    async with database.snapshot() as session:
        none = select(func.count()).where(Alert.workspace_id == tenant.workspace.id)
        assert await session.scalar(none) == 0
