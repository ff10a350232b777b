"""The calendar of a workspace: the day on which weeks begin, and how long late data is awaited."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.conftest import Tenant
from tests.kpis.feedback import ask, load
from tests.responses.builders import NPS, publish

_PATH = "/v1/workspaces/current"


async def _begin_on(tenant: Tenant, day: str) -> None:
    changed = await tenant.client.patch(_PATH, json={"week_start": day})
    assert (changed.status_code, changed.json()["week_start"]) == (200, day)


async def test_weeks_begin_on_mondays_unless_set(tenant: Tenant) -> None:
    """A trend by weeks is cut on Mondays, and on Sundays once the workspace says so."""
    survey = await publish(tenant, NPS)
    saturday, sunday = (f"2026-10-{day}T12:00:00+08:00" for day in (10, 11))
    await load(tenant, survey, [
        {"answers": {"nps": score}, "occurred_at": at}
        for score, at in ((10, saturday), (0, sunday), (0, sunday))
    ])  # fmt: skip
    asked = {"from_": "2026-10-04", "to": "2026-10-18", "grain": "week"}
    assert (await tenant.client.get(_PATH)).json()["week_start"] == "monday"
    weeks = (await ask(tenant, "nps/trend", **asked))["points"]
    assert [(each["period"]["from"], each["n"]) for each in weeks] == [
        ("2026-10-04", 0), ("2026-10-05", 3), ("2026-10-12", 0),
    ]  # fmt: skip
    await _begin_on(tenant, "sunday")
    weeks = (await ask(tenant, "nps/trend", **asked))["points"]
    assert [(each["period"]["from"], each["n"]) for each in weeks] == [
        ("2026-10-04", 1), ("2026-10-11", 2),
    ]  # fmt: skip
    assert [each["period"]["complete"] for each in weeks] == [True, True]


async def test_cohorts_by_week_are_of_the_same_weeks(tenant: Tenant) -> None:
    """A weekly cohort that holds a Wednesday begins on the Sunday before it."""
    await _begin_on(tenant, "sunday")
    found = await ask(
        tenant, "retention/cohorts", from_="2026-10-07", to="2026-10-08", grain="week"
    )
    assert found["period"]["from"] == "2026-10-04"
    assert found["period"]["to"] == "2026-10-11"


async def test_last_year_of_whole_weeks_keeps_the_weekdays(tenant: Tenant) -> None:
    """Sunday to Saturday is a week once weeks begin on Sundays: compared with 52 weeks earlier."""
    asked = {"from_": "2026-10-04", "to": "2026-10-11", "compare": "last_year"}
    before = (await ask(tenant, "nps", **asked))["previous"]["period"]
    assert (before["from"], before["to"]) == ("2025-10-04", "2025-10-11")
    await _begin_on(tenant, "sunday")
    before = (await ask(tenant, "nps", **asked))["previous"]["period"]
    assert (before["from"], before["to"]) == ("2025-10-05", "2025-10-12")


async def test_a_day_of_no_week_is_refused(tenant: Tenant) -> None:
    """Days have names, in English and in small letters; a number is refused with a pointer."""
    for wrong in ("Sunday", "", 6, "someday"):
        refused = await tenant.client.patch(_PATH, json={"week_start": wrong})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/week_start"


async def test_a_period_is_complete_when_nothing_is_waited_for(tenant: Tenant) -> None:
    """Ended yesterday: complete at once, and a day later where the workspace waits for one."""
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    asked = {"from_": str(today - timedelta(days=2)), "to": str(today)}
    for late_days, expected in ((0, True), (1, False)):
        changed = await tenant.client.patch(_PATH, json={"late_days": late_days})
        assert (changed.status_code, changed.json()["late_days"]) == (200, late_days)
        assert (await ask(tenant, "nps", **asked))["period"]["complete"] is expected
        days = (await ask(tenant, "nps/trend", **asked))["points"]
        assert [each["period"]["complete"] for each in days] == [True, expected]
    survey = await publish(tenant, NPS)
    words = {"survey": str(survey), "from": asked["from_"], "to": asked["to"], "items": ["nps"]}
    analysed = await tenant.client.post("/v1/analyses/descriptive", json=words)
    assert (analysed.status_code, analysed.json()["period"]["complete"]) == (200, False)
    refused = await tenant.client.patch(_PATH, json={"late_days": 91})
    assert refused.json()["errors"][0]["pointer"] == "/late_days"
