"""`feedback serve` as a process: its log, its end, and several processes together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.config import DEMO_PEPPER
from tests.http.serving import CANARY, Wire

_START_SECONDS = 120


class Service:
    """A running `feedback serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # One for all requests, as making one takes long; each on a connection of its own, as
        # those that are kept lead to the same process.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=self.url, limits=limits)
        self._log = log

    def log(self) -> list[dict[str, object]]:
        """Every line of its standard error; each must be JSON."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def service(database_url: str, log: Path, *arguments: str, **environment: str) -> Iterator[Service]:
    """Start the service on a free port; it is gone after the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), *arguments]
    settings = {"DATABASE_URL": database_url, "FEEDBACK_PEPPER": DEMO_PEPPER}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | settings | environment, stderr=output, stdout=output
        )
    running = Service(process, port, log)
    try:
        _await_start(running)
        yield running
    finally:
        running.client.close()
        if process.poll() is None:
            process.kill()
        process.wait(10)


def _await_start(running: Service) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            if running.client.get("/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the service did not start: {running.log()[-5:]}")


def test_sigterm_is_announced_before_it_is_obeyed(database_url: str, tmp_path: Path) -> None:
    """`/readyz` turns red while requests are still served; then the process ends in order."""
    with service(database_url, tmp_path / "log", FEEDBACK_DRAIN_SECONDS="1.5") as running:
        assert running.client.get("/readyz").status_code == 200
        began = time.monotonic()
        running.process.terminate()
        time.sleep(0.3)
        ready = running.client.get("/readyz")
        served = running.client.get("/livez")
        assert (ready.status_code, ready.json()["code"]) == (503, "not-ready")
        assert served.status_code == 200
        assert served.headers["connection"] == "close"
        running.process.wait(20)
        assert 1.4 < time.monotonic() - began < 10
        assert running.process.returncode in {0, -signal.SIGTERM}
        messages = [line.get("message") for line in running.log()]
        assert "Application shutdown complete." in messages


def test_a_process_logs_json_lines_without_queries(database_url: str, tmp_path: Path) -> None:
    """uvicorn's own lines too are JSON, and what was sent appears in none of them."""
    with service(database_url, tmp_path / "log") as running:
        running.client.get(f"/v1/surveys?{CANARY}={CANARY}", headers={"X-A": CANARY})
        with Wire(running.port) as wire:
            assert wire.send(f"{CANARY} nonsense\r\n\r\n").answer().status == 400
        running.stop()
        lines = running.log()
    assert CANARY not in (tmp_path / "log").read_text()
    assert {"request", "library"} <= {line["event"] for line in lines}
    requests = [line for line in lines if line["event"] == "request"]
    assert {"/livez", "/v1/surveys"} == {line["route"] for line in requests}


def test_several_processes_serve_and_count_together(database_url: str, tmp_path: Path) -> None:
    """Two workers share a port; whichever is scraped tells the sum of both."""
    with service(database_url, tmp_path / "log", "--workers", "2") as running:
        for _ in range(20):
            running.client.get("/")
        time.sleep(1.5)  # each tells the others once a second
        sample = 'feedback_http_requests_total{method="GET",route="/",status="2xx"} 20.0'
        assert sample in running.client.get("/metrics").text
        running.stop()
        assert all(line["level"] != "error" for line in running.log())
