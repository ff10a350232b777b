"""The documentation holds together: links, translations, decisions, what it names.

What its commands do is tested in `tests/docs/`.
"""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.markdown import PAGES, ROOT, anchors, blocks, files_named, headings, links, prose

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
#: Each page for those who use the product, and its translation.
TRANSLATED = [
    ("README.md", "README.zh-CN.md"),
    ("docs/analyses.md", "docs/zh-CN/analyses.md"),
    ("docs/embed.md", "docs/zh-CN/embed.md"),
    ("docs/reports.md", "docs/zh-CN/reports.md"),
    ("docs/steering.md", "docs/zh-CN/steering.md"),
    ("docs/call-centre.md", "docs/zh-CN/call-centre.md"),
    ("docs/deploy.md", "docs/zh-CN/deploy.md"),
]
#: Written by a command that is named beside it.
_MADE = {"benchmarks/results.json"}
_BY_NAME = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@_BY_NAME
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file, and its anchor to a heading of that file."""
    for target in links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(file), target


@_BY_NAME
def test_named_files_exist(page: Path) -> None:
    """A checklist that sends people to a file sends them to one that is there."""
    missing = [name for name in files_named(page) if not (ROOT / name).exists()]
    assert set(missing) <= _MADE


@_BY_NAME
def test_every_page_is_found(page: Path) -> None:
    """Another page links to it: nobody searches folders."""
    found = {
        (other.parent / target.partition("#")[0]).resolve()
        for other in PAGES
        if other != page
        for target in links(other)
    }
    assert page in found or page.name == "README.md"


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED)
def test_translations_have_the_same_commands(english: str, chinese: str) -> None:
    """Both languages show the same blocks, headings for headings."""
    ours, theirs = blocks(ROOT / english), blocks(ROOT / chinese)
    assert [(each.kind, each.words, each.text) for each in ours] == [
        (each.kind, each.words, each.text) for each in theirs
    ]
    assert len(headings(ROOT / english)) == len(headings(ROOT / chinese))


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED)
def test_each_page_is_in_its_language(english: str, chinese: str) -> None:
    """Headings of the translation are Chinese; those of the original are not."""
    han = re.compile(r"[一-鿿]")
    assert not any(han.search(each) for each in headings(ROOT / english))
    named = {"NPS", "customer-feedback", "PostgreSQL"}
    assert all(han.search(each) for each in headings(ROOT / chinese) if each not in named)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_two_commands_come_first(name: str) -> None:
    """Whoever opens the repository sees how to run it and how to test it, before anything else."""
    first = blocks(ROOT / name)[0]
    assert [line.split("#")[0].strip() for line in first.text.splitlines()] == [
        "make run",
        "make test",
    ]
    assert first.line <= 6


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: str(decision.stem))
def test_decisions_are_whole(decision: Path) -> None:
    """A decision has its number, context, decision, consequences, alternatives; and a page only."""
    title, *parts = headings(decision)
    assert title.startswith(f"{int(decision.name[:4])}. ")
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(decision.read_text(encoding="utf-8").splitlines()) <= 80


def test_decisions_are_listed() -> None:
    """The list names each decision by its title, in order, and none is missing from it."""
    text = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", text, re.MULTILINE)
    assert [name for _, name, _ in listed] == [each.name for each in DECISIONS]
    assert [int(number) for number, _, _ in listed] == list(range(1, len(DECISIONS) + 1))
    for (number, _, title), decision in zip(listed, DECISIONS, strict=True):
        assert headings(decision)[0] == f"{int(number)}. {title}"


def test_the_house_has_the_floors_that_are_enforced() -> None:
    """The picture shows the layers of import-linter, in their order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    enforced = [re.findall(r"\w+", layer) for layer in contract["layers"]]
    picture = blocks(ROOT / "docs" / "house.md")[0].text
    shown = [re.findall(r"\w+", re.split(r" {3,}", line)[0]) for line in picture.splitlines()]
    assert shown == enforced


@_BY_NAME
def test_lines_can_be_read(page: Path) -> None:
    """Prose is wrapped, except in tables and in what is made from the code."""
    if page.parent.name == "reference":
        return
    lines = prose(page).splitlines()
    long = [line for line in lines if len(line) > 120 and not line.startswith("|")]
    assert long == []
