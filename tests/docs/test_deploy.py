"""The commands of a deployment work, in the order of the checklist, on a database of their own."""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from app.cli import commands as cli
from tests.docs.conftest import Demo
from tests.docs.markdown import ROOT, blocks


def commands(name: str) -> list[str]:
    """The `feedback` commands of a page, each on one line and without its comment."""
    deploying = [block for block in blocks(ROOT / name) if block.words == ("deploy",)]
    text = "".join(block.text for block in deploying).replace("\\\n", "")
    return [re.sub(r" +#.*", "", line) for line in text.splitlines()]


def execute(url: str, sql: str) -> None:
    """Run statements on a database, as its owner."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(run())


def ask(url: str, sql: str) -> int:
    """One number from a database."""

    async def run() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def production(demo: Demo) -> Iterator[dict[str, str]]:
    """What the environment of a production process holds: a new database, and a pepper."""
    name = f"production_{os.getpid()}"
    execute(demo.database_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = demo.database_url.replace("/feedback?", f"/{name}?")
    assert name in url
    yield {"DATABASE_URL": url, "FEEDBACK_PEPPER": secrets.token_urlsafe(48), "LC_ALL": "C"}
    execute(demo.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def words(line: str) -> list[str]:
    """The arguments of a `feedback` command."""
    name, *arguments = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
    assert name == "feedback", line
    return arguments


def start(line: str, environment: dict[str, str], *more: str) -> subprocess.Popen[str]:
    """Start a command that goes on, as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *words(line), *more],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """End it as an operator would; its status and its log."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_the_checklist_works(production: dict[str, str]) -> None:
    """Tables, a clean bill of health, keys, then an API that is ready, and a worker."""
    for line in dict.fromkeys([*commands("docs/deploy.md"), *commands("README.md")]):
        if line.startswith("feedback serve"):
            _serves(line, production)
        elif line.startswith("feedback worker"):
            _works(line, production)
        else:
            done = CliRunner().invoke(cli, words(line), env=production)
            wrong = [each for each in done.stdout.splitlines() if each.startswith("WRONG")]
            # The free space of the machine that tests is not ours to judge.
            assert [each for each in wrong if "GiB are free" not in each] == [], line
            assert done.exit_code == 0 or wrong, f"{line}\n{done.output}"


def _serves(line: str, environment: dict[str, str]) -> None:
    """It becomes ready, and ends in order."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(line, environment, "--port", str(port))
    _wait_for(lambda: _is_ready(port), process)
    assert finish(process)[0] == 0


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(str(finish(process)))
        time.sleep(0.2)


def _is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
    except httpx.TransportError:
        return False
    return (
        answer.status_code == httpx.codes.OK and answer.json()["components"]["durability"] == "ok"
    )


def _works(line: str, environment: dict[str, str]) -> None:
    """It takes up its work, says nothing of failures, and ends in order."""
    url = environment["DATABASE_URL"]
    at_work = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    process = start(line, environment)
    _wait_for(lambda: ask(url, f"{at_work} AND application_name = 'feedback'") > 0, process)
    status, log = finish(process)
    assert status == 0
    assert "job_failed" not in log
