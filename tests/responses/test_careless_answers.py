"""Signs of carelessness in answers: what is flagged when, and what nobody is told."""

from fractions import Fraction
from statistics import stdev, variance
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.responses.quality import flags
from app.surveys.answers import compile_answers
from app.surveys.definition import SurveyDefinition
from tests.analyses.asking import matrix
from tests.conftest import Tenant
from tests.responses.builders import CHECK, CSAT, NPS, answer, definition, publish

Json = dict[str, Any]


def _flags(answers: Json, *questions: Json) -> list[str]:
    sheet = compile_answers(SurveyDefinition.model_validate(definition(*questions)))
    assert sheet.read(answers).errors == []
    return flags(sheet, answers, None)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"reads": "speed"}, []),
        ({"reads": "price"}, ["attention_check"]),
        ({"reads": {"choice": "else", "text": "speed"}}, ["attention_check"]),
        ({"reads": "speed", "too": "speed"}, ["attention_check"]),
        ({"reads": "price", "too": "speed"}, ["attention_check"]),
        ({}, []),
    ],
)
def test_a_check_is_failed_by_another_answer(answers: Json, expected: list[str]) -> None:
    """Any answer but the expected one, once however many are failed; an open one is not failed."""
    label = {"en": "Otherwise", "zh-CN": "其他"}
    first = CHECK | {"other": {"code": "else", "label": label}}
    second = CHECK | {"key": "too", "attention_check": "price"}
    assert _flags(answers, first, second) == expected


def _rows(*points: int | str) -> Json:
    return {f"r{number}": point for number, point in enumerate(points)}


def _flags_of_rows(points: list[int | str], low: int, high: int) -> list[str]:
    rows = _rows(*points)
    asked = matrix("parts", *rows, min=low, max=high, top_box=[high], allow_not_applicable=True)
    return _flags({"parts": rows}, asked)


@pytest.mark.parametrize(
    ("points", "high", "expected"),
    [
        ([3, 3, 3, 3, 3, 3], 5, ["longstring"]),
        ([3, 3, 3, 4, 3, 3], 5, ["low_variation"]),  # on the threshold: 1/6 of a point², span 4
        ([3, 3, 4, 4, 3, 3], 5, []),
        ([3, 3, 3, 5, 3, 3], 5, []),
        ([3, 3, 3, 4, 3], 5, []),  # five rows tell nothing
        ([3, 3, 3, 4, 3, 3], 4, []),  # a point is more of a shorter scale
        ([8, 8, 9, 9, 8, 8], 10, ["low_variation"]),
        ([4] * 6 + ["not_applicable"], 5, ["low_variation"]),  # alike, though not all on the scale
        ([4] * 5 + ["not_applicable"], 5, []),
        (["not_applicable"] * 7, 5, []),
    ],
)
def test_rows_that_hardly_differ_are_told(
    points: list[int | str], high: int, expected: list[str]
) -> None:
    """Of six rows or more; one value throughout is a long string and nothing else."""
    assert _flags_of_rows(points, 1, high) == expected


@st.composite
def _answered(draw: st.DrawFn) -> tuple[list[int | str], int]:
    """Rows near one end of a scale, some not applicable, and the scale's span."""
    span = draw(st.integers(1, 30))
    points = st.integers(0, min(span, 3)) | st.just("not_applicable")
    return draw(st.lists(points, min_size=1, max_size=12)), span


@example(([3, 3, 3, 3, 3, 4], 4))
@example(([0] * 95 + [1], 1))
@example(([0] * 94 + [1], 1))
@given(_answered())
def test_low_variation_is_that_of_the_standard_library(
    answered: tuple[list[int | str], int],
) -> None:
    """Brute force by `statistics`: the variance as a fraction, which `stdev` agrees with."""
    points, span = answered
    rated = [Fraction(each) for each in points if isinstance(each, int)]
    found = "low_variation" in _flags_of_rows(points, 0, span)
    if len(rated) < 6 or len(set(points)) == 1:
        assert not found
        return
    assert found == (variance(rated) / span**2 <= Fraction(1, 96))
    irv = stdev(map(float, rated)) / span
    assert found == (irv <= 0.1020620726) or irv == pytest.approx(0.1020620726)


def test_each_sign_is_told_once_of_several_matrices() -> None:
    """Two matrices with little variation and a long string: two flags; other questions none."""
    rows = [f"r{number}" for number in range(6)]
    asked = [matrix(key, *rows, min=1, max=5) for key in ("a", "b", "c")]
    items = [{"code": row, "label": {"en": row, "zh-CN": row}} for row in rows]
    shared = {"type": "allocation", "key": "d", "items": items, "total": 60}
    answers = {
        "a": _rows(1, 1, 1, 1, 1, 2), "b": _rows(4, 4, 4, 4, 4, 4), "c": _rows(5, 4, 5, 5, 5, 5),
        "d": _rows(10, 10, 10, 10, 10, 10),
    }  # fmt: skip
    assert _flags(answers, *asked, shared) == ["low_variation", "longstring"]


async def _stored(tenant: Tenant, survey: str, sent: Json) -> Json:
    receipt = await tenant.client.post(f"/v1/surveys/{survey}/responses", json=sent)
    assert receipt.status_code == 201, receipt.text
    found: Json = (await tenant.client.get(receipt.headers["location"])).json()
    return found


async def _changed(tenant: Tenant, response: Json, **patch: object) -> Json:
    changed = await tenant.client.patch(f"/v1/responses/{response['id']}", json=patch)
    assert changed.status_code == 200, changed.text
    found: Json = changed.json()
    return found


async def test_a_failed_check_makes_a_response_doubtful(tenant: Tenant) -> None:
    """Flagged and stored whole; who answers as asked is not."""
    survey = await publish(tenant, NPS, CSAT, CHECK)
    failed = await _stored(tenant, survey, answer(answers={"nps": 9, "reads": "price"}))
    assert (failed["quality"], failed["flags"]) == ("flagged", ["attention_check"])
    assert failed["answers"] == {"nps": 9, "reads": "price"}
    passed = await _stored(tenant, survey, answer(answers={"nps": 9, "reads": "speed"}))
    assert (passed["quality"], passed["flags"]) == ("ok", [])


async def test_what_continues_a_partial_response_is_judged_too(tenant: Tenant) -> None:
    """A check on a later page flags, no flag is taken back, and a judgement by hand stays."""
    survey = await publish(tenant, NPS, CSAT, CHECK)
    begun = await _stored(tenant, survey, {"answers": {"nps": 9}, "status": "partial"})
    assert (begun["quality"], begun["flags"]) == ("ok", [])
    failed = await _changed(tenant, begun, answers={"reads": "price"})
    assert (failed["quality"], failed["flags"]) == ("flagged", ["attention_check"])
    again = await _changed(tenant, begun, answers={"reads": "speed"})
    assert (again["quality"], again["flags"]) == ("flagged", ["attention_check"])
    judged = await _changed(tenant, begun, quality="ok")
    assert (judged["quality"], judged["flags"]) == ("ok", ["attention_check"])
    whole = await _changed(tenant, begun, answers={"reads": "price"}, status="complete")
    assert (whole["quality"], whole["flags"]) == ("ok", ["attention_check"])


async def test_a_correction_is_not_the_respondents(tenant: Tenant) -> None:
    """Who corrects a complete response by a secret key neither passes nor fails the check."""
    survey = await publish(tenant, NPS, CSAT, CHECK)
    passed = await _stored(tenant, survey, answer(answers={"nps": 9, "reads": "speed"}))
    corrected = await _changed(tenant, passed, answers={"reads": "price"})
    assert (corrected["quality"], corrected["flags"]) == ("ok", [])
    failed = await _stored(tenant, survey, answer(answers={"nps": 9, "reads": "price"}))
    corrected = await _changed(tenant, failed, answers={"reads": "speed"})
    assert (corrected["quality"], corrected["flags"]) == ("flagged", ["attention_check"])


async def test_no_page_is_told_what_a_check_expects(tenant: Tenant) -> None:
    """A publishable key reads null where its author reads the code, and all else the same."""
    survey = await publish(tenant, NPS, CHECK)
    path = f"/v1/surveys/{survey}/versions"
    for name in ("current", "1"):
        told = (await tenant.client.get(f"{path}/{name}")).json()
        shown = await tenant.public.get(f"{path}/{name}")
        (_, check) = told["definition"]["pages"][0]["questions"]
        assert check["attention_check"] == "speed"
        check["attention_check"] = None
        assert shown.json() == told
    for suffix in ("", "/current/response-schema"):
        assert "attention" not in (await tenant.public.get(path + suffix)).text


async def test_a_check_that_nobody_passes_is_not_published(tenant: Tenant) -> None:
    """409 with a pointer to it and a reason in the reader's language; a figure needs no check."""
    wrong = [CHECK | {"attention_check": "none"}, CHECK | {"key": "price", "construct": "price"}]
    body = {"name": "service", "definition": definition(*wrong)}
    created = await tenant.client.post("/v1/surveys", json=body)
    refused = await tenant.client.post(
        f"{created.headers['location']}/publish", headers={"Accept-Language": "zh-CN"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "survey-not-ready")
    at = "/definition/pages/0/questions/{}/attention_check"
    assert [
        (each["pointer"], each["code"], each["detail"]) for each in refused.json()["errors"]
    ] == [
        (at.format(0), "unknown-choice", "该问题没有此选项。"),
        (at.format(1), "invalid-value", "注意力检测题不用于测量，请去掉其 construct。"),
    ]
