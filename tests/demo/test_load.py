"""Loading the generated year: once, through the product, with keys that stay."""

import stat
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, text

from app.complaints.models import (
    Complaint,
    ComplaintEvent,
    ComplaintReceipt,
    ComplaintReference,
)
from app.config import Settings
from app.db import Database
from app.demo import keys
from app.demo.data import generate
from app.demo.keys import Credentials
from app.demo.load import load
from app.responses.models import Response, RollupState, SurveyCell
from tests.conftest import client_of
from tests.demo.conftest import TODAY

SCALE = 0.02
#: What a scale of 0.02 makes of 5,000 customers, 20,000 responses and 600 contacts.
EXPECTED = {
    "customers": 100, "responses": 400, "complaints": 12, "surveys": 2, "leads": 12,
    "acquisition_spend": 91, "market_totals": 2, "targets": 5, "metrics": 2,
    "metric_observations": 64, "scorecards": 1, "alert_rules": 3, "report_definitions": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
async def loaded(settings: Settings, app: FastAPI) -> Credentials:
    """The demo's workspace in the database of the tests."""
    del app
    return await load(settings, today=TODAY, scale=SCALE)


async def _counts(database: Database, workspace_id: UUID) -> Mapping[str, int]:
    """How many rows every table has for the workspace, keys left out."""
    tables = (
        "customers", "orders", "refunds", "surveys", "survey_versions", "responses",
        "survey_cells", "complaints", "complaint_events", "events", "leads", "acquisition_spend",
        "market_totals", "targets", "metrics", "metric_observations", "scorecards", "alert_rules",
        "report_definitions",
    )  # fmt: skip
    async with database.snapshot() as session:
        return {
            table: (
                await session.execute(
                    text(f"SELECT count(*) FROM {table} WHERE workspace_id = :workspace_id"),
                    {"workspace_id": workspace_id},
                )
            ).scalar_one()
            for table in tables
        }


async def test_loads_what_was_generated(loaded: Credentials, database: Database) -> None:
    """Every generated customer, response, contact, survey, lead and goal is there."""
    counts = await _counts(database, loaded.workspace_id)
    assert {name: counts[name] for name in EXPECTED} == EXPECTED
    assert counts["orders"] > 300
    assert counts["complaint_events"] > 12


async def test_second_load_changes_nothing(
    loaded: Credentials, settings: Settings, database: Database
) -> None:
    """With the kept keys a second run writes not even an event, whatever day it is."""
    before = await _counts(database, loaded.workspace_id)
    again = await load(settings, kept=loaded, today=date(2026, 4, 1), scale=SCALE)
    assert again == loaded
    assert await _counts(database, loaded.workspace_id) == before


async def test_lost_keys_are_replaced(
    loaded: Credentials, settings: Settings, database: Database
) -> None:
    """Without the keys of the first run (or with wrong ones) new ones open the same data."""
    before = await _counts(database, loaded.workspace_id)
    foreign = Credentials(loaded.secret_key[:-1] + "x", loaded.publishable_key, uuid4())
    again = await load(settings, kept=foreign, today=TODAY, scale=SCALE)
    assert again.workspace_id == loaded.workspace_id
    assert again.secret_key != loaded.secret_key
    after = await _counts(database, loaded.workspace_id)
    assert after == {**before, "events": before["events"] + 2}


async def test_keys_open_the_data(loaded: Credentials, app: FastAPI) -> None:
    """The secret key reads the two surveys, published in both languages."""
    async with client_of(app, loaded.secret_key) as client:
        answer = await client.get("/v1/surveys")
        assert answer.status_code == 200, answer.text
        surveys = answer.json()["data"]
        assert [each["status"] for each in surveys] == ["published", "published"]
        for each in surveys:
            survey = (await client.get(f"/v1/surveys/{each['id']}")).json()
            assert survey["definition"]["languages"] == ["zh-CN", "en"]


async def test_nps_is_that_of_the_generated_answers(loaded: Credentials, app: FastAPI) -> None:
    """The KPI over the whole year equals a recount of the generator's own answers."""
    data = generate(seed=1, today=TODAY, scale=SCALE)
    given = [
        each.answers["recommend"]
        for each in data.submissions
        if "recommend" in each.answers and not each.test
    ]
    promoters = sum(answer in {9, 10} for answer in given)
    detractors = sum(answer in range(7) for answer in given)
    year = {"from": data.calendar.start.isoformat(), "to": TODAY.isoformat()}
    async with client_of(app, loaded.secret_key) as client:
        answer = await client.get("/v1/kpis/nps", params=year)
    assert answer.status_code == 200, answer.text
    assert answer.json()["n"] == len(given)
    assert answer.json()["value"] == pytest.approx((promoters - detractors) / len(given))


@pytest.mark.parametrize("kpi", ["nps", "satisfaction", "retention", "complaint-rate", "cac"])
async def test_targets_are_judged(loaded: Credentials, app: FastAPI, kpi: str) -> None:
    """Each of the demo's targets stands beside its figure, with a verdict."""
    year = {"from": "2025-04-01", "to": TODAY.isoformat()}
    async with client_of(app, loaded.secret_key) as client:
        answer = await client.get(f"/v1/kpis/{kpi}", params=year)
    assert answer.status_code == 200, answer.text
    assert answer.json()["value"] is not None
    assert answer.json()["target"]["verdict"] in {"met", "missed", "inconclusive"}


async def test_acquisition_has_figures(loaded: Credentials, app: FastAPI) -> None:
    """Leads, spend and the market's total are enough for every figure that rests on them."""
    year = {"from": "2025-04-01", "to": TODAY.isoformat()}
    async with client_of(app, loaded.secret_key) as client:
        for kpi in ("lead-conversion", "acquisition-spend", "market-share", "ltv-to-cac"):
            margin = {"margin": "40"} if kpi == "ltv-to-cac" else {}
            answer = await client.get(f"/v1/kpis/{kpi}", params=year | margin)
            assert answer.json()["value"] is not None, answer.text


async def test_scorecard_is_covered(loaded: Credentials, app: FastAPI) -> None:
    """Every indicator of the scorecard has its figure for a month; nothing is missing."""
    month = {"from": "2026-01-01", "to": "2026-02-01"}
    async with client_of(app, loaded.secret_key) as client:
        answer = await client.get("/v1/scorecards/company/result", params=month)
    assert answer.status_code == 200, answer.text
    assert answer.json()["coverage"] == 1
    assert len(answer.json()["perspectives"]) == 4


async def test_nobody_outside_is_told(loaded: Credentials, app: FastAPI) -> None:
    """The rules and the report of the demo name no address: made-up figures are mailed nowhere."""
    async with client_of(app, loaded.secret_key) as client:
        rules = (await client.get("/v1/alert-rules")).json()["data"]
        report = (await client.get("/v1/report-definitions/monthly-management")).json()
    assert [each["channels"] for each in rules] == [[], [], []]
    assert report["recipients"] == []


async def test_responses_are_counted(loaded: Credentials, database: Database) -> None:
    """Every response is folded into the cells before the first question comes."""
    async with database.snapshot() as session:
        behind = await session.execute(
            text(
                "SELECT count(*) FILTER (WHERE r.xid >= s.folded_to), count(*) FROM responses r"
                " JOIN rollup_states s USING (workspace_id) WHERE workspace_id = :workspace_id"
            ),
            {"workspace_id": loaded.workspace_id},
        )
        cells = await session.execute(
            text(
                "SELECT sum(n) FROM survey_cells WHERE workspace_id = :workspace_id"
                " AND dimension = '' AND grain = 'day' AND question = '@responses'"
            ),
            {"workspace_id": loaded.workspace_id},
        )
    assert tuple(behind.one()) == (0, EXPECTED["responses"])
    assert cells.scalar_one() == EXPECTED["responses"]


async def test_responses_know_the_segment(loaded: Credentials, database: Database) -> None:
    """A response of a known customer carries the customer's segment."""
    async with database.snapshot() as session:
        lacking = await session.execute(
            text(
                "SELECT count(*) FROM responses r JOIN customers c ON"
                " c.workspace_id = r.workspace_id AND c.external_id = r.customer"
                " WHERE r.workspace_id = :workspace_id AND r.segment IS DISTINCT FROM c.segment"
            ),
            {"workspace_id": loaded.workspace_id},
        )
    assert lacking.scalar_one() == 0


async def test_interrupted_load_is_completed(
    loaded: Credentials, settings: Settings, database: Database
) -> None:
    """Whoever was interrupted among the responses gets the rest next time, for the same year.

    A part of them is taken away again, with all that comes after them in a load.
    """
    before = await _counts(database, loaded.workspace_id)
    last = await _last_complaint(database, loaded.workspace_id)
    later = (ComplaintReceipt, ComplaintEvent, ComplaintReference, Complaint)
    async with database.transaction() as session:
        for model in (*later, SurveyCell, RollupState):
            await session.execute(delete(model).filter_by(workspace_id=loaded.workspace_id))
        part = Response.submission_key.like("%1")
        await session.execute(
            delete(Response).where(part, Response.workspace_id == loaded.workspace_id)
        )
    again = await load(settings, today=date(2026, 4, 1), scale=SCALE)
    after = await _counts(database, loaded.workspace_id)
    assert again.workspace_id == loaded.workspace_id
    assert {**after, "events": 0} == {**before, "events": 0}
    assert await _last_complaint(database, loaded.workspace_id) == last


async def _last_complaint(database: Database, workspace_id: UUID) -> datetime:
    """When the last contact came."""
    latest = text("SELECT max(received_at) FROM complaints WHERE workspace_id = :id")
    async with database.snapshot() as session:
        found: datetime = (await session.execute(latest, {"id": workspace_id})).scalar_one()
    return found


def test_keys_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    """What is written is read again, and nobody else may read it."""
    path = tmp_path / "keys.json"
    credentials = Credentials("fbs_made_up", "fbp_made_up", uuid4())
    keys.write(path, credentials)
    assert keys.read(path) == credentials
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"secret_key": 1}', "\xff"])
def test_unreadable_keys_are_no_keys(tmp_path: Path, content: str | None) -> None:
    """A missing, empty or foreign file is as no file: the demo makes new keys."""
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert keys.read(path) is None
