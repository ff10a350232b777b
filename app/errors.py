"""The one error that services raise; the edge renders it as RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.problems import FIELD_CODES, PROBLEMS, Text


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a JSON Pointer (RFC 6901) and a stable code.

    The submitted value is never part of it: answers are personal, and errors are logged.
    A pointer into the body starts with "/"; "?name" is a query parameter, "name:" a header.
    """

    pointer: str
    code: str
    explanation: Text | None = None

    def rendered(self, language: str) -> dict[str, str]:
        """The member of `errors` in the language of the reader."""
        text = self.explanation or FIELD_CODES[self.code]
        return {"pointer": self.pointer, "code": self.code, "detail": text.of(language)}


class Problem(Exception):
    """A request that cannot be served, with the registered `code` that says why.

    `explanation` adds to the registered title what only this occurrence knows; `extra` are
    members beside the standard ones (the legal events of a case, say).
    """

    def __init__(
        self,
        code: str,
        *,
        explanation: Text | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code)
        kind = PROBLEMS[code]
        self.code = code
        self.status = kind.status
        self.title = kind.title
        self.explanation = explanation
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def rendered(self, language: str, request_id: str) -> dict[str, object]:
        """The problem details object."""
        body: dict[str, object] = {
            "type": f"/problems/{self.code}",
            "title": self.title.of(language),
            "status": self.status,
            "code": self.code,
            "detail": (self.explanation or self.title).of(language),
            "request_id": request_id,
            "errors": [error.rendered(language) for error in self.errors],
        }
        return body | self.extra


class NotFound(Problem):
    """An unknown id, or one of another workspace: the two must look the same."""

    def __init__(self) -> None:
        super().__init__("not-found")


class Invalid(Problem):
    """Understood, but it does not fit: 422 with the fields that are wrong."""

    def __init__(self, *errors: FieldError, code: str = "invalid-request") -> None:
        super().__init__(code, errors=errors)


class Conflict(Problem):
    """The present state does not allow it: 409."""

    def __init__(self, code: str = "conflict", *, explanation: Text | None = None) -> None:
        super().__init__(code, explanation=explanation)


def field_error(pointer: str, code: str) -> Invalid:
    """The frequent case: one field, one reason."""
    return Invalid(FieldError(pointer, code))
