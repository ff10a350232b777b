"""The JSON Schema of a valid response: clients can check before they send."""

from copy import deepcopy

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def answers_schema(definition: SurveyDefinition, *, partial: bool = False) -> Schema:
    """A JSON Schema (2020-12) that accepts exactly the `answers` that `AnswerSheet.read` accepts.

    Three differences cannot be expressed: JSON Schema takes 9.0 for the integer 9, which we
    refuse; it cannot say that the points of an allocation add up; and `pattern` is published in
    RE2 syntax, of which validators know the common part. `format` must be asserted for dates to
    be checked.
    """
    questions = list(definition.questions())
    return {
        "type": "object",
        "properties": {
            question.key: question.answer_schema(partial=partial) for question in questions
        },
        "required": [question.key for question in questions if question.required and not partial],
        "additionalProperties": False,
    }


def submission_schema(definition: SurveyDefinition, envelope: Schema) -> Schema:
    """The JSON Schema of a whole submission: the envelope with this survey's `answers` inside.

    `envelope` is the JSON Schema of the body with any `answers` property; it is left as it is.
    What answers must be depends on `status`: partial ones lack what they like, and a dismissed
    response has none. Of the hidden fields only those that the survey declares may be sent.
    """
    schema = deepcopy(envelope)
    schema["$schema"] = DIALECT
    properties = schema.setdefault("properties", {})
    properties["answers"] = {"type": "object"}
    if "hidden_fields" in properties:
        declared = {"propertyNames": {"enum": list(definition.hidden_fields)}}
        properties["hidden_fields"] = {"allOf": [properties["hidden_fields"], declared]}
    partial, dismissed = {"const": "partial"}, {"const": "dismissed"}
    schema["allOf"] = [
        _under(partial, answers_schema(definition, partial=True)),
        _under(dismissed, {"maxProperties": 0}),
        _under({"not": {"anyOf": [partial, dismissed]}}, answers_schema(definition)),
    ]
    return schema


def _under(status: Schema, answers: Schema) -> Schema:
    """These answers where the status is such; without a status it is `complete`."""
    condition: Schema = {"properties": {"status": status}}
    if "not" not in status:  # an absent property fits everything
        condition["required"] = ["status"]
    return {"if": condition, "then": {"properties": {"answers": answers}}}
