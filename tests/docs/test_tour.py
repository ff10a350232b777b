"""The commands of the pages do what the pages say: run from top to bottom against a demo."""

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs import shell
from tests.docs.conftest import Demo
from tests.docs.markdown import PAGES, ROOT, Block, blocks
from tests.docs.shapes import misfits

#: Pages whose commands need nothing but a running demo. A translation has the same commands.
TOURS = [
    "README.md", "docs/analyses.md", "docs/embed.md", "docs/call-centre.md", "docs/reports.md",
    "docs/steering.md", "docs/develop.md",
]  # fmt: skip
#: What a test machine need not have.
_ELSEWHERE = ("docker ", "pg_dump ", "pg_restore ", "git ", "npx ")
_GIVEN = re.compile(r"(?:(?:BASE|SECRET|PUBLIC)=\S+\n)+")


def _is_make(block: Block) -> bool:
    return all(line.startswith("make ") for line in block.text.splitlines())


def _is_run(block: Block) -> bool:
    """Whether the block is run here; what the demo has printed is given instead."""
    plain = block.kind == "sh" and not block.words
    return plain and not _is_make(block) and not _GIVEN.fullmatch(block.text)


@pytest.mark.parametrize("name", TOURS)
def test_commands_answer_what_is_shown(name: str, demo: Demo) -> None:
    """Each command succeeds, and each answer shown after it is part of the real one."""
    page = blocks(ROOT / name)
    ran = shell.run([block for block in page if _is_run(block)], demo.variables)
    by_line = {each.block.line: each for each in ran}
    for before, block in pairwise(page):
        told = by_line.get(before.line)
        if told is not None and block.kind == "json":
            wrong = list(
                misfits(
                    json.loads(block.text),
                    json.loads(told.output),
                    figures="figures" in block.words,
                )
            )
            assert wrong == [], f"{name}, line {block.line}"
        elif told is not None and block.kind == "text":
            assert told.output == block.text, f"{name}, line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_exist(page: Path) -> None:
    """`make` knows every target that a page names."""
    for block in blocks(page):
        if block.kind == "sh" and _is_make(block):
            for line in block.text.splitlines():
                command = line.partition("#")[0].split()
                done = subprocess.run(
                    [*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_not_run_cannot_be(page: Path) -> None:
    """Only commands of programs that a test machine may lack are shown without being run."""
    for block in blocks(page):
        if block.kind == "console":
            for line in block.text.replace("\\\n", "").splitlines():
                assert line.startswith(_ELSEWHERE), f"line {block.line}: {line}"
        else:
            assert block.kind in {"sh", "json", "text", "html", "python", "nginx", "ini"}, (
                f"line {block.line}: {block.kind!r}"
            )
