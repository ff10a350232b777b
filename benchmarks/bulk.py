"""Streaming responses in bulk, against a raw COPY of the same rows into the same table."""

import asyncio
import json
import time
from io import BytesIO
from statistics import median
from typing import Any

import asyncpg
import httpx

from app.db import raw_dsn
from benchmarks.processes import server
from benchmarks.scenario import Scenario, submissions

ROWS = 60_000
ROUNDS = 5


def measure(scenario: Scenario) -> dict[str, Any]:
    """Load and copy in turn, several times; the median of the pairs, so that noise hurts both."""
    lines = [
        json.dumps({"submission_id": f"bulk-{number}"} | body, ensure_ascii=False).encode()
        for number, body in enumerate(submissions(ROWS, seed=2))
    ]
    content = b"\n".join(lines)
    loads, copies = [], []
    with server("product", scenario.environment) as (_, port):
        for _ in range(ROUNDS):
            asyncio.run(_empty(scenario))
            loads.append(_load(scenario, port, content))
            copies.append(asyncio.run(_copy(scenario)))
        again = _load(scenario, port, content, expect="unchanged")
    rates = [round(copy / load, 2) for copy, load in zip(copies, loads, strict=True)]
    return {
        "rows": ROWS,
        "bulk_per_second": round(ROWS / median(loads)),
        "repeated_per_second": round(ROWS / again),
        "copy_per_second": round(ROWS / median(copies)),
        "rate_over_copy": median(rates),
        "rate_over_copy_by_round": rates,
    }


async def _empty(scenario: Scenario) -> None:
    connection = await asyncpg.connect(raw_dsn(scenario.settings.database_url))
    for table in ("responses", "events"):
        await connection.execute(f"TRUNCATE {table}")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _load(scenario: Scenario, port: int, content: bytes, expect: str = "created") -> float:
    started = time.perf_counter()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/surveys/{scenario.survey}/responses",
        params={"outcomes": "rejected"},
        content=content,
        headers={
            "Authorization": f"Bearer {scenario.key}",
            "Content-Type": "application/x-ndjson",
        },
        timeout=300,
    )
    seconds = time.perf_counter() - started
    if answer.status_code != httpx.codes.OK or answer.json()[expect] != ROWS:
        message = f"the load failed: {answer.text[:300]}"
        raise RuntimeError(message)
    return seconds


async def _copy(scenario: Scenario) -> float:
    """Take the rows out in PostgreSQL's own binary form, and time only putting them back."""
    connection = await asyncpg.connect(raw_dsn(scenario.settings.database_url))
    rows = BytesIO()
    await connection.copy_from_table("responses", output=rows, format="binary")
    await connection.execute("TRUNCATE responses")
    await connection.execute("CHECKPOINT")
    rows.seek(0)
    started = time.perf_counter()
    await connection.copy_to_table("responses", source=rows, format="binary")
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds
