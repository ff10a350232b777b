"""Signs of careless answering. They flag a response and never remove it."""

from collections.abc import Iterable
from typing import Any

from app.surveys.answers import AnswerSheet

#: Faster than this for each answered question is a speeder (1 second an item).
MIN_SECONDS_PER_ANSWER = 1.0
#: Below this number of answers a fast response proves nothing.
MIN_ANSWERS_FOR_SPEED = 3
#: Fewer rows of one matrix tell nothing by being answered alike.
MIN_ROWS = 6
#: Variance / span² is low up to 1 / 96: one of six rows a point off on a scale of five points.
_LOW_VARIATION = 96
#: The flags that make a response `flagged`; the others are only told: rows vary little also where
#: somebody thinks alike of all of them, and to leave those out would spoil a figure.
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
    """What answers alone show, as far as given: `longstring`, `low_variation`, `attention_check`.

    Signs of a matrix need six rows or more: see `_sign_of_rows`. A check of attention is failed by
    any answer but the one that it asks for, and not by leaving it open.
    """
    found = []
    for key, span in sheet.matrix_spans.items():
        if key in answers:
            sign = _sign_of_rows(answers[key], span)
            if sign is not None and sign not in found:
                found.append(sign)
    for key, expected in sheet.expected.items():
        if answers.get(key, expected) != expected:
            found.append("attention_check")
            break
    return found


def _sign_of_rows(rows: dict[str, Any], span: int) -> str | None:
    """`longstring` if all rows have one value, `low_variation` if those on the scale hardly differ.

    That is the intra-individual response variability of Dunn, Heggestad, Shanock and Theilgard
    (2018): the standard deviation (divisor n - 1) of one person's answers to consecutive items;
    here as a part of the scale's span, so that scales compare.
    """
    points = [point for point in rows.values() if type(point) is int]
    n = len(points)
    if n < MIN_ROWS:
        return None
    if points.count(points[0]) == len(rows):
        return "longstring"
    # In whole numbers, so that what lies on the threshold is told exactly: n (n - 1) variances.
    spread = n * sum([point * point for point in points]) - sum(points) ** 2
    return "low_variation" if _LOW_VARIATION * spread <= n * (n - 1) * span * span else None


def is_doubtful(flagged: Iterable[str]) -> bool:
    """Whether one of the flags makes a response `flagged`."""
    return not _DOUBTFUL.isdisjoint(flagged)
