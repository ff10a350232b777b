"""Definitions and questions for the tests, as the JSON that a client sends."""

from typing import Any

from app.surveys.definition import SurveyDefinition

Json = dict[str, Any]
TEXT = {"en": "What do you think?", "zh-CN": "您怎么看？"}


def question(type_: str, key: str = "q", **fields: object) -> Json:
    """One question with a text in both languages."""
    return {"type": type_, "key": key, "text": TEXT, **fields}


def coded(*codes: str, **fields: object) -> list[Json]:
    """Choices, rows or items with these codes."""
    return [{"code": code, "label": TEXT, **fields} for code in codes]


def definition(*questions: Json, **fields: object) -> Json:
    """A definition in en and zh-CN with one page of these questions."""
    return {
        "default_language": "zh-CN",
        "languages": ["zh-CN", "en"],
        "title": TEXT,
        "pages": [{"key": "page", "questions": list(questions)}],
        **fields,
    }


def parsed(*questions: Json, **fields: object) -> SurveyDefinition:
    """The same, read."""
    return SurveyDefinition.model_validate(definition(*questions, **fields))


MIXED = (
    question("nps", "nps", required=True, construct="recommendation"),
    question("csat", "csat", construct="satisfaction"),
    question("ces", "ces", variant="effort_5", construct="satisfaction"),
    question("rating", "rate", min=-2, max=2, allow_not_applicable=True),
    question("matrix", "aspects", rows=coded("speed", "price"), construct="service_quality"),
    question("single_choice", "why", choices=coded("price", "place"), other=coded("else")[0]),
    question("multiple_choice", "like", choices=[*coded("a", "b"), *coded("none", exclusive=True)]),
    question("ranking", "order", items=coded("x", "y", "z")),
    question("allocation", "points", items=coded("x", "y")),
    question("yes_no", "again"),
    question("short_text", "name"),
    question("long_text", "comment"),
    question("number", "age", minimum=0, maximum=130, integer_only=True),
    question("date", "visit"),
    question("contact", "reach", fields=[{"field": "email", "required": True}]),
)
"""One question of every type."""
