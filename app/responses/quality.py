"""Signs of careless answering. They flag a response and never remove it."""

from collections.abc import Iterable
from typing import Any

from app.surveys.answers import AnswerSheet

#: Faster than this for each answered question is a speeder (1 second an item).
MIN_SECONDS_PER_ANSWER = 1.0
#: Below this number of answers a fast response proves nothing.
MIN_ANSWERS_FOR_SPEED = 3
#: Equal answers over at least this many rows of one matrix are a long string.
LONGSTRING_ROWS = 6
#: The flags that make a response `flagged`; the others are only told.
_DOUBTFUL = frozenset({"speeder", "longstring", "attention_check"})


def flags(sheet: AnswerSheet, answers: dict[str, Any], duration_seconds: float | None) -> list[str]:
    """The flags of a response: `speeder`, and those of its answers.

    Threshold after the usual data-cleaning rules for questionnaires: a second an item.
    """
    found = answer_flags(sheet, answers)
    if (
        duration_seconds is not None
        and len(answers) >= MIN_ANSWERS_FOR_SPEED
        and duration_seconds < MIN_SECONDS_PER_ANSWER * len(answers)
    ):
        found.append("speeder")
    return found


def answer_flags(sheet: AnswerSheet, answers: dict[str, Any]) -> list[str]:
    """What the answers alone show, in so far as they were given: `longstring`, `attention_check`.

    One value throughout a matrix of six rows or more; a check of attention that was answered with
    anything but what it asks for. Who left the check open did not fail it.
    """
    found = []
    for answer in answers.values():
        if type(answer) is dict and len(answer) >= LONGSTRING_ROWS:
            values = list(answer.values())
            if type(values[0]) is int and values.count(values[0]) == len(values):
                found.append("longstring")
                break
    for key, expected in sheet.expected.items():
        if answers.get(key, expected) != expected:
            found.append("attention_check")
            break
    return found


def is_doubtful(flagged: Iterable[str]) -> bool:
    """Whether one of the flags makes a response `flagged`."""
    return not _DOUBTFUL.isdisjoint(flagged)
