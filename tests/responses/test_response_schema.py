"""The published schema of a submission accepts exactly what submitting accepts."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from app.errors import Problem
from app.responses import sent
from app.responses.envelope import ENVELOPE
from app.responses.sent import read_submission
from app.responses.submission import Questionnaire, prepare
from app.surveys.answers import compile_answers
from app.surveys.definition import SurveyDefinition
from app.surveys.response_schema import submission_schema
from tests.responses.builders import definition

DEFINITION = SurveyDefinition.model_validate(definition(hidden_fields=["branch"]))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUESTIONNAIRE = Questionnaire(
    workspace_id=uuid4(),
    survey_id=uuid4(),
    revision=1,
    status="published",
    current_version=1,
    created_at=NOW,
    closed_at=None,
    sheets={1: compile_answers(DEFINITION)},
    retired=frozenset(),
)
CHECKER = FormatChecker(formats=[])


@CHECKER.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    """RFC 3339, read by the standard library alone."""
    if isinstance(value, str):
        datetime.fromisoformat(value.upper())
    return True


VALIDATOR = Draft202012Validator(submission_schema(DEFINITION, ENVELOPE), format_checker=CHECKER)
FACTS = st.dictionaries(
    st.sampled_from(["branch", "b-2", "", " x", "a" * 65, "é"]),
    st.one_of(st.text(max_size=3), st.booleans(), st.integers(-9, 9), st.none(), st.just([1]),
              st.sampled_from([1.5, -2.0, 2**62]),
              st.sampled_from(["\x00", "x" * 1_001])),
    max_size=2,
)  # fmt: skip
TIMES = st.sampled_from(
    [None, "2026-11-22T10:00:00Z", "2026-11-22t10:00:00.5+08:00", "2026-11-22", 7,
     "2026-11-22T10:00:00", "2026-02-30T10:00:00Z", "2026-11-22T24:00:00Z", "x"]
)  # fmt: skip
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "answers": st.dictionaries(
        st.sampled_from(["nps", "csat", "reasons", "why", "ghost"]),
        st.one_of(st.integers(-1, 11), st.sampled_from(["price", "not_applicable", "", None]),
                  st.lists(st.sampled_from(["price", "speed", "x"]), max_size=2)),
        max_size=3,
    ) | st.just({"nps": 9}) | st.just({}) | st.none(),
    "status": st.sampled_from(["complete", "partial", "dismissed", "other", None]),
    "version": st.sampled_from([1, None, 0, "1", True]),
    "language": st.sampled_from(["zh-CN", "en", "zh_CN", "", None, "zh-Hant-TW"]),
    "channel": st.sampled_from(["web", "Web", None, "phone"]),
    "method": st.sampled_from(["call_back", "x", 1]),
    "customer": st.sampled_from(["C 1", " C", "C\n", "", None, "客户", "a\nb", "a\x00b",
          "x" * 201, 5]),
    "occurred_at": TIMES,
    "sent_at": TIMES,
    "duration_seconds": st.sampled_from([0, 1.5, -1, 604_801, "3", None, True]),
    "hidden_fields": FACTS | st.none(),
    "metadata": FACTS | st.none() | st.just("x"),
    "test": st.sampled_from([True, False, None, 1]),
    "extra": st.just(1),
}  # fmt: skip
SUBMISSIONS = st.fixed_dictionaries(
    {"answers": PARTS["answers"]},
    optional={name: part for name, part in PARTS.items() if name != "answers"},
)


def _submit(body: dict[str, Any]) -> str | None:
    try:
        prepare(
            QUESTIONNAIRE, read_submission(body), submission_key="x", assurance="verified",
            received=NOW,
        )  # fmt: skip
    except Problem as problem:
        return problem.code
    return None


@settings(max_examples=600)
@example({"answers": {"nps": 0}, "customer": "C\n"})
@example({"answers": {"nps": 0}, "metadata": {"seen": 1e19}})
@given(SUBMISSIONS | st.fixed_dictionaries({}, optional=PARTS))
def test_the_schema_accepts_what_submitting_accepts(body: dict[str, Any]) -> None:
    """Near-valid bodies of every kind: both accept, or both refuse."""
    refused = _submit(body)
    found = [error.message for error in VALIDATOR.iter_errors(body)]
    assert (refused is None) == (not found), (refused, found)


@settings(max_examples=600)
@example({"answers": {}, "duration_seconds": 3, "customer": "C 1", "metadata": {}})
@example({"answers": {}, "test": 1})
@example({"answers": {}, "hidden_fields": {"seen": -1e300}})
@given(SUBMISSIONS | st.fixed_dictionaries({}, optional=PARTS))
def test_the_quick_reader_reads_what_the_model_reads(body: dict[str, Any]) -> None:
    """The quick reader takes nothing that the model refuses, and makes the same of the rest."""
    try:
        quickly = sent.SUBMISSIONS.read_quickly(body)
    except sent.DOUBTS:
        return
    carefully = sent.SUBMISSIONS.read_carefully(body)
    assert quickly == carefully
    assert repr(sorted(quickly.items())) == repr(sorted(carefully.items()))


def test_the_usual_submission_is_read_quickly() -> None:
    """What nearly everybody sends leaves no doubt."""
    body = {
        "submission_id": "call-17", "answers": {"nps": 9}, "language": "zh-CN", "version": 1,
        "channel": "phone", "customer": "C-1024", "occurred_at": "2026-11-22T10:00:00+08:00",
        "sent_at": "2026-11-22T02:00:00Z", "duration_seconds": 30, "test": False,
        "metadata": {"branch": "东"}, "hidden_fields": {"branch": 7}, "method": None,
    }  # fmt: skip
    with pytest.raises(sent.DOUBTS):
        sent.LINES.read_quickly(body)
    del body["method"]
    assert sent.LINES.read_quickly(body) == sent.LINES.read_carefully(body)
