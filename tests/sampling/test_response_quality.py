"""Tests of response quality: recounted from what was sent."""

from statistics import median
from typing import Any

import pytest
from fastapi import FastAPI

from app.db import Database
from tests.analyses.asking import matrix
from tests.conftest import Tenant, open_tenant
from tests.kpis.feedback import OCTOBER, Sent, change, fold_all, load, sent, submit
from tests.responses.builders import CHECK, CSAT, NPS, REASONS, WHY, publish

Json = dict[str, Any]
ROWS = [f"r{number}" for number in range(6)]


async def _quality(tenant: Tenant, survey: str, **parameters: str) -> Json:
    path = f"/v1/surveys/{survey}/response-quality"
    answer = await tenant.client.get(path, params=OCTOBER | parameters)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def _signs(found: Json) -> dict[str, tuple[int, int]]:
    return {each["sign"]: (each["n"], each["of"]) for each in found["signs"]}


def _careful(nps: int, seconds: float, **fields: object) -> Sent:
    return sent({"nps": nps, "csat": 4, "why": "x"}, duration_seconds=seconds, **fields)


RESPONSES = [
    *[_careful(9, 30 + number, customer=f"c{number}") for number in range(6)],
    _careful(10, 8, customer="c0"),  # fast, and a customer who is counted already
    sent({"nps": 0, "csat": 1, "why": "y"}, duration_seconds=1.0),  # a speeder
    sent({"nps": 0, "parts": dict.fromkeys(ROWS, 3)}, duration_seconds=60.0),  # a long string
    sent({"nps": 5, "reasons": ["price", "speed"]}),
    sent({}, status="dismissed"),
    sent({"nps": 0}, test=True),
]


@pytest.fixture
async def survey(tenant: Tenant) -> str:
    """A survey with the responses above, and one that was found invalid."""
    survey = await publish(tenant, NPS, CSAT, REASONS, WHY, matrix("parts", *ROWS, min=1, max=5))
    await load(tenant, survey, RESPONSES)
    (invalid,) = await submit(tenant, survey, [_careful(0, 31)])
    await change(tenant, invalid, quality="invalid")
    return survey


async def test_signs_are_those_of_the_responses(tenant: Tenant, survey: str) -> None:
    """Each sign with the number of those that could show it, and who does not count."""
    found = await _quality(tenant, survey)
    assert (found["n"], found["flagged"]) == (10, 2)
    assert found["excluded"] == {"dismissed": 1, "invalid": 1, "duplicate": 0, "test": 1}
    seconds = [*range(30, 36), 8, 1, 60]
    fast = sum(each < median(seconds) / 3 for each in seconds)
    assert _signs(found) == {
        "speeder": (1, 10),
        "longstring": (1, 10),
        "low_variation": (0, 10),
        "attention_check": (0, 10),
        "clock_drift": (0, 10),
        "implausible_time": (0, 10),
        "fast": (fast, 9),
        "repeated": (1, 7),
    }
    assert fast == 2
    slower = await _quality(tenant, survey, fast="0.1")
    assert _signs(slower)["fast"] == (1, 9)


async def test_what_was_left_open_is_counted_by_question(tenant: Tenant, survey: str) -> None:
    """Several choices are one answer; the rows of a matrix are questions of their own."""
    found = await _quality(tenant, survey)
    questions = {each["question"]: (each["skipped"], each["answered"])
                 for each in found["questions"]}  # fmt: skip
    assert questions == {
        "nps": (0, 10),
        "csat": (2, 8),
        "reasons": (9, 1),
        "why": (2, 8),
        **{f"parts.{row}": (9, 1) for row in ROWS},
    }
    assert found["missing"] == pytest.approx((2 + 9 + 2 + 54) / 100)
    assert found["questions"][-1]["question"] == "nps"


async def test_figures_stand_with_and_without_what_is_flagged(tenant: Tenant, survey: str) -> None:
    """Only the KPIs that the survey asks for: NPS of ten 4/10, of the eight clean ones 6/8."""
    found = await _quality(tenant, survey)
    figures = {each["kpi"]: each for each in found["figures"]}
    assert set(figures) == {"satisfaction", "nps", "csat"}
    nps = figures["nps"]
    assert (nps["all"]["value"], nps["all"]["n"]) == (pytest.approx(0.4), 10)
    assert (nps["clean"]["value"], nps["clean"]["n"]) == (pytest.approx(6 / 8), 8)
    assert nps["difference"] == pytest.approx(0.35)
    assert nps["clean"]["excluded"]["flagged_quality"] == 2


async def test_a_failed_check_of_attention_counts_apart(tenant: Tenant, database: Database) -> None:
    """NPS with the two of five who failed it 1/5, without them 1; from rows and from cells.

    Who left it open did not fail it, and no other KPI counts the question.
    """
    survey = await publish(tenant, NPS, CHECK)
    careful: list[Json] = [{"nps": 9, "reads": "speed"}, {"nps": 10, "reads": "speed"}, {"nps": 9}]
    careless = [{"nps": 0, "reads": "price"}, {"nps": 6, "reads": "price"}]
    await load(tenant, survey, [sent(answers) for answers in careful + careless])
    counted = await _quality(tenant, survey)
    await fold_all(database, tenant)
    found = await _quality(tenant, survey)
    assert (found["n"], found["flagged"]) == (5, 2)
    (sign,) = [each for each in found["signs"] if each["sign"] == "attention_check"]
    assert (sign["n"], sign["of"], sign["share"], sign["doubtful"]) == (2, 5, 0.4, True)
    (nps,) = found["figures"]
    assert nps["kpi"] == "nps"
    assert (nps["all"]["value"], nps["clean"]["value"]) == (pytest.approx(0.2), 1.0)
    assert counted | {"as_of": found["as_of"]} == found


async def test_low_variation_is_told_and_leaves_nothing_out(
    tenant: Tenant, database: Database
) -> None:
    """Of three matrices two hardly vary: no response is flagged, and clean figures are the same."""
    survey = await publish(tenant, NPS, matrix("parts", *ROWS, min=1, max=5))
    rows = [[4, 4, 4, 4, 4, 5], [2, 1, 1, 1, 1, 1], [1, 5, 2, 4, 3, 3]]
    answers = [{"nps": 9, "parts": dict(zip(ROWS, points, strict=True))} for points in rows]
    await load(tenant, survey, [sent(each) for each in answers])
    counted = await _quality(tenant, survey)
    await fold_all(database, tenant)
    found = await _quality(tenant, survey)
    assert (found["n"], found["flagged"]) == (3, 0)
    (sign,) = [each for each in found["signs"] if each["sign"] == "low_variation"]
    assert (sign["n"], sign["of"], sign["doubtful"]) == (2, 3, False)
    assert {each["difference"] for each in found["figures"]} == {0.0}
    assert counted | {"as_of": found["as_of"]} == found


async def test_signs_are_named_in_the_language_of_the_reader(tenant: Tenant, survey: str) -> None:
    """Every sign has a name and a meaning in Chinese and in English."""
    path, names = f"/v1/surveys/{survey}/response-quality", {}
    for language in ("zh-CN", "en"):
        answer = await tenant.client.get(path, headers={"Accept-Language": language})
        names[language] = {each["sign"]: each["name"] for each in answer.json()["signs"]}
    assert names["zh-CN"]["attention_check"] == "注意力检测"
    assert names["en"]["attention_check"] == "Attention check"
    assert names["zh-CN"].keys() == names["en"].keys()


async def test_a_survey_without_responses_has_no_shares(tenant: Tenant) -> None:
    """Nobody answered: null, not 0."""
    found = await _quality(tenant, await publish(tenant))
    assert (found["n"], found["missing"], found["questions"]) == (0, None, [])
    assert {each["share"] for each in found["signs"]} == {None}
    assert {each["all"]["value"] for each in found["figures"]} == {None}


async def test_a_survey_of_another_workspace_is_unknown(
    app: FastAPI, tenant: Tenant, survey: str
) -> None:
    """404, and no word of it."""
    other = await open_tenant(app, "other")
    answer = await other.client.get(f"/v1/surveys/{survey}/response-quality")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    await other.client.aclose()
    await other.public.aclose()
    del tenant
