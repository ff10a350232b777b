"""The reference is complete and right: what the code declares stands in it."""

import json
import re
from typing import get_args

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.complaints.transitions import RULES
from app.config import Settings
from app.http.auth import SCOPES
from app.kpis.catalog import CATALOGUE
from app.problems import FIELD_CODES, PROBLEMS
from app.surveys.answers import AnswerSheet
from app.surveys.consistency import definition_problems
from app.surveys.definition import SurveyDefinition
from app.surveys.questions import Question
from tests.docs import reference
from tests.docs.markdown import ROOT, blocks

REFERENCE = ROOT / "docs" / "reference"
QUESTION_TYPES = [
    get_args(each.model_fields["type"].annotation)[0]
    for each in get_args(get_args(Question)[0])
]  # fmt: skip


def text_of(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.PAGES)
def test_tables_are_up_to_date(name: str) -> None:
    """A page that is made from the code is as the code would make it now."""
    assert text_of(name) == reference.PAGES[name](), "run: python -m tests.docs.reference"


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("problems.md", [*PROBLEMS, *FIELD_CODES]),
        ("kpis.md", [kpi.id for kpi in CATALOGUE]),
        ("complaints.md", [rule.event for rule in RULES]),
        ("keys.md", SCOPES),
        ("question-types.md", QUESTION_TYPES),
    ],
)
def test_everything_declared_is_documented(name: str, declared: list[str]) -> None:
    """No code, KPI, event, scope or question type is missing from its page."""
    text = text_of(name)
    assert [each for each in declared if f"`{each}`" not in text] == []


def test_every_setting_stands_with_its_default() -> None:
    """Each setting has a row with its name and its default, and no row is of a setting gone."""
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\S*) ?\|", text_of("settings.md"), re.MULTILINE))
    declared = {}
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"FEEDBACK_{name.upper()}"
        plain = "" if isinstance(field.default, SecretStr) else field.default
        shown = str(plain).lower() if isinstance(plain, bool) else str(plain)
        declared[str(variable)] = f"`{shown}`" if shown else ""
    assert rows == declared


async def test_every_metric_stands_with_its_type(app: FastAPI) -> None:
    """Each metric that the service shows has a row, and no row is of a metric gone.

    With its database: what must be asked there is left out of a scrape that cannot ask.
    """
    exposition = (await app.state.traffic.exposition()).decode()
    rows = re.findall(r"^\| `(feedback_\w+)` \| (\w+) \|", text_of("metrics.md"), re.MULTILINE)
    assert dict(rows) == dict(
        re.findall(r"^# TYPE (feedback_\w+) (\w+)$", exposition, re.MULTILINE)
    )


def test_every_question_type_has_an_example_that_fits() -> None:
    """Each heading's example is a valid question of that type, with an answer that it accepts."""
    seen = []
    for block in blocks(REFERENCE / "question-types.md"):
        shown = json.loads(block.text)
        question, key = shown["question"], shown["question"]["key"]
        definition = SurveyDefinition.model_validate(
            {
                "default_language": "en",
                "languages": ["en"],
                "title": {"en": "Example"},
                "pages": [{"key": "only", "questions": [question]}],
            }
        )
        assert list(definition_problems(definition)) == [], key
        assert AnswerSheet(definition).read({key: shown["answer"]}).errors == [], key
        seen.append(question["type"])
    assert set(seen) == set(QUESTION_TYPES)


def test_headings_name_the_types() -> None:
    """Each question type is a heading of its page, once."""
    found = re.findall(r"^### `(\w+)`$", text_of("question-types.md"), re.MULTILINE)
    assert sorted(found) == sorted(QUESTION_TYPES)
