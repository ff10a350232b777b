"""Reads what surrounds the answers of a submission: the hot path.

A quick reader takes what is certainly fine, which is nearly everything. Whatever leaves a doubt
goes to pydantic, which judges by the model and says what is wrong.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, cast, get_args

from pydantic import TypeAdapter, ValidationError

from app.errors import Invalid
from app.fields import CODE_PATTERN, LANGUAGE_PATTERN, MAX_FACTS, parse_timestamp
from app.http.rendering import field_errors
from app.responses.schemas import (
    SUBMISSION_ID_PATTERN,
    Channel,
    Method,
    ResponseLine,
    ResponseSubmit,
    Status,
)


class _Always(TypedDict):
    answers: dict[str, Any]
    status: Status
    channel: Channel
    method: Method
    test: bool


class Sent(_Always, total=False):
    """A submission: defaults are written out, and what is absent or null is left out."""

    version: int
    language: str
    customer: str
    occurred_at: datetime
    sent_at: datetime
    duration_seconds: float
    hidden_fields: dict[str, Any]
    metadata: dict[str, Any]


class SentLine(Sent):
    """A line of a bulk upload."""

    submission_id: str


#: Gives what the model makes of a value that is not null, or raises one of `DOUBTS`.
_Quick = Callable[[Any], object]
#: What a quick reader raises where it is not certain.
DOUBTS: Final = (AttributeError, LookupError, TypeError, ValueError)


def _one_of(literal: object) -> _Quick:
    return {code: code for code in get_args(literal)}.__getitem__


def _matching(pattern: str) -> _Quick:
    fullmatch = re.compile(pattern).fullmatch

    def read(value: str) -> str:
        if fullmatch(value) is None:
            raise ValueError
        return value

    return read


def _object(value: object) -> object:
    if type(value) is not dict:
        raise TypeError
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _version(value: object) -> int:
    if type(value) is not int or not 1 <= value < 2**31:
        raise ValueError
    return value


def _duration(value: object) -> float:
    if (type(value) is not float and type(value) is not int) or not 0 <= value <= 604_800:
        raise ValueError
    return float(value)


def _customer(value: str) -> str:
    """An id in plain letters; of others pydantic knows which are spaces."""
    if len(value) > 200 or not (value.isascii() and value.isprintable()):
        raise ValueError
    if value[0] == " " or value[-1] == " ":
        raise ValueError
    return value


_is_code = re.compile(CODE_PATTERN).fullmatch


def _facts(value: dict[str, Any]) -> dict[str, Any]:
    for name, fact in value.items():
        kind = type(fact)
        if kind is str:
            fits = len(fact) <= 1_000 and "\x00" not in fact
        else:
            fits = kind is bool or kind is int or (kind is float and abs(fact) < 2**63)
        if not fits or _is_code(name) is None:
            raise ValueError
    if len(value) > MAX_FACTS:
        raise ValueError
    return value


_QUICK: Mapping[str, _Quick] = {
    "answers": _object,
    "status": _one_of(Status),
    "version": _version,
    "language": _matching(LANGUAGE_PATTERN),
    "channel": _one_of(Channel),
    "method": _one_of(Method),
    "customer": _customer,
    "occurred_at": parse_timestamp,
    "sent_at": parse_timestamp,
    "duration_seconds": _duration,
    "hidden_fields": _facts,
    "metadata": _facts,
    "test": _flag,
    "submission_id": _matching(SUBMISSION_ID_PATTERN),
}


class _Reader:
    """Reads bodies of one model."""

    def __init__(self, model: type[ResponseSubmit]) -> None:
        self._adapter = TypeAdapter(model)
        fields = model.model_fields
        self._quick = {name: _QUICK[name] for name in fields}
        self._required = {name for name, field in fields.items() if field.is_required()}
        self._nullable = {name for name, field in fields.items() if field.default is None}
        self._defaults: dict[str, object] = {
            name: field.default
            for name, field in fields.items()
            if name not in self._required | self._nullable
        }

    def read(self, body: object) -> dict[str, Any]:
        """The members; 422 with every field that is wrong."""
        try:
            return self.read_quickly(body)
        except DOUBTS:
            return self.read_carefully(body)

    def read_quickly(self, body: object) -> dict[str, Any]:
        """The same for a body that is certainly fine; raises one of `DOUBTS` for others."""
        if type(body) is not dict:
            raise TypeError
        quick, sent = self._quick, self._defaults.copy()
        for name, value in body.items():
            if value is not None:
                sent[name] = quick[name](value)
            elif name not in self._nullable:
                raise ValueError
        if not self._required <= sent.keys():
            raise ValueError
        return sent

    def read_carefully(self, body: object) -> dict[str, Any]:
        """The same as the model judges."""
        try:
            members = self._adapter.validate_python(body).__dict__
        except ValidationError as error:
            raise Invalid(*field_errors(error, body)) from None
        return {name: value for name, value in members.items() if value is not None}


SUBMISSIONS: Final = _Reader(ResponseSubmit)
LINES: Final = _Reader(ResponseLine)


def read_submission(body: object) -> Sent:
    """The body of one submission; 422 with every field that is wrong."""
    return cast("Sent", SUBMISSIONS.read(body))


def read_line(body: object) -> SentLine:
    """One line of a bulk upload."""
    return cast("SentLine", LINES.read(body))
