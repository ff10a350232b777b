"""Rollups counted again: right ones stay silent, wrong ones are found and told aloud."""

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from app.config import DEMO_PEPPER, Settings
from app.db import Database
from app.events.models import Event
from app.recounts.findings import Recount
from app.recounts.models import RecountState
from app.recounts.service import claim, count_differences
from app.recounts.tasks import recount_one
from app.responses.models import SurveyCell
from app.responses.recount import recount_cells
from app.worker import ROLLUPS
from tests.conftest import Tenant
from tests.kpis.feedback import MIDDAY, change, fold_all, sent, submit
from tests.responses.builders import NPS, publish

#: Two in the morning in Shanghai.
NIGHT = datetime(2026, 11, 20, 2, 0, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


async def _recount(database: Database, tenant: Tenant, sample: int | None = None) -> Recount:
    async with database.snapshot() as session:
        return await recount_cells(session, tenant.workspace.id, sample)


async def _filled(database: Database, tenant: Tenant) -> str:
    survey = await publish(tenant, NPS)
    people = [
        sent({"nps": n % 11}, channel=channel, metadata={"branch": str(n % 3)})
        for n in range(20)
        for channel in ("web", "phone")
    ]
    await submit(tenant, survey, people)
    await fold_all(database, tenant)
    return survey


async def _corrupt(database: Database, tenant: Tenant, change: str) -> None:
    """Change some cells behind the back of the service."""
    async with database.transaction() as session:
        done = await session.execute(
            text(f"{change} AND workspace_id = :workspace_id RETURNING 1"),
            {"workspace_id": tenant.workspace.id},
        )
        assert done.first()


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE survey_cells SET n = n + 1 WHERE (dimension, grain) = ('channel', 'day')",
        "UPDATE survey_cells SET n = n - 1 WHERE (dimension, grain, code) = ('', 'month', '9')",
        "DELETE FROM survey_cells WHERE dimension = 'branch' AND question = '@responses'",
        "UPDATE survey_cells SET day = day + 1 WHERE grain = 'day' AND dimension = 'method'",
        "UPDATE survey_cells SET quality = 'flagged' WHERE dimension = 'version' AND code = '1'",
    ],
)
async def test_every_wrong_cell_is_found(database: Database, tenant: Tenant, wrong: str) -> None:
    """Wrong, missing, moved or mislabelled cells of any dimension and grain: all are named."""
    await tenant.client.patch("/v1/workspaces/current", json={"dimensions": ["branch"]})
    await _filled(database, tenant)
    right = await _recount(database, tenant)
    assert (right.blocks, right.differences) == (1, [])
    await _corrupt(database, tenant, wrong)
    assert (await _recount(database, tenant)).differences


async def test_a_random_sample_finds_what_is_wrong_everywhere(
    database: Database, tenant: Tenant
) -> None:
    """Cells that were doubled by a second fold are found by a few of them."""
    await _filled(database, tenant)
    assert not (await _recount(database, tenant, 6)).differences
    await _corrupt(database, tenant, "UPDATE survey_cells SET n = 2 * n WHERE true")
    found = await _recount(database, tenant, 6)
    assert 1 <= found.blocks <= 6
    assert found.differences
    assert int(found.differences[0].stored) == 2 * int(found.differences[0].counted)


async def test_missing_cells_are_found_from_the_responses(
    database: Database, tenant: Tenant
) -> None:
    """Where no cell is left to begin with, the responses lead to what is missing."""
    await _filled(database, tenant)
    await _corrupt(database, tenant, "DELETE FROM survey_cells WHERE true")
    assert (await _recount(database, tenant, 6)).differences


async def test_recount_agrees_under_any_interleaving(database: Database, tenant: Tenant) -> None:
    """Submits, changes and folds in any order, some not folded yet: nothing differs."""
    rng = random.Random(11)
    survey = await publish(tenant, NPS)
    made: list[str] = []
    for _ in range(12):
        step = rng.choice(["submit", "submit", "change", "fold"])
        if step == "submit":
            days = timedelta(days=rng.randrange(40))
            at = (datetime.fromisoformat(MIDDAY) - days).isoformat()
            people = [sent({"nps": rng.randrange(11)}, occurred_at=at) for _ in range(4)]
            made += await submit(tenant, survey, people)
        elif step == "change" and made:
            quality = rng.choice(["ok", "flagged", "invalid"])
            answers = {"nps": rng.randrange(11)}
            await change(tenant, rng.choice(made), quality=quality, answers=answers)
        else:
            await fold_all(database, tenant)
        assert not (await _recount(database, tenant)).differences
    await fold_all(database, tenant)
    last = await _recount(database, tenant)
    assert last.blocks
    assert not last.differences


async def test_nothing_is_compared_before_the_first_fold(
    database: Database, tenant: Tenant
) -> None:
    """Without cells figures come from the rows: there is nothing to compare."""
    survey = await publish(tenant, NPS)
    await submit(tenant, survey, [sent({"nps": 9})])
    assert await _recount(database, tenant) == Recount(0, [])


async def _night(database: Database, tenant: Tenant, at: datetime) -> None:
    """Let the worker count until this workspace had its turn."""
    for _ in range(1_000):
        if not await recount_one(database, ROLLUPS, at=at):
            return
        async with database.snapshot() as session:
            state = await session.get(RecountState, tenant.workspace.id)
        if state is not None and state.begun_at == at:
            return


async def test_a_difference_is_told_aloud(
    database: Database, tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    """By night: an error in the log, an event, and a number in the metrics."""
    await _filled(database, tenant)
    await _corrupt(database, tenant, "UPDATE survey_cells SET n = n + 1 WHERE true")
    before = await count_differences(database)
    await _night(database, tenant, NIGHT)
    assert await count_differences(database) > before
    told = [line for line in capsys.readouterr().err.splitlines() if "recount_differs" in line]
    assert any(str(tenant.workspace.id) in line and '"error"' in line for line in told)
    async with database.snapshot() as session:
        event = await session.scalar(
            select(Event).where(
                Event.workspace_id == tenant.workspace.id, Event.type == "rollup.differed"
            )
        )
    assert event is not None
    assert event.subject == "survey_cells"
    scraped = (await tenant.client.get("/metrics")).text
    assert "feedback_recount_mismatches_total" in scraped


async def test_each_workspace_has_its_turn_once_a_night(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    """Not by day, once by night, and again in the next one."""
    del app
    await _filled(database, tenant)
    for at, taken in (
        (NIGHT - timedelta(hours=10), False),
        (NIGHT, True),
        (NIGHT + timedelta(hours=1), False),
        (NIGHT + timedelta(days=1), True),
    ):
        claimed = set()
        async with database.session() as session, session.begin() as transaction:
            if not taken and at > NIGHT:
                session.add(
                    RecountState(
                        workspace_id=tenant.workspace.id, begun_at=NIGHT, blocks=0, differences=0
                    )
                )
                await session.flush()
            while (found := await claim(session, at)) is not None:
                claimed.add(found)
            await transaction.rollback()
        assert (tenant.workspace.id in claimed) == taken, at


def _check(settings: Settings, *arguments: str, language: str = "C") -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if "FEEDBACK_" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "check", "kpis", *arguments],
        cwd=Path(__file__).parents[2],
        env=environment
        | {
            "LC_ALL": language,
            "FEEDBACK_PEPPER": DEMO_PEPPER,
            "DATABASE_URL": settings.database_url,
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


async def test_check_kpis(settings: Settings, database: Database, tenant: Tenant) -> None:
    """On demand: status 0 and what was counted; status 1 and the cells that are wrong."""
    await _filled(database, tenant)
    own = ("--workspace", str(tenant.workspace.id))
    status, said = _check(settings, *own, "--all")
    assert (status, said.split()[0]) == (0, "ok")
    assert "survey_cells: 1 stretches agree with a recount." in said
    async with database.transaction() as session:
        cell = await session.scalar(
            select(SurveyCell).where(
                SurveyCell.workspace_id == tenant.workspace.id,
                SurveyCell.dimension == "channel",
                SurveyCell.grain == "day",
                SurveyCell.question == "nps",
            )
        )
        assert cell is not None
        cell.n += 5
    status, said = _check(settings, *own, "--all", language="zh_CN.UTF-8")
    assert status == 1
    assert f"存储值 {cell.n}，重新统计 {cell.n - 5}" in said
    assert "1 个单元与重新统计不一致" in said
    status, said = _check(settings, "--workspace", str(cell.survey_id))
    assert (status, said.split()[0]) == (1, "WRONG")
