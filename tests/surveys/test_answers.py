"""What every question type accepts and refuses, and what it adds to the statistics."""

from fractions import Fraction
from typing import Any

import pytest

from app.surveys.answers import compile_answers
from tests.surveys.definitions import MIXED, Json, coded, parsed, question


def read(asked: Json, answer: object) -> tuple[list[tuple[str, str]], list[str]]:
    """The errors, as (pointer, code), and the tallies of one answer to one question."""
    reading = compile_answers(parsed(asked)).read({"q": answer})
    return [(error.pointer, error.code) for error in reading.errors], reading.tallies


NPS = question("nps")
CSAT = question("csat", min=1, max=7)
RATING = question("rating", min=-100, max=0, allow_not_applicable=True)
SINGLE = question("single_choice", choices=coded("a", "b"), other=coded("z")[0])
PLAIN = question("single_choice", choices=coded("a", "b"))
MULTI = question(
    "multiple_choice",
    choices=[*coded("a", "b", "c"), *coded("none", exclusive=True)],
    other=coded("z")[0],
    min_selected=2,
    max_selected=3,
)
MATRIX = question("matrix", rows=coded("r", "s"), allow_not_applicable=True)
FULL_MATRIX = MATRIX | {"required": True}
RANKING = question("ranking", items=coded("x", "y", "z"))
TOP_2 = RANKING | {"top": 2}
SHARED = question("allocation", items=coded("x", "y", "z"))
SHORT = question("short_text", min_length=2, max_length=5)
CODED = question("short_text", pattern="^[A-Z]{2}[0-9]+$")
NUMBER = question("number", minimum=0.5, maximum=10)
WHOLE = question("number", integer_only=True)
DATE = question("date", earliest="2026-01-31", latest="2026-11-22")
CONTACT = question(
    "contact", fields=[{"field": "email", "required": True}, {"field": "phone"}, {"field": "name"}]
)

ACCEPTED: list[tuple[Json, object, list[str]]] = [
    (NPS, 0, ["q=0"]),
    (NPS, 10, ["q=10"]),
    (CSAT, 7, ["q=7"]),
    (question("ces", variant="effort_5"), 5, ["q=5"]),
    (RATING, -100, ["q=-100"]),
    (RATING, "not_applicable", ["q=~not_applicable"]),
    (SINGLE, "b", ["q=b"]),
    (SINGLE, "z", ["q=z"]),
    (SINGLE, {"choice": "z", "text": "客服 👩‍💻 𠀀"}, ["q=z"]),
    (MULTI, ["b", "a"], ["q=b", "q=a", "q=~answered"]),
    (MULTI, ["none"], ["q=none", "q=~answered"]),
    (MULTI, ["a", {"choice": "z", "text": "x"}], ["q=a", "q=z", "q=~answered"]),
    (MATRIX, {"s": 5}, ["q.r=~skipped", "q.s=5"]),
    (MATRIX, {"s": "not_applicable", "r": 1}, ["q.r=1", "q.s=~not_applicable"]),
    (FULL_MATRIX, {"s": 5, "r": 1}, ["q.r=1", "q.s=5"]),
    (RANKING, ["z", "x", "y"], ["q.z=1", "q.x=2", "q.y=3"]),
    (TOP_2, ["z", "x"], ["q.z=1", "q.x=2"]),
    (SHARED, {"z": 70, "x": 30, "y": 0}, ["q.x=30", "q.y=0", "q.z=70"]),
    (question("yes_no"), True, ["q=yes"]),
    (question("yes_no"), False, ["q=no"]),
    (SHORT, "您好", ["q=~answered"]),
    (SHORT, "<b>", ["q=~answered"]),
    (CODED, "AB12", ["q=~answered"]),
    (question("long_text"), "'; DROP TABLE responses --", ["q=~answered"]),
    (NUMBER, 0.5, ["q=~answered"]),
    (NUMBER, 10, ["q=~answered"]),
    (WHOLE, -(10**15), ["q=~answered"]),
    (DATE, "2026-01-31", ["q=~answered"]),
    (question("date"), "2024-02-29", ["q=~answered"]),
    (CONTACT, {"email": "li@example.cn"}, ["q=~answered"]),
    (CONTACT, {"email": "a@b", "phone": "+86 (10) 1234 转 5", "name": "李"}, ["q=~answered"]),
]

REFUSED: list[tuple[Json, object, list[tuple[str, str]]]] = [
    (NPS, 11, [("", "answer-out-of-range")]),
    (NPS, -1, [("", "answer-out-of-range")]),
    (SHARED, {"x": 30, "y": 0, "z": 69}, [("", "wrong-sum")]),
    (SHARED, {"x": 100, "y": 100, "z": 0}, [("", "wrong-sum")]),
    (SHARED, {"x": 100, "y": 0}, [("/z", "missing-answer")]),
    (
        SHARED,
        {"x": 101, "y": -1, "z": 0.5},
        [
            ("/x", "answer-out-of-range"),
            ("/y", "answer-out-of-range"),
            ("/z", "answer-out-of-range"),
        ],
    ),
    (
        SHARED,
        {"x": True, "y": "1", "z": 100, "w": 0},
        [
            ("/x", "wrong-type"),
            ("/y", "wrong-type"),
            ("/w", "unknown-field"),
        ],
    ),
    (SHARED, [100, 0, 0], [("", "wrong-type")]),
    (NPS, 9.5, [("", "answer-out-of-range")]),
    (NPS, 9.0, [("", "wrong-type")]),
    (NPS, "9", [("", "wrong-type")]),
    (NPS, True, [("", "wrong-type")]),
    (NPS, None, [("", "wrong-type")]),
    (NPS, [9], [("", "wrong-type")]),
    (NPS, "not_applicable", [("", "wrong-type")]),
    (CSAT, 0, [("", "answer-out-of-range")]),
    (RATING, 1, [("", "answer-out-of-range")]),
    (RATING, "n/a", [("", "wrong-type")]),
    (SINGLE, "c", [("", "unknown-choice")]),
    (SINGLE, "", [("", "unknown-choice")]),
    (SINGLE, ["a"], [("", "wrong-type")]),
    (SINGLE, 1, [("", "wrong-type")]),
    (SINGLE, {"choice": "z"}, [("/text", "missing-field")]),
    (SINGLE, {"choice": "z", "text": ""}, [("/text", "too-short")]),
    (SINGLE, {"choice": "z", "text": "x" * 2_001}, [("/text", "too-long")]),
    (SINGLE, {"choice": "z", "text": "\x00"}, [("/text", "invalid-text")]),
    (SINGLE, {"choice": "z", "text": 7}, [("/text", "wrong-type")]),
    (SINGLE, {"choice": "a", "text": "x"}, [("/text", "unknown-field")]),
    (SINGLE, {"choice": "?", "text": "x"}, [("/choice", "unknown-choice")]),
    (SINGLE, {"choice": "z", "text": "x", "more": 1}, [("", "unknown-field")]),
    (PLAIN, {"choice": "a", "text": "x"}, [("", "wrong-type")]),
    (MULTI, "a", [("", "wrong-type")]),
    (MULTI, [], [("", "too-few-items")]),
    (MULTI, ["a"], [("", "too-few-items")]),
    (MULTI, ["a", "b", "c", "z"], [("", "too-many-items")]),
    (MULTI, ["a", "a"], [("/1", "duplicate-item")]),
    (MULTI, ["z", {"choice": "z", "text": "x"}], [("/1", "duplicate-item")]),
    (MULTI, ["a", "none"], [("/1", "exclusive-choice")]),
    (MULTI, ["a", "?"], [("/1", "unknown-choice")]),
    (MULTI, ["a", 1], [("/1", "wrong-type")]),
    (MATRIX, {}, [("", "too-few-items")]),
    (MATRIX, [1], [("", "wrong-type")]),
    (MATRIX, {"r": 6}, [("/r", "answer-out-of-range")]),
    (MATRIX, {"r": None}, [("/r", "wrong-type")]),
    (MATRIX, {"r": 1, "a/b~": 1}, [("/a~1b~0", "unknown-field")]),
    (FULL_MATRIX, {"r": 1}, [("/s", "missing-answer")]),
    (RANKING, ["x", "y"], [("", "too-few-items")]),
    (TOP_2, ["x", "y", "z"], [("", "too-many-items")]),
    (RANKING, ["x", "y", "y"], [("/2", "duplicate-item")]),
    (RANKING, ["x", "y", "w"], [("/2", "unknown-choice")]),
    (RANKING, ["x", "y", 3], [("/2", "wrong-type")]),
    (RANKING, "xyz", [("", "wrong-type")]),
    (question("yes_no"), "yes", [("", "wrong-type")]),
    (question("yes_no"), 1, [("", "wrong-type")]),
    (SHORT, "x", [("", "too-short")]),
    (SHORT, "abcdef", [("", "too-long")]),
    (SHORT, "ab\x00", [("", "invalid-text")]),
    (SHORT, 12, [("", "wrong-type")]),
    (CODED, "ab12", [("", "invalid-format")]),
    (NUMBER, 0.4, [("", "number-out-of-range")]),
    (NUMBER, 11, [("", "number-out-of-range")]),
    (NUMBER, True, [("", "wrong-type")]),
    (NUMBER, "5", [("", "wrong-type")]),
    (WHOLE, 5.0, [("", "wrong-type")]),
    (WHOLE, 10**15 + 1, [("", "number-out-of-range")]),
    (DATE, "2026-01-30", [("", "answer-out-of-range")]),
    (DATE, "2026-11-23", [("", "answer-out-of-range")]),
    (DATE, "2026-02-30", [("", "invalid-date")]),
    (DATE, "20260501", [("", "invalid-date")]),
    (DATE, "2026-5-01", [("", "invalid-date")]),
    (DATE, "２０２６-05-01", [("", "invalid-date")]),
    (DATE, 20260501, [("", "wrong-type")]),
    (CONTACT, {}, [("", "too-few-items"), ("/email", "missing-answer")]),
    (CONTACT, {"email": "nobody"}, [("/email", "invalid-format")]),
    (CONTACT, {"email": "a@b\n"}, [("/email", "invalid-format")]),
    (CONTACT, {"email": "a@b", "phone": "12"}, [("/phone", "invalid-format")]),
    (CONTACT, {"email": "a@b", "fax": "12"}, [("/fax", "unknown-field")]),
    (CONTACT, "a@b", [("", "wrong-type")]),
]


@pytest.mark.parametrize(("asked", "answer", "tallies"), ACCEPTED)
def test_an_answer_that_fits_is_counted(asked: Json, answer: object, tallies: list[str]) -> None:
    """Every form of a valid answer is accepted and adds exactly these tallies."""
    assert read(asked, answer) == ([], tallies)


@pytest.mark.parametrize(("asked", "answer", "errors"), REFUSED)
def test_an_answer_that_does_not_fit_is_refused(
    asked: Json, answer: object, errors: list[tuple[str, str]]
) -> None:
    """The error says where and why, by stable codes, and nothing is counted."""
    assert read(asked, answer) == ([(f"/answers/q{at}", code) for at, code in errors], [])


def test_what_is_missing_and_what_was_not_asked_is_named() -> None:
    """A required question without answer, and an answer without question, are errors."""
    sheet = compile_answers(parsed(question("nps", "a", required=True), question("nps", "b")))
    reading = sheet.read({"b": 3, "c/d": 1})
    assert [(error.pointer, error.code) for error in reading.errors] == [
        ("/answers/a", "missing-answer"),
        ("/answers/c~1d", "unknown-question"),
    ]
    not_answers: Any = [1]
    assert [error.code for error in sheet.read(not_answers).errors] == ["wrong-type"]


def test_every_question_left_out_counts_as_skipped() -> None:
    """Each question (each row of a matrix) is skipped, each construct incomplete."""
    asked = [each | {"required": False} for each in MIXED]
    keys = [str(each["key"]) for each in MIXED if each["key"] not in {"aspects", "points"}]
    expected = {f"{key}=~skipped" for key in keys}
    expected |= {"aspects.speed=~skipped", "aspects.price=~skipped"}
    expected |= {"points.x=~skipped", "points.y=~skipped"}
    expected |= {f"@{name}=~incomplete" for name in
                 ("recommendation", "satisfaction", "service_quality")}  # fmt: skip
    sheet = compile_answers(parsed(*asked))
    reading = sheet.read({})
    assert (reading.errors, len(reading.tallies)) == ([], len(expected))
    assert set(reading.tallies) == expected
    assert sorted(sheet.dismissed) == sorted(
        tally.replace("skipped", "dismissed").replace("incomplete", "dismissed")
        for tally in expected
    )


def test_a_partial_response_lacks_nothing() -> None:
    """With `partial` absent answers and parts are neither errors nor skipped; wrong ones are."""
    sheet = compile_answers(parsed(*MIXED, FULL_MATRIX | {"construct": "image"}))
    assert sheet.read({}, partial=True).tallies == []
    some = sheet.read({"q": {"r": 5}, "nps": 5, "reach": {"email": "a@b"}}, partial=True)
    assert some.tallies == ["nps=5", "reach=~answered", "q.r=5", "@recommendation=1/2"]
    assert [error.code for error in sheet.read({"nps": 11}, partial=True).errors] == [
        "answer-out-of-range"
    ]
    assert sheet.read({"points": {"x": 40}}, partial=True).tallies == ["points.x=40"]
    for points in ({"x": 40, "y": 40}, {"y": 101}):
        assert sheet.read({"points": points}, partial=True).errors


def test_a_construct_is_the_exact_mean_of_its_items() -> None:
    """Scales of different length and direction give the fraction that exact arithmetic gives.

    Recomputed here with `Fraction`, item by item, over every combination of answers.
    """
    sheet = compile_answers(
        parsed(
            question("nps", "a", construct="loyalty"),
            question("csat", "b", min=1, max=4, top_box=[1], direction="lower",
                     construct="loyalty"),
            question("matrix", "m", rows=coded("r", "s"), construct="loyalty",
                     allow_not_applicable=True),
        )
    )  # fmt: skip
    for a in range(11):
        for b in range(1, 5):
            for s in range(1, 6):
                reading = sheet.read({"a": a, "b": b, "m": {"r": 2, "s": s}})
                items = [Fraction(a, 10), Fraction(4 - b, 3), Fraction(1, 4), Fraction(s - 1, 4)]
                mean = sum(items, Fraction(0)) / 4
                assert reading.tallies[-1] == f"@loyalty={mean.numerator}/{mean.denominator}"
    for m in ({"r": 2}, {"r": 2, "s": "not_applicable"}):
        assert sheet.read({"a": 1, "b": 1, "m": m}).tallies[-1] == "@loyalty=~incomplete"
    assert sheet.read({"a": 1, "b": 1}).tallies[-1] == "@loyalty=~incomplete"


def test_a_construct_of_unlike_scales_stays_exact() -> None:
    """Scales whose common unit is too fine for a table of texts are counted exactly as well."""
    spans = (97, 89, 83)
    asked = [question("rating", f"q{span}", min=0, max=span, construct="value") for span in spans]
    reading = compile_answers(parsed(*asked)).read({f"q{span}": span - 1 for span in spans})
    mean = sum((Fraction(span - 1, span) for span in spans), Fraction(0)) / 3
    assert reading.tallies[-1] == f"@value={mean.numerator}/{mean.denominator}"


def test_errors_are_limited() -> None:
    """Ten thousand wrong answers do not make ten thousand errors."""
    reading = compile_answers(parsed(NPS)).read({f"k{number}": 1 for number in range(10_000)})
    assert len(reading.errors) == 50
