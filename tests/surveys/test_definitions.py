"""What a definition may say, and what is found wrong with it before it is published."""

import pytest
from pydantic import ValidationError

from app.surveys.comparison import QuestionChange, compare
from app.surveys.consistency import definition_problems, publication_problems
from app.surveys.patterns import explodes
from app.surveys.templates import TEMPLATES
from tests.surveys.definitions import MIXED, TEXT, Json, coded, definition, parsed, question


def found(asked: Json) -> set[tuple[str, str]]:
    """The problems of one question, by pointers that start at it."""
    problems = definition_problems(parsed(asked))
    return {(each.pointer.removeprefix("/pages/0/questions/0"), each.code) for each in problems}


def test_one_question_of_every_type_is_free_of_problems() -> None:
    """The examples of all fifteen types can be published."""
    assert definition_problems(parsed(*MIXED)) == []


@pytest.mark.parametrize(
    ("fields", "best"),
    [
        ({}, [4, 5]),
        ({"max": 7}, [6, 7]),
        ({"max": 10}, [9, 10]),
        ({"min": 0, "max": 4}, [3, 4]),
        ({"direction": "lower"}, [1, 2]),
        ({"max": 10, "direction": "lower"}, [1, 2]),
        ({"max": 10, "top_box": [8, 9, 10]}, [8, 9, 10]),
    ],
)
def test_the_top_box_is_stored(fields: Json, best: list[int]) -> None:
    """Two best of 5, 7 and 10 points by default, mirrored where lower is better (kpis.md 1.1)."""
    stored = parsed(question("csat", **fields)).model_dump(by_alias=True)
    assert stored["pages"][0]["questions"][0]["top_box"] == best


def test_both_published_forms_of_ces() -> None:
    """CES 2.0 is agreement on 7 points, CES 1.0 effort on 5 where lower is better."""
    first, second = parsed(
        question("ces", "a"), question("ces", "b", variant="effort_5")
    ).questions()
    scales = [first.scale(), second.scale()]
    assert [(s.min, s.max, s.direction, s.top_box) for s in scales if s] == [
        (1, 7, "higher", (5, 6, 7)),
        (1, 5, "lower", (1, 2)),
    ]


PROBLEMS: list[tuple[Json, set[tuple[str, str]]]] = [
    (question("rating", min=1, max=5, construct="value", facet="empathy", weight=2),
     {("/facet", "invalid-value")}),
    (question("rating", min=1, max=5, facet="money", weight=2),
     {("/facet", "invalid-value"), ("/weight", "invalid-value")}),
    (question("csat", construct="satisfaction", facet="empathy"), {("/facet", "invalid-value")}),
    (question("ces", construct="value", facet="time"), set()),
    (question("matrix", construct="perception", rows=[
        *coded("a", facet="empathy", weight=3), *coded("b", facet="time")]),
     {("/rows/1/facet", "invalid-value")}),
    (question("matrix", rows=coded("a", weight=3)), {("/rows/0/weight", "invalid-value")}),
    (question("allocation", items=coded("a")), {("/items", "too-few-items")}),
    (question("allocation", construct="importance", items=[
        *coded("a", facet="empathy"), *coded("a", facet="money")]),
     {("/items/1/code", "duplicate-item"), ("/items/1/facet", "invalid-value")}),
    (question("single_choice", choices=coded("a", "b", ours=True)),
     {("/choices/0/ours", "invalid-value"), ("/choices/1/ours", "invalid-value")}),
    (question("single_choice", construct="price", other=coded("z")[0],
              choices=coded("a", "b", price_difference=5)), {("/other", "invalid-value")}),
    (question("single_choice", choices=coded("a", "b", price_difference=5)),
     {("/choices/0/price_difference", "invalid-value"),
      ("/choices/1/price_difference", "invalid-value")}),
    (question("single_choice", choices=coded("a", "b"), attention_check="b"), set()),
    (question("single_choice", choices=coded("a", "b"), other=coded("z")[0], attention_check="z"),
     {("/attention_check", "unknown-choice")}),
    (question("single_choice", construct="designation", choices=coded("a", "b"),
              attention_check="a"), {("/attention_check", "invalid-value")}),
    (question("csat", min=5, max=5),
     {("/max", "number-out-of-range"), ("/top_box", "missing-field")}),
    (question("csat", min=0, max=10), {("/top_box", "missing-field")}),
    (question("csat", min=0, max=11, top_box=[11]), {("/max", "number-out-of-range")}),
    (question("csat", top_box=[5, 6]), {("/top_box/1", "number-out-of-range")}),
    (question("csat", top_box=[5, 5]), {("/top_box/1", "duplicate-item")}),
    (question("csat", top_box=[1, 2, 3, 4, 5]), {("/top_box", "too-many-items")}),
    (question("csat", labels=[{"point": 6, "label": TEXT}]),
     {("/labels/0/point", "number-out-of-range")}),
    (question("csat", labels=[{"point": 1, "label": TEXT}] * 2),
     {("/labels/1/point", "duplicate-item")}),
    (question("ces", min=0), {("/min", "invalid-value")}),
    (question("ces", variant="custom", min=1, max=3), {("/favourable", "missing-field")}),
    (question("rating", min=-50, max=51), {("/max", "number-out-of-range")}),
    (question("rating", min=-50, max=50), set()),
    (question("single_choice", choices=coded("a", "a")), {("/choices/1/code", "duplicate-item")}),
    (question("single_choice", choices=coded("a")), {("/choices", "too-few-items")}),
    (question("single_choice", choices=coded("a"), other=coded("a")[0]),
     {("/other/code", "duplicate-item")}),
    (question("multiple_choice", choices=coded("a", "b"), min_selected=3),
     {("/min_selected", "number-out-of-range")}),
    (question("multiple_choice", choices=coded("a", "b"), max_selected=3),
     {("/max_selected", "number-out-of-range")}),
    (question("matrix", rows=[]), {("/rows", "too-few-items")}),
    (question("matrix", rows=coded("r", "r")), {("/rows/1/code", "duplicate-item")}),
    (question("ranking", items=coded("x")), {("/items", "too-few-items")}),
    (question("ranking", items=coded("x", "y"), top=3), {("/top", "number-out-of-range")}),
    (question("short_text", min_length=9, max_length=8), {("/max_length", "number-out-of-range")}),
    (question("number", minimum=2, maximum=1.5), {("/maximum", "number-out-of-range")}),
    (question("date", earliest="2026-01-02", latest="2026-01-01"),
     {("/latest", "answer-out-of-range")}),
    (question("contact", fields=[]), {("/fields", "too-few-items")}),
    (question("contact", fields=[{"field": "email"}] * 2), {("/fields/1/field", "duplicate-item")}),
    (question("nps") | {"text": {"en": "x"}}, {("/text/zh-CN", "missing-translation")}),
    (question("yes_no", yes={"zh-CN": "是"}), {("/yes/en", "missing-translation")}),
    (question("ranking", items=[{"code": "x", "label": {"en": "x"}}, *coded("y")]),
     {("/items/0/label/zh-CN", "missing-translation")}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "problems"), PROBLEMS)
def test_contradictions_are_found(asked: Json, problems: set[tuple[str, str]]) -> None:
    """Each rule of a question type is checked, with a pointer to the place."""
    assert found(asked) == problems


def test_rules_of_the_whole_definition() -> None:
    """Keys, pages, languages and the number of questions."""
    twice = parsed(question("nps"), question("csat"), hidden_fields=["a", "a"])
    assert {(each.pointer, each.code) for each in definition_problems(twice)} == {
        ("/pages/0/questions/1/key", "duplicate-item"),
        ("/hidden_fields/1", "duplicate-item"),
    }
    other = parsed(default_language="fr", languages=["en", "en"])
    assert {(each.pointer, each.code) for each in definition_problems(other)} == {
        ("/default_language", "unknown-value"),
        ("/languages/1", "duplicate-item"),
        ("/pages/0/questions", "too-few-items"),
    }
    assert [each.code for each in definition_problems(parsed(pages=[]))] == ["too-few-items"]
    many = parsed(*(question("nps", f"q{number}") for number in range(201)))
    assert [(each.pointer, each.code) for each in definition_problems(many)] == [
        ("/pages", "too-many-items")
    ]


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", r"(a)\1", "(?=a)", "[", "x" * 10_240, "(a*b*)*", "((a+))*", r"^(\d+|x)+$",
     r"([.-]?\w+)*@", "(a|b*)+", "(?:a+){2,}"],
)  # fmt: skip
def test_dangerous_patterns_are_refused(pattern: str) -> None:
    """RE2 must read it, and an engine that backtracks must not take exponential time."""
    with pytest.raises(ValidationError) as refused:
        parsed(question("short_text", pattern=pattern))
    assert [error["type"] for error in refused.value.errors()] == ["invalid-pattern"]


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]+(-[a-z]+)*$", r"^\d{4}-\d{2}$", "^(ab|cd)+$", r"^[\w.]+@[\w.]+$", "a*b*c?",
     r"^(\d{3}-){2,4}\d+$", "[(+*]+", r"\(a+\)+", "^1[3-9][0-9]{9}$", "(?i)(abc)+", "^[]a]+$"],
)  # fmt: skip
def test_ordinary_patterns_are_accepted(pattern: str) -> None:
    """Repetitions with something fixed between the rounds are harmless."""
    assert not explodes(pattern)
    parsed(question("short_text", pattern=pattern))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (question("NPS"), "union_tag_invalid"),
        (question("csat", direction="HIGHER"), "literal_error"),
        (question("csat", min="1"), "int_type"),
        (question("csat", min=True), "int_type"),
        (question("nps", min=1), "extra_forbidden"),
        (question("nps", key="a.b"), "string_pattern_mismatch"),
        (question("nps", construct="luck"), "literal_error"),
        (question("contact", fields=[], personal_data=False), "literal_error"),
        (question("rating", min=-101, max=0), "greater_than_equal"),
        (question("nps") | {"text": {}}, "too_short"),
        (question("nps") | {"text": {"en": "\x00"}}, "invalid-text"),
        (question("nps") | {"text": {"english": "x"}}, "string_pattern_mismatch"),
    ],
)
def test_the_structure_is_strict(asked: Json, code: str) -> None:
    """Unknown fields, wrong types and unknown values are refused, never coerced."""
    with pytest.raises(ValidationError) as refused:
        parsed(asked)
    assert [error["type"] for error in refused.value.errors()] == [code]


def test_a_key_keeps_its_type_and_its_scale() -> None:
    """Statistics join versions by key: another type or scale needs another key."""
    before = parsed(question("csat", "a"), question("csat", "b"), question("csat", "c"),
                    question("matrix", "m", rows=coded("r")))  # fmt: skip
    after = parsed(
        question("nps", "a"),
        question("csat", "b", direction="lower"),
        question("csat", "c", top_box=[5]),
        question("matrix", "m", rows=coded("s"), max=7),
    )
    problems = publication_problems(after, [before, before])
    assert [(each.pointer, each.code) for each in problems] == [
        ("/pages/0/questions/0/type", "changed-type"),
        ("/pages/0/questions/1", "changed-scale"),
        ("/pages/0/questions/3", "changed-scale"),
    ]


def test_the_difference_of_two_versions() -> None:
    """Added, removed, changed and moved questions by key, and what else differs."""
    before = parsed(question("nps", "a"), question("csat", "b"), question("yes_no", "c"))
    moved = {"key": "more", "questions": [question("csat", "b", required=True, top_box=[5])]}
    pages = [{"key": "page", "questions": [question("date", "d"), question("yes_no", "c")]}, moved]
    difference = compare(before, parsed(pages=pages, hidden_fields=["x"]))
    assert (difference.added, difference.removed) == (("d",), ("a",))
    assert difference.changed == (QuestionChange("b", ("page", "required", "top_box")),)
    assert difference.reordered
    assert difference.settings == ("hidden_fields", "pages")
    same = compare(before, before)
    assert (same.added, same.removed, same.changed, same.reordered, same.settings) == (
        (), (), (), False, (),
    )  # fmt: skip


@pytest.mark.parametrize("key", list(TEMPLATES))
def test_templates_can_be_published(key: str) -> None:
    """The ready instruments have no problems and speak both languages."""
    template = TEMPLATES[key]
    assert definition_problems(template.definition) == []
    assert template.definition.languages == ["zh-CN", "en"]
    assert template.name.keys() == template.description.keys() == {"zh-CN", "en"}


def test_the_relationship_template_measures_what_loyalty_needs() -> None:
    """Three items of satisfaction on one scale, and trust, repurchase, recommendation."""
    asked = list(TEMPLATES["relationship-loyalty"].definition.questions())
    measured = [each.measures for each in asked if each.scale() is not None]
    assert measured == ["satisfaction"] * 3 + ["trust", "repurchase", "recommendation"]
    assert definition(*MIXED)["languages"] == ["zh-CN", "en"]
