"""How people answer: from one mood to an answer to any question, whatever its type.

A mood is a number: 0 is the average customer, 1 a very content one. An answer on a scale is the
mood, moved by what the question measures and by chance, through a logistic curve onto the points.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from app.demo.comments import comment
from app.responses.schemas import AnswerItem, AnswerValue
from app.surveys.definition import SurveyDefinition
from app.surveys.questions import (
    LongTextQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    Question,
    ShortTextQuestion,
    SingleChoiceQuestion,
    YesNoQuestion,
)
from app.surveys.questions.base import NOT_APPLICABLE, Construct, Scale
from app.surveys.questions.scales import ScaleQuestion

#: Where the average customer stands on every scale, before the logistic curve: people are kind.
_KINDNESS = 1.4
_CHANCE = 0.65
"""Standard deviation of what an item has of its own."""
_NOT_APPLICABLE_SHARE = 0.05
_SKIPPED_SHARE = 0.04
#: What a construct adds to kindness, and how much of the mood it takes.
_LEANINGS: dict[Construct, tuple[float, float]] = {
    "satisfaction": (0.0, 1.0),
    "loyalty": (0.1, 0.9),
    "trust": (0.2, 0.85),
    "repurchase": (0.15, 0.8),
    "recommendation": (0.0, 0.95),
    "expectation": (0.3, 0.2),
    "importance": (0.9, 0.1),
    "price": (-0.5, 0.7),
    "value": (-0.3, 0.8),
    "effort": (-0.05, 0.9),
}
_USUAL_LEANING = (0.0, 0.9)
#: The rows of a matrix differ: what stands third (speed) is where it hurts.
_ROWS = (0.35, 0.15, -0.4, 0.0, -0.1)


@dataclass(frozen=True, slots=True)
class Mind:
    """What decides the answers of one person."""

    mood: float
    language: str
    trouble: float
    """How much is broken these days, from 0 to 1."""
    talkative: float
    """How likely they are to write something."""


#: Makes one answer; None leaves the question out.
Pen: TypeAlias = Callable[[random.Random, Mind], AnswerValue | None]


def pens(definition: SurveyDefinition) -> dict[str, Pen]:
    """A pen for every question that the demo answers, in the order of the survey.

    It never gives contact details, dates or numbers: of generated people there are none.
    """
    found = ((question.key, _pen(question)) for question in definition.questions())
    return {key: pen for key, pen in found if pen is not None}


def fill(stream: random.Random, with_pens: dict[str, Pen], mind: Mind) -> dict[str, AnswerValue]:
    """The answers of one person who gets to the end."""
    given = ((key, pen(stream, mind)) for key, pen in with_pens.items())
    return {key: answer for key, answer in given if answer is not None}


def _pen(question: Question) -> Pen | None:
    pen: Pen | None = None
    match question:
        case ScaleQuestion():
            pen = _point_pen(question)
        case MatrixQuestion():
            pen = _matrix_pen(question)
        case YesNoQuestion():
            pen = _yes_no
        case SingleChoiceQuestion():
            pen = _single_pen(question)
        case MultipleChoiceQuestion():
            pen = _multiple_pen(question)
        case LongTextQuestion() | ShortTextQuestion():
            return _text_pen(question)
        case _:
            return None
    return pen if question.required else _sometimes(pen)


def _sometimes(pen: Pen) -> Pen:
    """Leave out what may be left out, now and then."""
    return lambda stream, mind: pen(stream, mind) if stream.random() > _SKIPPED_SHARE else None


def _yes_no(stream: random.Random, mind: Mind) -> AnswerValue:
    return stream.random() < _logistic(1.1 + 1.1 * mind.mood)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _point(scale: Scale, stream: random.Random, latent: float) -> int:
    """A point of the scale: as many equal slices of (0, 1) as there are points."""
    share = _logistic(latent + stream.gauss(0, _CHANCE))
    steps = min(int(share * (scale.max - scale.min + 1)), scale.max - scale.min)
    return scale.min + steps if scale.direction == "higher" else scale.max - steps


def _leaning(construct: Construct | None) -> tuple[float, float]:
    return _LEANINGS.get(construct, _USUAL_LEANING) if construct else _USUAL_LEANING


def _point_pen(question: ScaleQuestion) -> Pen:
    scale, (kinder, weight) = question.scale(), _leaning(question.measures)
    escape = _NOT_APPLICABLE_SHARE if question.offers_not_applicable else 0.0

    def write(stream: random.Random, mind: Mind) -> AnswerValue:
        if escape and stream.random() < escape:
            return NOT_APPLICABLE
        return _point(scale, stream, _KINDNESS + kinder + weight * mind.mood)

    return write


def _matrix_pen(question: MatrixQuestion) -> Pen:
    scale, (kinder, weight) = question.scale(), _leaning(question.measures)
    escape = _NOT_APPLICABLE_SHARE if question.allow_not_applicable else 0.0
    rows = [(row.code, _ROWS[index % len(_ROWS)]) for index, row in enumerate(question.rows)]

    def write(stream: random.Random, mind: Mind) -> AnswerValue:
        latent = _KINDNESS + kinder + weight * mind.mood
        return {
            code: NOT_APPLICABLE
            if escape and stream.random() < escape
            else _point(scale, stream, latent + kinder_here)
            for code, kinder_here in rows
        }

    return write


def _single_pen(question: SingleChoiceQuestion) -> Pen:
    codes = [choice.code for choice in question.choices]
    weights = [1 / (1 + index) for index in range(len(codes))]
    other = question.other

    def write(stream: random.Random, mind: Mind) -> AnswerValue:
        if other is not None and stream.random() < 0.03:
            return {"choice": other.code, "text": comment(stream, mind.language, mind.mood, 0.0)}
        return stream.choices(codes, weights)[0]

    return write


def _multiple_pen(question: MultipleChoiceQuestion) -> Pen:
    """The content need nothing more; the others name one to three things, the first most often."""
    codes = [choice.code for choice in question.choices if not choice.exclusive]
    nothing = [choice.code for choice in question.choices if choice.exclusive]
    most = min(question.max_selected or 3, 3, len(codes))
    other = question.other

    def write(stream: random.Random, mind: Mind) -> AnswerValue:
        if nothing and stream.random() < _logistic(1.6 * mind.mood - 0.7):
            return [nothing[0]]
        count = min(most, max(question.min_selected, 1 + int(stream.expovariate(1.4))))
        left = list(codes)
        chosen: list[AnswerItem] = []
        while len(chosen) < count:
            weights = [1 / (1.5 + codes.index(code)) for code in left]
            chosen.append(left.pop(left.index(stream.choices(left, weights)[0])))
        if other is not None and len(chosen) < most and stream.random() < 0.03:
            said = comment(stream, mind.language, mind.mood, mind.trouble)
            chosen.append({"choice": other.code, "text": said})
        return chosen

    return write


def _text_pen(question: LongTextQuestion | ShortTextQuestion) -> Pen:
    """Who is angry or delighted writes more often than who is neither."""

    def write(stream: random.Random, mind: Mind) -> AnswerValue | None:
        moved = 1 + min(abs(mind.mood - 0.3), 1.5)
        if not question.required and stream.random() > mind.talkative * moved:
            return None
        return comment(stream, mind.language, mind.mood, mind.trouble)[: question.max_length]

    return write
