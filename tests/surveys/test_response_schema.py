"""The published JSON Schema accepts exactly what the answer sheet accepts."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from app.surveys.answers import compile_answers
from app.surveys.definition import SurveyDefinition
from app.surveys.questions.texts import not_after, not_before
from app.surveys.response_schema import answers_schema, submission_schema
from tests.surveys.definitions import MIXED, TEXT, Json, definition, parsed, question
from tests.surveys.strategies import DAYS, cases


def validator(schema: Json) -> Validator:
    """A judge that also checks dates."""
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.booleans())
def test_the_schema_accepts_what_the_sheet_accepts(
    case: tuple[SurveyDefinition, Json],
    partial: bool,
) -> None:
    """For random definitions and nearly valid answers both judges agree, also for partial ones.

    But for the sum of an allocation, which JSON Schema cannot say.
    """
    asked, answers = case
    reading = compile_answers(asked).read(answers, partial=partial)
    errors = [error for error in reading.errors if error.code != "wrong-sum"]
    schema = answers_schema(asked, partial=partial)
    assert validator(schema).is_valid(answers) == (not errors)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_tallies_equal_a_recount(case: tuple[SurveyDefinition, Json]) -> None:
    """What a valid response adds is what an independent walk over question and answer counts."""
    asked, answers = case
    reading = compile_answers(asked).read(answers)
    assume(not reading.errors)
    expected: list[str] = []
    for each in json.loads(asked.model_dump_json(by_alias=True))["pages"][0]["questions"]:
        expected += recount(each, answers.get(each["key"]))
    assert sorted(reading.tallies) == sorted(expected)


def recount(asked: Json, answer: Any) -> list[str]:  # noqa: PLR0911 - any JSON
    """The tallies of one answer, written down from their definition."""
    key, type_ = asked["key"], asked["type"]
    if type_ == "matrix":
        rows = [row["code"] for row in asked["rows"]]
        return [one_tally(f"{key}.{row}", (answer or {}).get(row)) for row in rows]
    if answer is None and type_ == "allocation":
        return [f"{key}.{item['code']}=~skipped" for item in asked["items"]]
    if answer is None:
        return [f"{key}=~skipped"]
    if type_ == "ranking":
        return [f"{key}.{code}={rank}" for rank, code in enumerate(answer, 1)]
    if type_ == "allocation":
        return [f"{key}.{code}={points}" for code, points in answer.items()]
    if type_ == "multiple_choice":
        return [f"{key}=~answered", *(one_tally(key, code_of(item)) for item in answer)]
    if type_ in {"short_text", "long_text", "number", "date", "contact"}:
        return [f"{key}=~answered"]
    if type_ == "yes_no":
        return [f"{key}={'yes' if answer else 'no'}"]
    return [one_tally(key, code_of(answer))]


def code_of(item: Any) -> Any:
    """The code of a choice, with or without text."""
    return item["choice"] if isinstance(item, dict) else item


def one_tally(name: str, code: Any) -> str:
    """The tally of one point or code."""
    special = {None: f"{name}=~skipped", "not_applicable": f"{name}=~not_applicable"}
    return special.get(code, f"{name}={code}")


def test_the_one_documented_difference() -> None:
    """JSON Schema takes 9.0 for 9; the sheet does not."""
    asked = parsed(question("nps"))
    assert validator(answers_schema(asked)).is_valid({"q": 9.0})
    assert [error.code for error in compile_answers(asked).read({"q": 9.0}).errors] == [
        "wrong-type"
    ]


@settings(max_examples=200, deadline=None)
@given(DAYS, DAYS)
def test_date_bounds_as_patterns(day: date, bound: date) -> None:
    """The patterns of a bound match exactly the days on its side."""
    for pattern, inside in ((not_before(bound), day >= bound), (not_after(bound), day <= bound)):
        assert validator({"pattern": pattern}).is_valid(day.isoformat()) == inside


def test_the_schema_of_a_submission_embeds_the_answers() -> None:
    """The envelope keeps its own rules, is not changed, and gains this survey's answers."""
    envelope: Json = {
        "properties": {"answers": {"type": "object"}, "channel": {"$ref": "#/$defs/Channel"}},
        "required": ["answers", "channel"],
        "additionalProperties": False,
        "$defs": {"Channel": {"enum": ["web"]}},
    }
    before = json.dumps(envelope)
    judge = validator(submission_schema(parsed(*MIXED), envelope))
    assert json.dumps(envelope) == before
    assert judge.is_valid({"answers": {"nps": 9}, "channel": "web"})
    assert not judge.is_valid({"answers": {"nps": 9}, "channel": "fax"})
    assert not judge.is_valid({"answers": {"nps": 11}, "channel": "web"})
    assert not judge.is_valid({"answers": {}, "channel": "web"})
    bare: Json = {"type": "object", "properties": {"answers": {}}, "required": ["answers"]}
    assert validator(submission_schema(parsed(*MIXED), bare)).is_valid({"answers": {"nps": 9}})


@pytest.mark.parametrize("asked", MIXED, ids=lambda each: str(each["type"]))
def test_definitions_survive_storage(asked: Json) -> None:
    """A definition that is written and read again is the same, with its defaults written out."""
    read = parsed(asked)
    stored = json.loads(read.model_dump_json(by_alias=True))
    assert SurveyDefinition.model_validate(stored) == read
    assert definition(asked)["title"] == TEXT
