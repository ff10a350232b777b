"""Answering KPIs: the same questions at 10,000 and at 1,000,000 responses."""

import asyncio
import json
import statistics
import time
from typing import Any

import httpx

from app.config import Settings
from app.db import Database
from app.responses.tasks import fold_all
from benchmarks.processes import server
from benchmarks.scenario import Scenario, submissions

SMALL, LARGE = 10_000, 1_000_000
REQUESTS = 40
#: What is asked: a year that holds every response.
_YEAR = "from=2026-01-01&to=2027-01-01&compare=none"
QUESTIONS = {
    "nps": f"/v1/kpis/nps?{_YEAR}",
    "csat_distribution": f"/v1/kpis/csat/distribution?{_YEAR.removesuffix('&compare=none')}",
    "trend_12_months": "/v1/kpis/nps/trend?from=2026-01-01&to=2027-01-01&grain=month",
}


def measure(scenario: Scenario) -> dict[str, Any]:
    """Fill to the small size and ask, fill to the large size and ask again, in one run."""
    with server("product", scenario.environment) as (_, port):
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {scenario.key}"},
            timeout=120,
        )
        small = _at(scenario, client, 0, SMALL)
        large = _at(scenario, client, SMALL, LARGE)
        client.close()
    return {
        "responses": [SMALL, LARGE],
        "median_ms_small": small,
        "median_ms_large": large,
        "growth_each": {name: round(large[name] / small[name], 2) for name in QUESTIONS},
        "growth": max(round(large[name] / small[name], 2) for name in QUESTIONS),
        "under_15_ms": all(value < 15 for value in large.values()),
    }


def _at(scenario: Scenario, client: httpx.Client, have: int, want: int) -> dict[str, float]:
    step = 50_000
    for start in range(have, want, step):
        count = min(step, want - start)
        lines = (
            json.dumps({"submission_id": f"kpi-{start + number}"} | body, ensure_ascii=False)
            for number, body in enumerate(submissions(count, seed=start))
        )
        answer = client.post(
            f"/v1/surveys/{scenario.survey}/responses?outcomes=rejected",
            content="\n".join(lines).encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        if answer.json().get("created") != count:
            message = f"the load failed: {answer.text[:300]}"
            raise RuntimeError(message)
    asyncio.run(_fold(scenario.settings))
    return {name: _median_ms(client, path) for name, path in QUESTIONS.items()}


async def _fold(settings: Settings) -> None:
    patient = settings.model_copy(update={"command_timeout_seconds": 600.0})
    database = Database(patient)
    while await fold_all(database):
        pass
    connection = await database.engine.connect()
    _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
    await connection.exec_driver_sql("SET statement_timeout = 0")
    await connection.exec_driver_sql("VACUUM ANALYZE")
    await connection.close()
    await database.close()


def _median_ms(client: httpx.Client, path: str) -> float:
    times = []
    for number in range(REQUESTS + 10):
        started = time.perf_counter()
        answer = client.get(path)
        if number >= 10:
            times.append(1_000 * (time.perf_counter() - started))
        answer.raise_for_status()
    return round(statistics.median(times), 2)
