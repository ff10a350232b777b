"""Answering KPIs of answers: the same questions at a hundredth and at all of the responses.

A pulse survey has a million responses; a study that feeds the other KPIs has a tenth of that, in
the same workspace.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from app.config import Settings
from app.db import Database
from app.kpis.catalog import CATALOGUE
from app.responses.tasks import fold_all
from benchmarks.asking import median_ms
from benchmarks.instrument import PULSE, STUDY, Asked, definition, submissions
from benchmarks.processes import server
from benchmarks.scenario import Scenario

SMALL, LARGE = 10_000, 1_000_000
STUDIED = 10
"""One response to the study for so many to the pulse."""
REQUESTS = 40
_STEP = 50_000
_YEAR = "from=2026-01-01&to=2027-01-01"
#: Asked of the pulse; the catalogue's others have their questions in the study.
OF_THE_PULSE = frozenset(
    {
        "satisfaction", "nps", "csat", "ces", "loyalty", "recommendation-rate", "trust",
        "repurchase-intention", "responses",
    }
)  # fmt: skip
#: The three that `growth` is named after, of a year that holds every response.
HEADLINES = ("nps", "csat/distribution", "nps/trend")


def measure(scenario: Scenario) -> dict[str, Any]:
    """Fill to the small size and ask, fill to the large size and ask again, in one run."""
    with server("product", scenario.environment) as (_, port):
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {scenario.key}"},
            timeout=300,
        )
        pulse, study = (_publish(client, questions) for questions in (PULSE, STUDY))
        questions = dict(_questions(pulse, study))
        times = []
        for have, want in ((0, SMALL), (SMALL, LARGE)):
            _load(client, pulse, PULSE, have, want)
            _load(client, study, STUDY, have // STUDIED, want // STUDIED)
            asyncio.run(_fold(scenario.settings))
            times.append(
                {name: median_ms(client, path, REQUESTS) for name, path in questions.items()}
            )
        client.close()
    small, large = times
    return {"responses": [SMALL, LARGE]} | summary(small, large, HEADLINES)


def summary(
    small: Mapping[str, float], large: Mapping[str, float], headlines: tuple[str, ...]
) -> dict[str, Any]:
    """What grew how much, and what was slowest."""
    slowest = max(large, key=lambda name: large[name])
    return {
        "median_ms_small": small,
        "median_ms_large": large,
        "growth": max(round(large[name] / small[name], 2) for name in headlines),
        "growth_of_all": round(max(large[name] / small[name] for name in large), 2),
        "headlines_under_15_ms": all(large[name] < 15 for name in headlines),
        "slowest": slowest,
        "under_50_ms": large[slowest] < 50,
    }


def _publish(client: httpx.Client, questions: tuple[Asked, ...]) -> str:
    body = {"name": "instrument", "definition": definition(questions)}
    made = client.post("/v1/surveys", json=body)
    survey = str(made.raise_for_status().json()["id"])
    client.post(f"/v1/surveys/{survey}/publish").raise_for_status()
    return survey


def _questions(pulse: str, study: str) -> Iterator[tuple[str, str]]:
    """Every endpoint of every KPI of answers, by its name, and how the surveys were answered."""
    yield "response-quality", f"/v1/surveys/{pulse}/response-quality?{_YEAR}"
    yield "response-quality/study", f"/v1/surveys/{study}/response-quality?{_YEAR}"
    for kpi in CATALOGUE:
        if kpi.family != "survey":
            continue
        survey = pulse if kpi.id in OF_THE_PULSE else study
        asked = f"{_YEAR}&survey={survey}"
        yield kpi.id, f"/v1/kpis/{kpi.id}?{asked}"
        yield f"{kpi.id}/trend", f"/v1/kpis/{kpi.id}/trend?{asked}&grain=month"
        yield f"{kpi.id}/compare", f"/v1/kpis/{kpi.id}/compare?{asked}&group_by=channel"
        if kpi.has_distribution:
            yield f"{kpi.id}/distribution", f"/v1/kpis/{kpi.id}/distribution?{asked}"


def _load(
    client: httpx.Client, survey: str, questions: tuple[Asked, ...], have: int, want: int
) -> None:
    for start in range(have, want, _STEP):
        count = min(_STEP, want - start)
        lines = (
            json.dumps(body, ensure_ascii=False) for body in submissions(questions, count, start)
        )
        answer = client.post(
            f"/v1/surveys/{survey}/responses?outcomes=rejected",
            content="\n".join(lines).encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        if answer.json().get("created") != count:
            message = f"the load failed: {answer.text[:300]}"
            raise RuntimeError(message)


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
