"""From what was sent to the row that will be written: pure, and measured in microseconds."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
from uuid_utils import uuid7

from app.errors import FieldError, Invalid, Problem
from app.responses import quality
from app.responses.sent import Sent
from app.surveys.answers import AnswerSheet

#: A clock that differs by less is left alone: the difference is mostly the network's.
MIN_CLOCK_DRIFT = timedelta(seconds=60)
MAX_FUTURE = timedelta(hours=24)
TOLERATED_FUTURE = timedelta(minutes=5)
MAX_AGE = timedelta(days=3_653)
#: A closed survey still takes what was answered before it closed, for this long.
CLOSED_GRACE = timedelta(days=7)

Assurance = Literal["open", "verified"]
_UNNAMED = "random:"


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """What taking responses must know of a survey; read from the database once a second."""

    workspace_id: UUID
    survey_id: UUID
    revision: int
    """The survey's: what is written by this knowledge is written only while it is still true."""
    status: str
    current_version: int | None
    created_at: datetime
    closed_at: datetime | None
    sheets: dict[int, AnswerSheet]
    retired: frozenset[int]

    def sheet(self, version: int | None) -> tuple[int, AnswerSheet]:
        """The sheet of a version, the current one by default."""
        if self.current_version is None:
            raise Problem("survey-not-published")
        number = version if version is not None else self.current_version
        if number not in self.sheets:
            raise Invalid(FieldError("/version", "unknown-reference"))
        if number in self.retired:
            raise Problem("survey-version-retired")
        return number, self.sheets[number]


#: Columns of a response that judging fills: those of `Prepared.texts`, and of `documents`.
TEXTS = (
    "id", "version", "submission_key", "status", "quality", "assurance", "language", "channel",
    "method", "occurred_at", "claimed_at", "duration_seconds", "flags", "tallies",
)  # fmt: skip
DOCUMENTS = ("metadata", "answers")


@dataclass(slots=True)
class Prepared:
    """A response, ready to be written."""

    questionnaire: Questionnaire
    """What it was judged by, and what it answers."""
    id: str
    version: int
    submission_key: str
    content_hash: bytes
    status: str
    customer: str | None
    texts: tuple[str, ...]
    """Values as PostgreSQL reads them; an empty one is null.

    In them are numbers, instants and codes: no backslash and no control character.
    """
    documents: tuple[bytes, bytes]
    """JSON, which escapes control characters."""


class OutdatedQuestionnaire(Exception):
    """The survey changed after it was read: judge again by what it is now."""


def prepare(
    questionnaire: Questionnaire,
    sent: Sent,
    *,
    submission_key: str | None,
    assurance: Assurance,
    received: datetime,
) -> Prepared:
    """Judge a submission by the version that it answers and make its row.

    A submission without a name of its own (None) can never be repeated: its response's id serves.

    Raises `invalid-answers` with a pointer for each answer, `survey-closed`,
    `survey-not-published`, `survey-version-retired`, `implausible-time`.
    """
    version, sheet = questionnaire.sheet(sent.get("version"))
    tallies = tally(sheet, sent["answers"], sent["status"])
    flagged = quality.flags(sheet, sent["answers"], sent.get("duration_seconds"))
    occurred_at, claimed_at = _time(questionnaire, sent, received, assurance, flagged)
    refuse_closed(questionnaire, occurred_at, received)
    response_id = str(uuid7())
    key = submission_key or f"{_UNNAMED}{response_id}"
    texts = (
        response_id,
        str(version),
        key,
        sent["status"],
        "test" if sent["test"] else "flagged" if quality.is_doubtful(flagged) else "ok",
        assurance,
        sent.get("language", ""),
        sent["channel"],
        sent["method"],
        _instant(occurred_at),
        "" if claimed_at is None else _instant(claimed_at),
        repr(sent["duration_seconds"]) if "duration_seconds" in sent else "",
        _array(flagged),
        _array(tallies),
    )
    documents = (_metadata(sheet, sent), orjson.dumps(sent["answers"]))
    return Prepared(
        questionnaire,
        response_id,
        version,
        key,
        content_hash(sent),
        sent["status"],
        sent.get("customer"),
        texts,
        documents,
    )


def tally(sheet: AnswerSheet, answers: dict[str, Any], status: str) -> list[str]:
    """What a response counts as, headed by the response itself; 422 `invalid-answers` otherwise.

    A dismissed response gives no answers: every question counts it as dismissed.
    """
    if status == "dismissed":
        if answers:
            raise Problem("invalid-answers", errors=[FieldError("/answers", "unexpected-answer")])
        return ["@responses=dismissed", *sheet.dismissed]
    reading = sheet.read(answers, partial=status == "partial")
    if reading.errors:
        raise Problem("invalid-answers", errors=reading.errors)
    return [f"@responses={status}", *reading.tallies]


def _time(
    questionnaire: Questionnaire,
    sent: Sent,
    received: datetime,
    assurance: Assurance,
    flagged: list[str],
) -> tuple[datetime, datetime | None]:
    """When it happened by our clock, and what the device claimed if that differs."""
    claimed = sent.get("occurred_at")
    if claimed is None:
        return received, None
    occurred = claimed
    drift = received - sent.get("sent_at", received)
    if abs(drift) >= MIN_CLOCK_DRIFT:
        occurred = _shifted(claimed, drift)
        flagged.append("clock_drift")
    elif occurred > received + TOLERATED_FUTURE:
        flagged.append("clock_drift")
    oldest = questionnaire.created_at - MAX_AGE
    if not oldest <= occurred <= received + MAX_FUTURE:
        if assurance == "open":
            raise Invalid(FieldError("/occurred_at", "implausible-time"), code="implausible-time")
        flagged.append("implausible_time")
    return occurred, claimed if occurred != claimed else None


def _shifted(instant: datetime, by: timedelta) -> datetime:
    try:
        return instant + by
    except OverflowError:
        raise Invalid(FieldError("/sent_at", "implausible-time"), code="implausible-time") from None


def refuse_closed(questionnaire: Questionnaire, occurred: datetime, received: datetime) -> None:
    """A closed survey takes only what was answered before, within the grace time."""
    if questionnaire.status == "published":
        return
    closed_at = questionnaire.closed_at
    if closed_at is None:
        raise Problem("survey-not-published")
    if occurred >= closed_at or received - closed_at > CLOSED_GRACE:
        closed_text = closed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        raise Problem("survey-closed", extra={"closed_at": closed_text})


def _metadata(sheet: AnswerSheet, sent: Sent) -> bytes:
    hidden, metadata = sent.get("hidden_fields"), sent.get("metadata")
    if hidden:
        unknown = [name for name in hidden if name not in sheet.hidden_fields]
        if unknown:
            raise Invalid(*(FieldError(f"/hidden_fields/{name}", "unknown-field")
                            for name in unknown))  # fmt: skip
        return orjson.dumps({**(metadata or {}), **hidden})
    return orjson.dumps(metadata) if metadata else b"{}"


def content_hash(sent: Sent) -> bytes:
    """SHA-256 over the canonical content: what says whether a repetition is the same.

    The sending time is left out, and so are members that are absent or null: a device may send
    the same response weeks later, with another version of its software.
    """
    content: dict[str, Any] = {**sent}
    for name in _VOLATILE:
        content.pop(name, None)
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


_VOLATILE = ("sent_at", "submission_id")


def _array(codes: list[str]) -> str:
    """PostgreSQL's form of an array; codes hold nothing that it would have to escape."""
    return '{"' + '","'.join(codes) + '"}' if codes else "{}"


def _instant(moment: datetime) -> str:
    """ISO 8601, in half the time that `isoformat` takes."""
    return orjson.dumps(moment)[1:-1].decode()
