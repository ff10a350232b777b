"""The KPI routes: the catalogue, what they refuse, how much they ask of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text

from app.db import Database
from app.kpis.catalog import CATALOGUE
from app.workspaces import service as workspaces
from app.workspaces.schemas import ApiKeyCreate
from tests.conftest import Tenant, client_of
from tests.kpis.feedback import OCTOBER, ask, fold_all, sent, submit
from tests.responses.builders import publish


async def test_the_catalogue_lists_every_kpi_with_its_formula(tenant: Tenant) -> None:
    """Both languages, the interval's method, and paths that answer."""
    answer = await tenant.client.get("/v1/kpis")
    assert answer.json()["next_cursor"] is None
    entries = {each["id"]: each for each in answer.json()["data"]}
    assert list(entries) == [kpi.id for kpi in CATALOGUE]
    for entry in entries.values():
        for text_ in ("name", "formula", "numerator", "denominator"):
            assert entry[text_]["zh-CN"]
            assert entry[text_]["en"]
    assert entries["nps"]["interval_method"] == "adjusted_wald"
    assert entries["responses"]["interval_method"] is None
    for entry in entries.values():
        if entry["family"] == "survey":
            paths = entry["paths"]
            for path in (paths["value"], paths["trend"], paths["distribution"]):
                assert (await tenant.client.get(path)).status_code == 200
            groups = await tenant.client.get(paths["compare"], params={"group_by": "channel"})
            assert groups.status_code == 200


async def test_every_kpi_has_documented_routes(tenant: Tenant) -> None:
    """One operation for each view, with its formula in both languages and only its parameters."""
    document = (await tenant.client.get("/v1/openapi.json")).json()
    operations = {
        each["operationId"]: each for path in document["paths"].values() for each in path.values()
    }
    for kpi in CATALOGUE:
        name = f"get_kpi_{kpi.id.replace('-', '_')}"
        for suffix in ("", "_trend", "_compare"):
            described = operations[name + suffix]["description"]
            assert kpi.formula.en in described
            assert kpi.formula.zh in described
    taken = {each["name"] for each in operations["get_kpi_nps"]["parameters"]}
    assert {"from", "to", "tz", "compare", "level", "survey", "question", "filter"} <= taken
    assert not {"grain", "group_by"} & taken
    envelope = document["components"]["schemas"]["KpiEnvelope"]
    assert set(envelope["required"]) == set(envelope["properties"])


async def test_names_are_in_the_readers_language(tenant: Tenant) -> None:
    """`Accept-Language` chooses the language of name and formula."""
    chinese = await tenant.client.get("/v1/kpis/nps", headers={"Accept-Language": "zh-CN,en"})
    assert chinese.json()["definition"]["name"] == "净推荐值"
    assert chinese.headers["vary"].lower().count("accept-language") == 1
    english = await tenant.client.get("/v1/kpis/nps", headers={"Accept-Language": "fr, en"})
    assert english.json()["definition"]["name"] == "Net promoter score"


REFUSED: list[tuple[str, str, str | None]] = [
    ("nps?from=2026-10-02&to=2026-10-02", "invalid-period", "?from"),
    ("nps?to=0001-01-05", "invalid-period", "?to"),
    ("nps?from=9999-12-31", "invalid-period", "?from"),
    ("nps?from=2016-01-01&to=2026-10-02", "invalid-period", "?from"),
    ("nps?from=2024-01-01&to=2026-10-02&compare=last_year", "invalid-period", "?compare"),
    ("nps/trend?from=2020-01-01&to=2026-01-01&grain=day", "invalid-period", "?grain"),
    ("nps?from=2026-02-30", "invalid-request", "?from"),
    ("nps?from=20261001", "invalid-request", "?from"),
    ("nps?tz=Mars/Olympus", "invalid-request", "?tz"),
    ("nps?tz=localtime", "invalid-request", "?tz"),
    ("nps?level=1", "invalid-request", "?level"),
    ("nps?level=nan", "invalid-request", "?level"),
    ("nps?compare=tomorrow", "invalid-request", "?compare"),
    ("nps?quality=good", "invalid-request", "?quality"),
    ("nps?channel=pigeon", "invalid-request", "?channel"),
    ("nps?version=0", "invalid-request", "?version"),
    ("nps?filter=branch", "invalid-request", "?filter"),
    ("nps?filter=channel:pigeon", "invalid-request", "?filter"),
    ("nps?filter=a%20b:c", "unknown-dimension", "?filter"),
    ("nps?filter=customer:c1", "unknown-dimension", "?filter"),
    ("nps?filter=*:c1", "unknown-dimension", "?filter"),
    ("nps?branch=north", "invalid-request", "?branch"),
    ("nps?grain=day", "invalid-request", "?grain"),
    ("nps/trend?grain=hour", "invalid-request", "?grain"),
    ("nps/trend?compare=previous", "invalid-request", "?compare"),
    ("nps/compare", "invalid-request", "?group_by"),
    ("nps/compare?group_by=branch", "unknown-dimension", "?group_by"),
    ("nps/compare?group_by=*", "unknown-dimension", "?group_by"),
    ("nps/compare?group_by=customer", "unknown-dimension", "?group_by"),
    ("nps?question=nothing", "invalid-request", "?question"),
    ("nps?question=csat", "invalid-request", "?question"),
    ("csat?question=why", "invalid-request", "?question"),
    ("satisfaction?question=csat", "invalid-request", "?question"),
    ("responses?question=csat", "invalid-request", "?question"),
    ("nps?survey=nothing", "not-found", None),
    ("responses?survey=01a2018a-85fa-708b-9d74-e1f8f20a4ee6", "not-found", None),
    ("happiness", "not-found", None),
]


@pytest.mark.parametrize(("path", "code", "pointer"), REFUSED)
async def test_what_cannot_be_honoured_is_refused(
    tenant: Tenant, path: str, code: str, pointer: str | None
) -> None:
    """A wrong, unknown or unfit parameter is 422 with its pointer; an unknown id is 404."""
    await publish(tenant)
    answer = await tenant.client.get(f"/v1/kpis/{path}")
    problem = answer.json()
    assert answer.status_code == (404 if code == "not-found" else 422), problem
    assert problem["code"] == code
    assert [each["pointer"] for each in problem["errors"]] == ([pointer] if pointer else [])


async def test_an_unknown_question_is_told_from_one_that_does_not_fit(tenant: Tenant) -> None:
    """`unknown-question` where nobody asks it, `invalid-value` where the KPI cannot count it."""
    survey, other = await publish(tenant), await publish(tenant, {"type": "nps", "key": "x"})
    for question, surveys, code in (
        ("nothing", [], "unknown-question"),
        ("csat", [], "invalid-value"),
        ("x", [survey], "unknown-question"),
        ("nps", [other], "unknown-question"),
    ):
        parameters: dict[str, Any] = {"question": question, "survey": surveys}
        answer = await tenant.client.get("/v1/kpis/nps", params=parameters)
        assert [each["code"] for each in answer.json()["errors"]] == [code]


async def test_reading_needs_its_scope(app: FastAPI, tenant: Tenant) -> None:
    """A publishable key and a key with other scopes get no figures."""
    async with app.state.database.transaction() as session:
        wanted = ApiKeyCreate(kind="secret", name="other", scopes=["responses:read"])
        pepper = app.state.settings.pepper.get_secret_value()
        _, key = await workspaces.create_key(session, tenant.workspace.id, pepper, wanted)
    async with client_of(app, key) as other:
        assert (await other.get("/v1/kpis/nps")).json()["code"] == "missing-scope"
        assert (await other.get("/v1/kpis")).status_code == 403
    assert (await tenant.public.get("/v1/kpis/nps")).status_code == 403


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(str(arguments[2]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def test_a_figure_costs_four_statements(tenant: Tenant, database: Database) -> None:
    """The workspace, the surveys, one histogram and one look at changed days for all periods."""
    survey = await publish(tenant)
    await submit(tenant, survey, [sent({"nps": 9, "csat": 5})])
    await fold_all(database, tenant)
    for kpi in ("nps", "csat", "satisfaction", "responses"):
        await ask(tenant, kpi)
        with _statements(database) as seen:
            await ask(tenant, kpi)
        assert len(seen) == 4, seen
    with _statements(database) as seen:
        await ask(tenant, "nps/trend")
    assert len(seen) == 4, seen


async def test_a_report_that_takes_too_long_is_ended(
    app: FastAPI, tenant: Tenant, database: Database
) -> None:
    """A statement beyond the time for reports is 504 `report-too-slow`."""
    await publish(tenant)
    usual = app.state.settings
    app.state.settings = usual.model_copy(update={"report_timeout_ms": 100})
    try:
        async with database.transaction() as session:
            await session.execute(text("LOCK TABLE responses IN ACCESS EXCLUSIVE MODE"))
            answer: httpx.Response = await tenant.client.get("/v1/kpis/nps", params=OCTOBER)
    finally:
        app.state.settings = usual
    assert (answer.status_code, answer.json()["code"]) == (504, "report-too-slow")
