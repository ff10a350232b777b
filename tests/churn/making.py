"""Facts of customers that never were, and what the tests of churn send."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app.churn.models import ChurnProgress
from app.churn.signals import Alive, Complained, Facts, Scored
from app.churn.watching import collect, judge_due
from app.db import Database
from app.surveys.questions import Scale
from tests.conftest import Tenant

Json = dict[str, Any]
ZONE = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2018, 11, 10, 14, 30, tzinfo=UTC)
SURVEY = UUID(int=7)
RUN = UUID(int=8)
SCALES = {
    "csat": Scale(1, 5, "higher", (4, 5)),
    "effort": Scale(1, 5, "lower", (1, 2)),
    "bare": Scale(0, 10, "higher", ()),
}


def moments(days: int) -> st.SearchStrategy[datetime]:
    """Instants of the last days, to the minute."""
    return st.integers(0, days * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


def facts() -> st.SearchStrategy[Facts]:
    """Customers with a few purchases, complaints and scores."""
    today = date(2018, 11, 10)
    days = st.lists(
        st.integers(0, 120).map(lambda ago: today - timedelta(days=ago)), max_size=6, unique=True
    )
    reopened = st.lists(moments(100), max_size=2).map(lambda found: tuple(sorted(found)))
    complaint = st.builds(Complained, moments(100), st.booleans(), reopened)
    scored = st.builds(
        lambda name, satisfaction, place, at: Scored(
            SURVEY, name, SCALES[name], satisfaction, SCALES[name].min + place, at
        ),
        st.sampled_from(sorted(SCALES)),
        st.just(value=True) | st.booleans(),
        st.integers(0, 4),
        moments(400),
    )
    known_to = st.integers(0, 90).map(lambda ago: today - timedelta(days=ago))
    newest = st.lists(scored, max_size=5, unique_by=lambda each: each.at)
    return st.builds(
        Facts,
        purchase_days=days.map(sorted),
        complaints=st.lists(complaint, max_size=3),
        scores=newest.map(lambda found: sorted(found, key=lambda each: each.at, reverse=True)),
        alive=st.none() | st.builds(Alive, st.floats(0, 1), st.just(RUN), known_to),
    )


async def looked(database: Database, tenant: Tenant, at: datetime | None = None) -> None:
    """Let the worker look for what is new in a workspace and judge it, at an instant."""
    workspace_id = tenant.workspace.id
    at = at or datetime.now(UTC)
    async with database.transaction() as session:
        progress = await session.get(ChurnProgress, workspace_id)
        if progress is None:
            progress = ChurnProgress(
                workspace_id=workspace_id, responses_to=0, complaints_to=0, rules_version=0
            )
            session.add(progress)
        await collect(session, progress, at)
    more = True
    while more:
        async with database.transaction() as session:
            more = await judge_due(session, workspace_id, at)


async def bought(tenant: Tenant, name: str, *days_ago: int) -> None:
    """A purchase on each of the days."""
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    for ago in days_ago:
        day = (today - timedelta(days=ago)).isoformat()
        order = {"customer": name, "amount": "10.00", "currency": "CNY", "ordered_on": day}
        answer = await tenant.client.put(f"/v1/orders/{name}-{day}", json=order)
        assert answer.status_code in {200, 201}, answer.text


async def risk(tenant: Tenant, name: str) -> Json:
    """The churn risk of a customer now."""
    answer = await tenant.client.get(f"/v1/customers/{name}/churn-risk")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def crossings(tenant: Tenant, cursor: str | None = None, **query: str) -> Json:
    """A page of the feed."""
    asked = query | ({"cursor": cursor} if cursor else {})
    answer = await tenant.client.get("/v1/churn-risks/crossings", params=asked)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found
