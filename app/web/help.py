"""What each problem means and what to do about it, from `help.toml`."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from app.problems import Text


@dataclass(frozen=True)
class Help:
    """The text of a problem's page."""

    meaning: Text
    remedy: Text


def _read() -> dict[str, Help]:
    content = tomllib.loads((files("app.web") / "help.toml").read_text(encoding="utf-8"))
    return {
        code: Help(Text(texts["en"][0], texts["zh"][0]), Text(texts["en"][1], texts["zh"][1]))
        for code, texts in content.items()
    }


#: By code of a problem; a test sees to it that none is missing.
HELP = _read()
