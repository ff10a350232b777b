"""Fitting lifetime value: the CDNOW customers, a million synthetic ones, and another package."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.config import Settings
from app.db import Database, new_id, raw_dsn
from app.jobs import running
from app.lifetime import service, tasks
from app.lifetime.schemas import BgnbdRunCreate
from app.workspaces import service as workspaces
from benchmarks.scenario import ROOT, Scenario

SMALL, COMPARED, LARGE = 2_357, 20_000, 1_000_000
#: The published parameters of CDNOW, and its quarter of first purchases, 39 weeks and as many.
_R, _ALPHA, _A, _B = 0.243, 4.414, 0.793, 2.426
_START = date(1997, 1, 1)
_CALIBRATED = date(1997, 9, 30)
_HELD = date(1997, 12, 31)
_VENV = ROOT / ".feedback" / "bench-lifetimes"
#: It is of 2020: it wants an old pandas, and setuptools that still has pkg_resources.
_PACKAGES = ("lifetimes==0.11.3", "pandas<3", "setuptools<80")
#: Both are timed alike: within a process of their own, on one thread, after one fit to warm up.
_TIMED = """
import json, sys, time
import numpy as np
x, t_x, age = (np.array(each) for each in json.load(sys.stdin))
fit(x[:200], t_x[:200], age[:200])
wall, processor = time.perf_counter(), time.process_time()
found = fit(x, t_x, age)
processor, wall = time.process_time() - processor, time.perf_counter() - wall
print(json.dumps({"wall": wall, "processor": processor, "parameters": found}))
"""
_OURS = """
from app.lifetime import bgnbd
from app.lifetime.histories import compressed
def fit(x, t_x, age):
    return bgnbd.fit(compressed(x, t_x, age, 7.0)[0]).values.tolist()
"""
_THEIRS = """
from lifetimes import BetaGeoFitter
def fit(x, t_x, age):
    return BetaGeoFitter().fit(x, t_x / 7, age / 7).params_.tolist()
"""
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
Ints = NDArray[np.int64]


def measure(scenario: Scenario) -> dict[str, Any]:
    """Fit each size in a process of the worker; then both packages to the same histories."""
    small = asyncio.run(_run(scenario.settings, SMALL))
    large = asyncio.run(_run(scenario.settings, LARGE))
    return {
        "customers": [SMALL, LARGE],
        "small": small,
        "large": large,
        "small_read_and_fit_under_1_s": small["read_and_fit_seconds"] < 1,
        "large_under_60_s": large["wall_seconds"] < 60,
        "large_under_2_gb": large["peak_memory_mb"] < 2_000,
        "against_lifetimes": _against(),
    }


def _simulated(count: int, seed: int) -> tuple[Ints, Ints]:
    """Days of purchase after the start, as BG/NBD has it, with the customer of each."""
    random = np.random.default_rng(seed)
    rate = random.gamma(_R, 1 / _ALPHA, count) / 7
    chance = random.beta(_A, _B, count)
    first = random.integers(0, 84, count)
    last_day = (_HELD - _START).days
    days, who = [first], [np.arange(count)]
    at, alive = first.astype(float), np.arange(count)
    while len(alive):
        at = at + random.exponential(1, len(alive)) / np.maximum(rate[alive], 1e-12)
        seen = at <= last_day
        alive, at = alive[seen], at[seen]
        days.append(at.astype(np.int64))
        who.append(alive)
        stays = random.random(len(alive)) >= chance[alive]
        alive, at = alive[stays], at[stays]
    return np.concatenate(days), np.concatenate(who)


async def _run(settings: Settings, count: int) -> dict[str, Any]:
    """Fill a workspace of its own, ask for a run, and let the worker's handler do it."""
    patient = settings.model_copy(update={"command_timeout_seconds": 600.0})
    database = Database(patient)
    async with database.transaction() as session:
        made = await workspaces.create_workspace(session, name=f"lifetime {count}", currency="USD")
    await _fill(settings, made.id, count)
    asked = BgnbdRunCreate(kind="bgnbd", calibration_end=_CALIBRATED, holdout_end=_HELD)
    async with database.transaction() as session:
        run = await service.create_model_run(session, made.id, asked)
    job = await running.take(database, tasks.HANDLERS, {"run_id": str(run.id)})
    if job is None:
        raise RuntimeError("the run was not queued")
    begun = time.perf_counter()
    error = await running.attempt(database, tasks.HANDLERS, job)
    wall = time.perf_counter() - begun
    if error is not None:
        raise error
    async with database.snapshot() as session:
        found = await service.fetch_model_run(session, made.id, run.id)
    await database.close()
    seconds, parameters = found.result["seconds"], found.result["purchase_model"]["parameters"]
    return {
        "status": found.status,
        "wall_seconds": round(wall, 2),
        "seconds": seconds,
        "read_and_fit_seconds": round(seconds["read"] + seconds["fit"], 3),
        "peak_memory_mb": round(found.result["peak_memory_bytes"] / 1e6),
        "parameters": {each["name"]: round(each["value"], 4) for each in parameters},
    }


async def _fill(settings: Settings, workspace_id: UUID, count: int) -> None:
    days, who = _simulated(count, seed=count)
    at = datetime.now(UTC)
    ids = [new_id() for _ in range(count)]
    connection = await asyncpg.connect(raw_dsn(settings.database_url), command_timeout=600)
    await connection.copy_records_to_table(
        "customers",
        columns=["workspace_id", "id", "external_id", "attributes", "revision", "created_at",
                 "updated_at"],
        records=((workspace_id, id_, f"C{n}", "{}", 1, at, at) for n, id_ in enumerate(ids)),
    )  # fmt: skip
    await connection.copy_records_to_table(
        "orders",
        columns=["workspace_id", "external_id", "customer_id", "ordered_at", "amount", "refunded",
                 "currency", "revision", "created_at", "updated_at"],
        records=_orders(workspace_id, ids, days, who, at),
    )  # fmt: skip
    await connection.execute("VACUUM ANALYZE customers, orders")
    await connection.close()


def _orders(
    workspace_id: UUID, ids: list[UUID], days: Ints, who: Ints, at: datetime
) -> Iterator[tuple[Any, ...]]:
    """Orders of a mean of some 35, each customer with a level of its own."""
    random = np.random.default_rng(1)
    level = 6.25 * 15.44 * 10 / random.gamma(3.744, 10, len(ids)) * 0.1
    amounts = random.gamma(6.25, level[who] / 6.25 * 10).clip(1, 9_000).round(2)
    noon = datetime(_START.year, _START.month, _START.day, 4, tzinfo=UTC)
    for number, (day, customer) in enumerate(zip(days.tolist(), who.tolist(), strict=True)):
        yield (
            workspace_id, f"O{number}", ids[customer], noon + timedelta(days=day),
            amounts[number], 0, "USD", 1, at, at,
        )  # fmt: skip


def _histories(count: int) -> tuple[Ints, Ints, Ints]:
    """x, t_x and T in days of simulated customers."""
    days, who = _simulated(count, seed=5)
    end = (_CALIBRATED - _START).days
    kept = days <= end
    pairs = np.unique(who[kept] * 1_000 + days[kept])
    customer, day = pairs // 1_000, pairs % 1_000
    _, starts, number = np.unique(customer, return_index=True, return_counts=True)
    first, last = day[starts], day[starts + number - 1]
    return number - 1, last - first, end - first


def _against() -> dict[str, Any]:
    """Our fit and that of `lifetimes` to the same histories, in weeks, one after the other."""
    python = _package()
    if python is None:
        return {"skipped": "lifetimes 0.11.3 could not be installed here"}
    found: dict[str, Any] = {}
    for count in (SMALL, COMPARED):
        sent = json.dumps([each.tolist() for each in _histories(count)])
        ours = _timed(Path(sys.executable), _OURS, sent)
        theirs = _timed(python, _THEIRS, sent)
        if ours is None or theirs is None:
            return {"skipped": "lifetimes 0.11.3 is installed and does not run here"}
        apart = np.abs(np.array(ours["parameters"]) / np.array(theirs["parameters"]) - 1)
        found[str(count)] = {
            "our_seconds": round(ours["wall"], 4),
            "their_seconds": round(theirs["wall"], 3),
            "ratio": round(theirs["processor"] / ours["processor"], 1),
            "parameters_apart": float(f"{apart.max():.1e}"),
        }
    return found


def _timed(python: Path, fit: str, sent: str) -> dict[str, Any] | None:
    """What a package says of the histories, and the time it took; None if it does not run."""
    said = subprocess.run(
        [str(python), "-W", "ignore", "-c", fit + _TIMED],
        input=sent, capture_output=True, text=True, check=False, timeout=900, cwd=ROOT,
        env=os.environ | _ONE_THREAD,
    )  # fmt: skip
    if said.returncode:
        return None
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def _package() -> Path | None:
    """The interpreter of an environment that has the package; None where it cannot be had."""
    python = _VENV / "bin" / "python"
    ready = [str(python), "-c", "import lifetimes"]
    if python.exists() and subprocess.run(ready, capture_output=True, check=False).returncode == 0:
        return python
    _VENV.parent.mkdir(exist_ok=True)
    install = [str(python), "-m", "pip", "install", "--quiet", *_PACKAGES]
    for command in ([sys.executable, "-m", "venv", str(_VENV)], install, ready):
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=600)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
    return python
