"""The JSON Schema of a valid response: clients can check before they send."""

from copy import deepcopy

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def answers_schema(definition: SurveyDefinition, *, partial: bool = False) -> Schema:
    """A JSON Schema (2020-12) that accepts exactly the `answers` that `AnswerSheet.read` accepts.

    Two differences cannot be expressed: JSON Schema takes 9.0 for the integer 9, which we refuse;
    and `pattern` is published in RE2 syntax, of which validators know the common part. `format`
    must be asserted for dates to be checked.
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
    """
    schema = deepcopy(envelope)
    schema.setdefault("type", "object")
    schema["$schema"] = DIALECT
    schema.setdefault("properties", {})["answers"] = answers_schema(definition)
    return schema


#: The body of a submission when nothing but answers is sent.
BARE_ENVELOPE: Schema = {
    "type": "object",
    "properties": {"answers": {}},
    "required": ["answers"],
}
