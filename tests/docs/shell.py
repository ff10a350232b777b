"""Runs the commands of a page as a reader would: in one shell, from top to bottom."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, Block

_SECONDS = 120


@dataclass(frozen=True)
class Ran:
    """A block that was run, and what it wrote."""

    block: Block
    output: str
    errors: str


def run(blocks: Sequence[Block], environment: Mapping[str, str]) -> list[Ran]:
    """Run the blocks in one bash, which ends at the first command that fails.

    The shell stands at the root of a copy of what readers use there (`docs/` and `.venv/bin/`),
    so that files which the commands write stay out of the repository.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        shutil.copytree(ROOT / "docs", place / "work" / "docs")
        _tools(place / "work" / ".venv" / "bin")
        script = ["set -eo pipefail"]
        for number, block in enumerate(blocks):
            script += [f"{{\n{block.text}\n}} >../out.{number} 2>../err.{number}"]
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=place / "work",
            env=os.environ
            | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
            | {"PATH": f"{place}/work/.venv/bin:{os.environ['PATH']}"}
            | dict(environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
        ran = [
            Ran(block, _text(place / f"out.{number}"), _text(place / f"err.{number}"))
            for number, block in enumerate(blocks)
            if (place / f"out.{number}").exists()
        ]
    assert done.returncode == 0, (
        f"the block at line {ran[-1].block.line} fails:\n{ran[-1].block.text}\n"
        f"{ran[-1].output}\n{ran[-1].errors}\n{done.stderr.decode()}"
    )
    return ran


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _tools(directory: Path) -> None:
    """Put the programs of this environment where `make run` would have put them."""
    directory.mkdir(parents=True)
    programs = {
        "feedback": f'"{sys.executable}" -m app.cli',
        "python": f'"{sys.executable}"',
        "openapi-python-client": f'"{sys.executable}" -m openapi_python_client',
        "ruff": f'"{sys.executable}" -m ruff',
    }
    for name, command in programs.items():
        tool = directory / name
        tool.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        tool.chmod(0o755)
