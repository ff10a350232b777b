"""What was complained of, foretold and judged of so many customers."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from app.churn.watching import judge_due
from app.complaints.references import new_reference
from app.config import Settings
from app.db import Database, new_id, raw_dsn
from app.jobs import running
from app.lifetime import tasks
from app.responses.tasks import fold_all
from benchmarks.scenario import submissions

#: One complaint, and one response to the survey, for so many customers.
_CUSTOMERS_OF_ONE = 10
_CATEGORIES = ("delivery", "billing", "quality", "service")
_DAYS = 3 * 365
#: So many steps of the worker judge customers; the others then stand as these do.
_STEPS = 6
_DUE = """
INSERT INTO churn_states (workspace_id, customer_id, level, priority, reasons, due_at)
SELECT workspace_id, id, 'none', 0, '[]', $2 FROM customers WHERE workspace_id = $1
ON CONFLICT (workspace_id, customer_id) DO UPDATE SET due_at = excluded.due_at, level = 'none',
    evaluated_at = NULL
"""
_LIKEWISE = """
WITH judged AS (
    SELECT *, row_number() OVER (ORDER BY customer_id) - 1 AS place FROM churn_states
    WHERE workspace_id = $1 AND evaluated_at IS NOT NULL
), others AS (
    SELECT customer_id, row_number() OVER (ORDER BY customer_id)
        % greatest((SELECT count(*) FROM judged), 1) AS place
    FROM churn_states WHERE workspace_id = $1 AND evaluated_at IS NULL
)
UPDATE churn_states s SET level = j.level, priority = j.priority, reasons = j.reasons,
    model_run = j.model_run, changed_at = j.changed_at, evaluated_at = j.evaluated_at,
    due_at = j.due_at
FROM judged j JOIN others o USING (place)
WHERE s.workspace_id = $1 AND s.customer_id = o.customer_id
"""
_COUNTED = """
INSERT INTO churn_counts (workspace_id, key_account_type, level, n)
SELECT workspace_id, coalesce(key_account_type, ''), level, count(*) FROM churn_states
WHERE workspace_id = $1 AND evaluated_at IS NOT NULL GROUP BY 1, 2, 3
"""
_CROSSED = """
INSERT INTO churn_crossings (workspace_id, id, customer_id, level_before, level, reasons,
    rules_version, crossed_at)
SELECT workspace_id, gen_random_uuid(), customer_id, 'none', level, reasons, 1, changed_at
FROM churn_states WHERE workspace_id = $1 AND level <> 'none'
"""
_ALERTED = """
INSERT INTO alerts (workspace_id, id, rule, title, watch, kind, state, previous_state, cause,
    value, unit, n, evidence, created_at)
SELECT workspace_id, gen_random_uuid(), name, '{"en": "Complaints"}', document -> 'watch',
    'target', CASE n % 2 WHEN 0 THEN 'breached' ELSE 'ok' END,
    CASE n % 2 WHEN 0 THEN 'ok' ELSE 'breached' END, 'evaluation', n, '', n,
    '{"interval": null, "target": 12, "statistic": null, "centre": null, "low": null,
    "high": null, "previous": null, "difference": null, "p": null, "test": null}', $2
FROM alert_rules CROSS JOIN generate_series(1, 200) AS n WHERE workspace_id = $1
"""


def load(
    client: httpx.Client, settings: Settings, survey: str, customers: range, end: datetime
) -> str:
    """Answers, complaints, a model run (its id) and judgements of so many customers."""
    _answer(client, survey, customers[::_CUSTOMERS_OF_ONE])
    asked = {"kind": "pnbd", "calibration_end": str(end.date() - timedelta(days=1))}
    made = client.post("/v1/model-runs", json=asked).raise_for_status()
    run = str(made.json()["id"])
    asyncio.run(_in_background(settings, run, customers, end))
    status = client.get(f"/v1/model-runs/{run}").raise_for_status().json()["status"]
    if status not in {"sound", "unreliable"}:
        message = f"the model run ended as {status}"
        raise RuntimeError(message)
    return run


def _answer(client: httpx.Client, survey: str, numbers: range) -> None:
    sent = submissions(len(numbers), numbers.start)
    lines = (json.dumps(each, ensure_ascii=False) for each in sent)
    client.post(
        f"/v1/surveys/{survey}/responses?outcomes=rejected",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    ).raise_for_status()


async def _in_background(settings: Settings, run: str, customers: range, end: datetime) -> None:
    """The worker's part, and what is copied."""
    database = Database(settings.model_copy(update={"command_timeout_seconds": 600.0}))
    while await fold_all(database):
        pass
    job = await running.take(database, tasks.HANDLERS, {"run_id": run})
    if job is None:
        raise RuntimeError("the model run was not queued")
    if (error := await running.attempt(database, tasks.HANDLERS, job)) is not None:
        raise error
    connection = await asyncpg.connect(raw_dsn(settings.database_url), command_timeout=600)
    workspace = await connection.fetchval("SELECT id FROM workspaces LIMIT 1")
    await _complain(connection, workspace, customers, end)
    at = datetime.now(UTC)
    await connection.execute(_DUE, workspace, at)
    for _ in range(_STEPS):
        async with database.transaction() as session:
            await judge_due(session, workspace, at)
    await connection.execute(_LIKEWISE, workspace)
    await connection.execute("DELETE FROM churn_counts")
    await connection.execute(_COUNTED, workspace)
    await connection.execute(_CROSSED, workspace)
    await connection.execute(_ALERTED, workspace, at)
    await connection.close()
    await database.close()


async def _complain(
    connection: asyncpg.Connection, workspace: UUID, customers: range, end: datetime
) -> None:
    """Copy complaints of the years before; most are solved."""
    rng = random.Random(customers.stop)
    rows: list[tuple[Any, ...]] = []
    for number in customers[::_CUSTOMERS_OF_ONE]:
        at = end - timedelta(days=_DAYS * rng.random())
        name = f"c{rng.randrange(customers.stop)}"
        rows.append(
            (workspace, new_id(), new_reference(), "complaint", rng.choice(("web", "phone")),
             rng.choice(_CATEGORIES), rng.choice(("low", "medium", "high")), "Late.", True, True,
             at, at, at, at, at, "identified", name, name, f"o{rng.randrange(5 * customers.stop)}",
             f"h{number}", "{}", *rng.choice(_FATES), False, 0, 0, 0, False, 1, 1)
        )  # fmt: skip
    await connection.copy_records_to_table("complaints", records=rows, columns=_COLUMNS)


_FATES = (("closed", "upheld"), ("closed", "not_upheld"), ("closed", "upheld"),
          ("in_progress", None))  # fmt: skip
_COLUMNS = ("workspace_id", "id", "reference", "kind", "channel", "category", "severity",
            "description", "expression_of_dissatisfaction", "response_expected", "occurred_at",
            "received_at", "received_at_effective", "recorded_at", "updated_at", "identity_mode",
            "customer", "complainant", "order", "content_hash", "metadata", "state", "outcome",
            "regulatory_impact", "escalation_level", "return_count", "reopen_count",
            "under_review", "repeat_no", "revision")  # fmt: skip
