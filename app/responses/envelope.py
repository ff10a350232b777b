"""The JSON Schema of what surrounds the answers in a submission: what `ResponseSubmit` accepts."""

from typing import Any, get_args

from app.fields import CODE_PATTERN, LANGUAGE_PATTERN, MAX_FACTS, TEXT_PATTERN
from app.responses.schemas import Channel, Method, Status

Schema = dict[str, Any]


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_TIME = _or_null(
    {
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"
        r"(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
    }
)
_FACT: Schema = {
    "anyOf": [
        {"type": "string", "maxLength": 1_000, "pattern": TEXT_PATTERN},
        {"type": "boolean"},
        {"type": "number", "minimum": -(2**63), "exclusiveMaximum": 2**63},
    ]
}
_FACTS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": CODE_PATTERN},
    "additionalProperties": _FACT,
    "maxProperties": MAX_FACTS,
}

#: Judged by `tests/responses/test_response_schema.py` against the intake itself. Not expressed:
#: whether a version still takes responses, and what is plausible at the moment of sending.
ENVELOPE: Schema = {
    "type": "object",
    "properties": {
        "answers": {},
        "status": {"enum": list(get_args(Status))},
        "version": _or_null({"type": "integer", "minimum": 1, "exclusiveMaximum": 2**31}),
        "language": _or_null({"type": "string", "pattern": LANGUAGE_PATTERN}),
        "channel": {"enum": list(get_args(Channel))},
        "method": {"enum": list(get_args(Method))},
        "customer": _or_null(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                # For some validators `$` also stands before a last line break.
                "allOf": [
                    {"pattern": r"^\S[^\n]*$"},
                    {"not": {"pattern": r"\s$"}},
                    {"pattern": TEXT_PATTERN},
                ],
            }
        ),
        "occurred_at": _TIME,
        "sent_at": _TIME,
        "duration_seconds": _or_null({"type": "number", "minimum": 0, "maximum": 604_800}),
        "hidden_fields": _or_null(_FACTS),
        "metadata": _or_null(_FACTS),
        "test": {"type": "boolean"},
    },
    "required": ["answers"],
    "additionalProperties": False,
}
