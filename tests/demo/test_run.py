"""`feedback demo` as a user runs it: ready with one line, and gone without a trace."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from app.demo import postgres
from app.demo.postmaster import live_postmaster

REPOSITORY = Path(__file__).resolve().parents[2]


class Demo:
    """A running demo."""

    def __init__(self, directory: Path, *arguments: str, database_url: str = "") -> None:
        self.directory = directory
        command = [sys.executable, "-m", "app.cli", "demo", "--json", "--scale", "0.02"]
        command += ["--directory", str(directory)]
        self.process = subprocess.Popen(
            [*command, *(arguments or ("--port", "0"))],
            cwd=REPOSITORY,
            env=os.environ | {"DATABASE_URL": database_url, "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    def said(self) -> dict[str, str]:
        """What the one line tells."""
        assert self.line, self.end()[1]
        told: dict[str, str] = json.loads(self.line)
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind when a test fails."""
        if self.process.poll() is None:
            self.end()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """End it; returns whatever else it wrote."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)

    def children(self) -> list[int]:
        """The processes that hold the other end of its pipe: those that it started."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_text().split("\0")
            except OSError:
                continue
            if "--lifeline" in words and self._is_ours(int(entry.parent.name)):
                found.append(int(entry.parent.name))
        return found

    def _is_ours(self, pid: int) -> bool:
        environment = Path(f"/proc/{pid}/environ").read_text()
        return self.said()["base_url"] in environment


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """One directory for the module: the demo's data is made once and kept from test to test."""
    place = Path(tempfile.mkdtemp(prefix="feedback-demo-")).resolve()
    place.chmod(0o755)
    yield place
    data = place / "postgres" / "data"
    if live_postmaster(data) is not None:
        postgres.start(place / "postgres").stop()
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def first(directory: Path) -> dict[str, str]:
    """What the first run told; it has ended since, and left the data."""
    with Demo(directory) as demo:
        told = demo.said()
        with httpx.Client(base_url=told["base_url"]) as client:
            assert client.get("/readyz").status_code == httpx.codes.OK
        assert len(demo.children()) == 2
        rest, errors = demo.end(signal.SIGINT)
        assert (rest, errors, demo.process.returncode) == ("", "", 0)
    return told


def test_tells_one_line_of_json(first: dict[str, str]) -> None:
    """Address, both keys and the database; nothing else on standard output or error."""
    assert set(first) == {"base_url", "secret_key", "publishable_key", "database_url"}
    assert first["secret_key"].startswith("fbs_")
    assert first["publishable_key"].startswith("fbp_")


def test_interrupt_ends_everything(first: dict[str, str], directory: Path) -> None:
    """After Ctrl-C no PostgreSQL, no API and no worker of it is left."""
    assert live_postmaster(directory / "postgres" / "data") is None
    port = int(first["base_url"].rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_second_run_serves_the_same_data_and_refuses_a_third(
    first: dict[str, str], directory: Path
) -> None:
    """Data and keys outlive the demo; while it runs, another one of its directory says so."""
    with Demo(directory) as demo:
        told = demo.said()
        assert told["secret_key"] == first["secret_key"]
        assert told["publishable_key"] == first["publishable_key"]
        headers = {"Authorization": f"Bearer {first['secret_key']}"}
        with httpx.Client(base_url=told["base_url"], headers=headers) as client:
            assert len(client.get("/v1/surveys").json()["data"]) == 2
        with Demo(directory) as third:
            output, errors = third.process.communicate(timeout=60)
        assert (third.line, output, third.process.returncode) == ("", "", 1)
        said = f"The demo runs already, at {told['base_url']}. Stop it first, or use --directory."
        assert errors == f"{said}\n"


@pytest.mark.usefixtures("first")
def test_killed_demo_leaves_only_postgresql_and_is_taken_up(directory: Path) -> None:
    """After kill -9 the API and the worker end themselves; PostgreSQL stays and is reused.

    When one of the two dies instead, the demo says which, shows its last words and ends the rest.
    """
    data = directory / "postgres" / "data"
    with Demo(directory) as demo:
        assert len(demo.children()) == 2
        before = live_postmaster(data)
        demo.end(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while demo.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert demo.children() == []
    with Demo(directory) as again:
        assert again.said()
        assert live_postmaster(data) == before
        os.kill(again.children()[0], signal.SIGKILL)
        errors = again.process.communicate(timeout=60)[1]
        assert again.process.returncode == 1
    assert "ended:" in errors
    assert live_postmaster(data) is None


def test_taken_port_is_named(directory: Path) -> None:
    """A port that somebody else has is not silently replaced."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with Demo(directory, "--port", port) as demo:
            errors = demo.process.communicate(timeout=60)[1]
    assert demo.process.returncode == 1
    assert errors == f"Port {port} is taken.\n"


def test_given_database_is_used_and_left_running(first: dict[str, str], directory: Path) -> None:
    """With DATABASE_URL no server is started, and the one that was given is not stopped."""
    server = postgres.start(directory / "postgres")
    elsewhere = directory / "without-server"
    with Demo(elsewhere, database_url=first["database_url"]) as demo:
        assert demo.said()["database_url"] == first["database_url"]
        assert not (elsewhere / "postgres").exists()
    assert postgres.query(server, "SELECT 1") == "1"
    server.stop()
