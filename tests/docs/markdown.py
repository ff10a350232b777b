"""Reads our Markdown as the tests need it: fenced blocks, headings, links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What a visitor of the repository sees as documentation.
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the first word says how it is checked, `words` may say more.

    `sh` is run, `json` and `text` after it are compared with what it wrote, `console` needs
    something that a test machine lacks and is only looked at.
    """

    kind: str
    words: tuple[str, ...]
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        kind, *words = match[1].split() or [""]
        found.append(Block(kind, tuple(words), match[2], text.count("\n", 0, match.start()) + 1))
    return found


def prose(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[str]:
    """The headings of a page, without their marks."""
    return re.findall(r"^#{1,6} +(.+?) *$", prose(page), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that the usual renderers give to the headings of a page."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings(page))
    return {each.replace(" ", "-") for each in kept}


def links(page: Path) -> list[str]:
    """The targets of the links of a page that lead to other places in the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def files_named(page: Path) -> list[str]:
    """What a page names in backticks and what looks like a file or folder of this repository."""
    tops = "app|docs|tests|migrations|benchmarks|requirements"
    named = re.findall(
        rf"`((?:{tops})/[^`\s]*|[A-Z][A-Za-z]+\.(?:md|toml)|pyproject\.toml)`", prose(page)
    )
    return [name for name in named if not re.search(r"[<>*{]", name)]
