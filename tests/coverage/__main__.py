"""`python -m tests.coverage` measures everything and writes the page."""

from tests.coverage.page import coverage
from tests.docs.reference import DIRECTORY

(DIRECTORY / "coverage.md").write_text(coverage(), encoding="utf-8")
