"""What several answers of one respondent make together, written down when they come.

Figures that need answers side by side (a gap, a sum, a rating by those who know the brand) could
not be had from counts of each question. So the response carries them as tallies of their own,
named `@...`, as exact fractions; cells count them like any other, and figures stay exact however
they are filtered. Only surveys that declare such items pay for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd, lcm
from typing import Any, TypeAlias

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import AllocationQuestion, Question, Scale, YesNoQuestion
from app.surveys.questions.base import (
    BENEFITS,
    COSTS,
    NOT_APPLICABLE,
    SERVICE_DIMENSIONS,
    Construct,
    Facet,
)

Answers: TypeAlias = Mapping[str, Any]

LOYALTY = "@loyalty.indicators"
VALUE = "@value.sides"
SERVQUAL = "@servqual"
SERVQUAL_WEIGHTED = "@servqual.weighted"
SERVPERF = "@servperf"
WEIGHTED = "@satisfaction.weighted"
AWARE = "@aware."
"""Begins the names of ratings by those who know the brand: `@aware.<item>`."""
INCOMPLETE = "~incomplete"
UNAWARE = "~unaware"

#: The indicators of loyalty, in the order of their tally.
LOYALTY_INDICATORS: tuple[Construct, ...] = ("trust", "repurchase", "recommendation")


@dataclass(frozen=True)
class ScaleItem:
    """A question, or a row of a matrix, that is answered on a scale."""

    key: str
    row: str | None
    name: str
    construct: Construct | None
    scale: Scale
    facet: Facet | None
    weight: int

    def answer(self, answers: Answers) -> Any:  # noqa: ANN401 - any JSON
        """What was answered; None where nothing was."""
        value = answers.get(self.key)
        return value.get(self.row) if self.row is not None and value is not None else value


@dataclass(frozen=True)
class Composite:
    """A tally name, and the function that gives a respondent's code under it."""

    name: str
    code: Callable[[Answers], str]


def scale_items(definition: SurveyDefinition) -> list[ScaleItem]:
    """Every item on a scale, in the order of the survey."""
    return [item for question in definition.questions() for item in _items(question)]


def _items(question: Question) -> Iterator[ScaleItem]:
    scale = question.scale()
    if scale is None:
        return
    for name, row in question.scale_items():
        traits = question.traits(row)
        yield ScaleItem(
            question.key, row, name, question.measures, scale, traits.facet, traits.weight or 1
        )


class Score:
    """A respondent's weighted mean of (answer - worst) / (best - worst) over some items.

    Counted in units of 1 / `whole`, so that sums are integers. A scale whose lower end is the
    good one is turned round.
    """

    __slots__ = ("_items", "whole")

    def __init__(self, items: Sequence[ScaleItem]) -> None:
        common = lcm(*(item.scale.max - item.scale.min for item in items))
        self._items = [(item.key, item.row, _parts(item, common)) for item in items]
        self.whole = common * sum(item.weight for item in items)

    def of(self, answers: Answers) -> int | None:
        """The units of one respondent; None unless every item was answered."""
        total = 0
        for key, row, parts in self._items:
            value = answers.get(key)
            if row is not None and value is not None:
                value = value.get(row)
            part = parts.get(value)
            if part is None:
                return None
            total += part
        return total

    def fraction(self, answers: Answers) -> str | None:
        """The same as a fraction, for a tally."""
        units = self.of(answers)
        return None if units is None else fraction(units, self.whole)


def _parts(item: ScaleItem, common: int) -> dict[Any, int]:
    """What each point of the scale adds, in the common unit."""
    scale = item.scale
    unit = common // (scale.max - scale.min) * item.weight
    points = range(scale.min, scale.max + 1)
    if scale.direction == "lower":
        return {point: (scale.max - point) * unit for point in points}
    return {point: (point - scale.min) * unit for point in points}


def fraction(part: int, whole: int) -> str:
    """A fraction in lowest terms: `2/3`, `-1/6`, `0/1`."""
    divisor = gcd(part, whole)
    return f"{part // divisor}/{whole // divisor}"


def composites(definition: SurveyDefinition) -> list[Composite]:
    """Every composite that the survey declares the items of."""
    items = scale_items(definition)
    return [
        *_weighted(definition, items),
        *_loyalty(items),
        *_value(items),
        *_service_quality(definition, items),
        *_aware(definition, items),
    ]


def _weighted(definition: SurveyDefinition, items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """The index of satisfaction by the weights that its items declare, if any does."""
    declared = [
        question.traits(row).weight
        for question in definition.questions()
        if question.measures == "satisfaction"
        for _, row in question.scale_items()
    ]
    if any(declared):
        score = Score([item for item in items if item.construct == "satisfaction"])
        yield _joint(WEIGHTED, [score])


def _loyalty(items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """Trust, repurchase and recommendation of one respondent, where all three are asked."""
    indicators = [
        [item for item in items if item.construct == construct] for construct in LOYALTY_INDICATORS
    ]
    if all(indicators):
        yield _joint(LOYALTY, [Score(indicator) for indicator in indicators])


def _value(items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """What a customer gains, and how good (low) what it costs is, where both are asked."""
    sides = [
        [item for item in items if item.construct == "value" and item.facet in facets]
        for facets in (BENEFITS, COSTS)
    ]
    if all(sides):
        yield _joint(VALUE, [Score(side) for side in sides])


def _joint(name: str, scores: Sequence[Score]) -> Composite:
    """Several scores of a respondent as one code, `1/2,3/4`; incomplete unless all are there."""

    def code(answers: Answers) -> str:
        parts = []
        for score in scores:
            part = score.fraction(answers)
            if part is None:
                return INCOMPLETE
            parts.append(part)
        return ",".join(parts)

    return Composite(name, code)


def _service_quality(
    definition: SurveyDefinition, items: Sequence[ScaleItem]
) -> Iterator[Composite]:
    """SERVQUAL and SERVPERF: each dimension, and over all five the mean and the weighted one.

    A dimension's gap is the mean of what was perceived less the mean of what was expected, of
    one respondent. Expectation and perception stand in one code, in this order.
    """
    expected = _dimensions(items, "expectation")
    perceived = _dimensions(items, "perception")
    for dimension, score in perceived.items():
        yield _joint(f"{SERVPERF}.{dimension}", [score])
        if dimension in expected:
            yield _joint(f"{SERVQUAL}.{dimension}", [expected[dimension], score])
    if len(perceived) < len(SERVICE_DIMENSIONS):
        return
    yield _mean_of_five(SERVPERF, perceived, {})
    if len(expected) == len(perceived):
        yield _mean_of_five(SERVQUAL, perceived, expected)
        for question in definition.questions():
            weights = _points_of_dimensions(question)
            if weights is not None:
                yield _mean_of_five(SERVQUAL_WEIGHTED, perceived, expected, weights)
                return


def _dimensions(items: Sequence[ScaleItem], construct: Construct) -> dict[Facet, Score]:
    """The score of each dimension of service quality that has items."""
    found: dict[Facet, Score] = {}
    for dimension in SERVICE_DIMENSIONS:
        chosen = [item for item in items if item.construct == construct and item.facet == dimension]
        if chosen:
            found[dimension] = Score(chosen)
    return found


#: The points that a respondent gave to each dimension, in order; None unless all are there.
_Points: TypeAlias = Callable[[Answers], Sequence[int] | None]


def _points_of_dimensions(question: Question) -> _Points | None:
    """The points of an allocation to the five dimensions; None for any other question."""
    if not isinstance(question, AllocationQuestion) or question.measures != "importance":
        return None
    codes = {item.facet: item.code for item in question.items}
    if set(codes) != set(SERVICE_DIMENSIONS) or len(question.items) != len(codes):
        return None
    key, ordered = question.key, [codes[dimension] for dimension in SERVICE_DIMENSIONS]

    def points(answers: Answers) -> Sequence[int] | None:
        given = answers.get(key)
        if given is None or len(given) < len(ordered):
            return None
        return [given[code] for code in ordered]

    return points


def _mean_of_five(
    name: str,
    perceived: Mapping[Facet, Score],
    expected: Mapping[Facet, Score],
    weights: _Points | None = None,
) -> Composite:
    """The mean over the dimensions of what was perceived, less what was expected if asked."""
    scores = [*perceived.values(), *expected.values()]
    common = lcm(*(score.whole for score in scores))
    sides = [(perceived[dimension], expected.get(dimension)) for dimension in SERVICE_DIMENSIONS]

    def code(answers: Answers) -> str:
        points = weights(answers) if weights else (1,) * len(sides)
        if points is None:
            return INCOMPLETE
        total = 0
        for (better, worse), weight in zip(sides, points, strict=True):
            gained = better.of(answers)
            given_up = worse.of(answers) if worse else 0
            if gained is None or given_up is None:
                return INCOMPLETE
            total += weight * gained * (common // better.whole)
            if worse:
                total -= weight * given_up * (common // worse.whole)
        return fraction(total, common * sum(points))

    return Composite(name, code)


def _aware(definition: SurveyDefinition, items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """Each rating of the image, by those who say that they know the brand."""
    keys = [
        question.key
        for question in definition.questions()
        if isinstance(question, YesNoQuestion) and question.measures == "awareness"
    ]
    if keys:
        for item in items:
            if item.construct == "image":
                yield Composite(f"{AWARE}{item.name}", _by_the_aware(keys[0], item))


def _by_the_aware(key: str, item: ScaleItem) -> Callable[[Answers], str]:
    def code(answers: Answers) -> str:
        knows, rating = answers.get(key), item.answer(answers)
        if knows is False:
            return UNAWARE
        if knows is None or rating is None:
            return INCOMPLETE
        return "~not_applicable" if rating == NOT_APPLICABLE else str(rating)

    return code
