"""One small demo, shared by every test of the documentation."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.demo import postgres
from app.demo.postmaster import live_postmaster
from tests.docs.markdown import ROOT


@dataclass(frozen=True)
class Demo:
    """Where the demo serves and what opens it, as its line of JSON tells."""

    base_url: str
    secret_key: str
    publishable_key: str
    database_url: str

    @property
    def variables(self) -> dict[str, str]:
        """What a reader of the tour has set."""
        return {"BASE": self.base_url, "SECRET": self.secret_key, "PUBLIC": self.publishable_key}

    def client(self) -> httpx.Client:
        """A client that sends the secret key."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30)


@pytest.fixture(scope="package")
def demo() -> Iterator[Demo]:
    """`feedback demo`, started as the README says, with a fiftieth of its data.

    It ends with the tests of this folder: three processes of it would work beside all others.
    """
    place = Path(tempfile.mkdtemp(prefix="feedback-docs-")).resolve()
    place.chmod(0o755)  # PostgreSQL runs as another account where we are root
    command = [sys.executable, "-m", "app.cli", "demo", "--json", "--scale", "0.02"]
    with subprocess.Popen(
        [*command, "--port", "0", "--directory", str(place)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "", "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield Demo(**json.loads(line))
        finally:
            process.terminate()
            process.communicate(timeout=60)
            if live_postmaster(place / "postgres" / "data") is not None:
                postgres.start(place / "postgres").stop()
            shutil.rmtree(place)
