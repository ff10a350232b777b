"""A bank's satisfaction study (plspm): every KPI of surveys, recomputed from the 250 rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.acceptance import oracle
from tests.acceptance.bodies import Json, interviewed_on, ndjson, responses
from tests.acceptance.loads import NDJSON, Loaded, send
from tests.acceptance.oracle import agrees, near
from tests.acceptance.sources import bank_answers

YEAR = {"from_": "2020-01-01", "to": "2021-01-01"}
SATISFACTION = ("sat1", "sat2", "sat3", "sat4")
DAY = timedelta(days=1)

Row = dict[str, str]


def _rows(
    start: date = date.min, end: date = date.max, gender: str | None = None, days_late: int = 0
) -> list[Row]:
    """The respondents of [start, end), by the local days of a zone that is so many days ahead."""
    return [
        row
        for number, row in enumerate(bank_answers())
        if start <= interviewed_on(number) + days_late * DAY < end
        and gender in {None, row["gender"]}
    ]


def _answers(rows: Sequence[Row], *items: str) -> list[int]:
    """What was answered to the items; a zero is no answer on a scale from 1 to 10."""
    return [int(row[item]) for row in rows for item in items if row[item] != "0"]


def _index(row: Row) -> Fraction | None:
    """A respondent's satisfaction index; None unless all items are answered."""
    scores = _answers([row], *SATISFACTION)
    if len(scores) < len(SATISFACTION):
        return None
    return 100 * sum((Fraction(score - 1, 9) for score in scores), Fraction()) / len(scores)


def _indices(rows: Sequence[Row]) -> list[Fraction]:
    return [index for index in map(_index, rows) if index is not None]


def _satisfied(rows: Sequence[Row], *items: str) -> tuple[int, int]:
    answers = _answers(rows, *items)
    return sum(answer in {9, 10} for answer in answers), len(answers)


def _agrees_on_index(found: Json, rows: Sequence[Row]) -> None:
    scores = _indices(rows)
    agrees(
        found,
        value=float(sum(scores) / len(scores)),
        denominator={"respondents": len(scores)},
        interval=oracle.student(scores),
        method="t",
    )
    assert found["excluded"]["incomplete"] == len(rows) - len(scores)


def _agrees_on_share(found: Json, rows: Sequence[Row], *items: str) -> None:
    satisfied, answered = _satisfied(rows, *items)
    agrees(
        found,
        value=oracle.ratio(satisfied, answered),
        numerator={"satisfied": satisfied},
        denominator={"answered": answered},
        interval=oracle.wilson(satisfied, answered),
        method="wilson",
    )
    assert found["excluded"]["not_applicable"] == len(rows) * len(items) - answered
    assert sum(found["excluded"].values()) == found["excluded"]["not_applicable"]


def _months() -> list[tuple[date, date]]:
    firsts = [date(2020, month, 1) for month in range(1, 13)] + [date(2021, 1, 1)]
    return list(pairwise(firsts))


async def test_the_file_arrives_whole(loaded: Loaded) -> None:
    """250 respondents (published), each with what was answered, and none flagged."""
    assert loaded.reports["responses"]["created"] == 250
    stored = await loaded.everything("responses", survey=loaded.survey)
    assert {each["submission_id"]: each["answers"] for each in stored} == {
        each["submission_id"]: each["answers"] for each in responses()
    }
    assert {each["quality"] for each in stored} == {"ok"}


async def test_zeros_on_a_scale_from_one_are_refused(loaded: Loaded) -> None:
    """As they stand, the 111 zeros fall off the scale: 35 lines are refused, each zero named."""
    path = f"surveys/{loaded.survey}/responses?dry_run=true"
    report = await send(loaded.tenant, path, ndjson(responses(zeros=0)), NDJSON)
    assert (report["rejected"], report["unchanged"]) == (35, 215)
    refused = {
        (outcome["key"], error["pointer"], error["code"])
        for outcome in report["outcomes"]
        for error in outcome["errors"]
    }
    assert len(refused) == 111
    assert refused == {
        (f"bank-{number:03}", f"/answers/{key}", "answer-out-of-range")
        for number, row in enumerate(bank_answers())
        for key, value in row.items()
        if value == "0"
    }


async def test_response_counts(loaded: Loaded) -> None:
    """250 in all, and by month; what was answered before midnight in New York is of that day."""
    found = await loaded.kpi("responses", **YEAR, survey=loaded.survey)
    assert (found["value"], found["n"], found["interval"]) == (250, 250, None)
    bars = (await loaded.kpi("responses/distribution", **YEAR))["counts"]
    given = {bar["code"]: bar["n"] for bar in bars if bar["counted"]}
    assert given == {"complete": 250, "partial": 0, "dismissed": 0}
    zones = {"America/New_York": 0, "UTC": 1, "Asia/Shanghai": 1}
    for zone, days_late in zones.items():
        trend = await loaded.kpi("responses/trend", **YEAR, grain="month", tz=zone)
        assert [point["value"] for point in trend["points"]] == [
            len(_rows(*month, days_late=days_late)) for month in _months()
        ]


async def test_satisfaction(loaded: Loaded) -> None:
    """The index of who answered all four items; each item over everybody who answered it."""
    found = await loaded.kpi("satisfaction", **YEAR, survey=loaded.survey)
    rows = _rows()
    _agrees_on_index(found, rows)
    assert list(found["components"]) == list(SATISFACTION)
    for item, part in found["components"].items():
        scores = [Fraction(100 * (answer - 1), 9) for answer in _answers(rows, item)]
        assert part["value"] == near(float(sum(scores) / len(scores)))
        assert (part["n"], part["unit"]) == (len(scores), "points")
        oracle.agrees_on_limits(part["interval"], oracle.student(scores), "t")
        assert part["excluded"]["not_applicable"] == len(rows) - len(scores)
        satisfied, answered = _satisfied(rows, item)
        top = part["components"]["top_box"]
        agrees(
            top,
            value=oracle.ratio(satisfied, answered),
            numerator={"satisfied": satisfied},
            denominator={"answered": answered},
            interval=oracle.wilson(satisfied, answered),
            method="wilson",
        )


async def test_satisfaction_in_bars(loaded: Loaded) -> None:
    """Respondents by their index, in bars of ten points that hold their lower end."""
    found = await loaded.kpi("satisfaction/distribution", **YEAR)
    expected = Counter(min(int(index // 10), 9) for index in _indices(_rows()))
    assert {bar["code"]: bar["n"] for bar in found["counts"] if bar["counted"]} == {
        f"{10 * bar}-{10 * bar + 10}": expected[bar] for bar in range(10)
    }


async def test_satisfaction_of_every_month(loaded: Loaded) -> None:
    """Months without respondents are points without a value."""
    found = await loaded.kpi("satisfaction/trend", **YEAR, grain="month")
    for month, point in zip(_months(), found["points"], strict=True):
        rows = _rows(*month)
        if rows:
            _agrees_on_index(point, rows)
        else:
            assert (point["value"], point["reason"]) == (None, "empty_denominator")


async def test_satisfaction_of_women_and_men(loaded: Loaded) -> None:
    """By the gender that the embedding page sent, with Welch's test; filtered alike."""
    found = await loaded.kpi("satisfaction/compare", **YEAR, group_by="gender")
    assert [group["member"] for group in found["groups"]] == ["female", "male"]
    for group in found["groups"]:
        rows = _rows(gender=group["member"])
        _agrees_on_index(group, rows)
        alone = await loaded.kpi("satisfaction", **YEAR, filter=f"gender:{group['member']}")
        _agrees_on_index(alone, rows)
    scores = {each: _indices(_rows(gender=each)) for each in ("female", "male")}
    oracle.agrees_on_pairs(found, scores, oracle.welch, "welch")


@pytest.mark.parametrize(
    ("question", "items"),
    [(None, SATISFACTION), ("sat1", ("sat1",)), ("sat4", ("sat4",)), ("loy1", ("loy1",))],
)
async def test_csat(loaded: Loaded, question: str | None, items: tuple[str, ...]) -> None:
    """The share of 9 and 10 of all answers; by its name a rating with a top box has one too."""
    named = {"question": question} if question else {}
    found = await loaded.kpi("csat", **YEAR, **named)
    _agrees_on_share(found, _rows(), *items)
    answers = _answers(_rows(), *items)
    mean = found["components"]["mean"]
    scores = [Fraction(100 * (answer - 1), 9) for answer in answers]
    assert mean["value"] == near(float(sum(scores) / len(scores)))
    oracle.agrees_on_limits(mean["interval"], oracle.student(scores), "t")
    bars = (await loaded.kpi("csat/distribution", **YEAR, **named))["counts"]
    expected = Counter(answers)
    assert {bar["code"]: (bar["n"], bar["share"]) for bar in bars if bar["counted"]} == {
        str(point): (expected[point], near(expected[point] / len(answers)))
        for point in range(1, 11)
    }
    trend = await loaded.kpi("csat/trend", **YEAR, grain="month", **named)
    for month, point in zip(_months(), trend["points"], strict=True):
        _agrees_on_share(point, _rows(*month), *items)


async def test_csat_of_women_and_men(loaded: Loaded) -> None:
    """Two shares by Newcombe's method."""
    found = await loaded.kpi("csat/compare", **YEAR, group_by="gender", question="sat1")
    for group in found["groups"]:
        _agrees_on_share(group, _rows(gender=group["member"]), "sat1")
    shares = {each: _satisfied(_rows(gender=each), "sat1") for each in ("female", "male")}
    oracle.agrees_on_pairs(found, shares, oracle.newcombe, "newcombe")


async def test_june_against_may(loaded: Loaded) -> None:
    """A calendar month is compared with the month before, by the KPI's own test."""
    now, before = _rows(*_months()[5]), _rows(*_months()[4])
    june = {"from_": "2020-06-01", "to": "2020-07-01"}
    previous = (await loaded.kpi("csat", **june))["previous"]
    shares = _satisfied(now, *SATISFACTION), _satisfied(before, *SATISFACTION)
    oracle.agrees_on_change(previous, oracle.newcombe(*shares), "newcombe")
    previous = (await loaded.kpi("satisfaction", **june))["previous"]
    assert previous["period"]["from"] == "2020-05-01"
    oracle.agrees_on_change(previous, oracle.welch(_indices(now), _indices(before)), "welch")


@pytest.mark.parametrize("kpi", ["nps", "ces"])
async def test_no_scale_is_taken_for_another(loaded: Loaded, kpi: str) -> None:
    """None of the items asks for a recommendation from 0 to 10, nor for effort: no value."""
    found = await loaded.kpi(kpi, **YEAR, survey=loaded.survey)
    assert (found["value"], found["n"], found["reason"]) == (None, 0, "not_defined")
