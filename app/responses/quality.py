"""Signs of careless answering. They flag a response and never remove it."""

from typing import Any

#: Faster than this for each answered question is a speeder (1 second an item).
MIN_SECONDS_PER_ANSWER = 1.0
#: Below this number of answers a fast response proves nothing.
MIN_ANSWERS_FOR_SPEED = 3
#: Equal answers over at least this many rows of one matrix are a long string.
LONGSTRING_ROWS = 6


def flags(answers: dict[str, Any], duration_seconds: float | None) -> list[str]:
    """The flags of a response: `speeder`, `longstring`.

    Thresholds after the usual data-cleaning rules for questionnaires: a second an item, and one
    value throughout a matrix of six rows or more.
    """
    found = []
    if (
        duration_seconds is not None
        and len(answers) >= MIN_ANSWERS_FOR_SPEED
        and duration_seconds < MIN_SECONDS_PER_ANSWER * len(answers)
    ):
        found.append("speeder")
    for answer in answers.values():
        if type(answer) is dict and len(answer) >= LONGSTRING_ROWS:
            values = list(answer.values())
            if type(values[0]) is int and values.count(values[0]) == len(values):
                found.append("longstring")
                break
    return found
