"""What was perceived of a service against what was expected of it: SERVQUAL and SERVPERF.

A. Parasuraman, V. A. Zeithaml and L. L. Berry, 1988; J. J. Cronin and S. A. Taylor, 1992.
"""

from collections.abc import Callable, Iterator, Sequence
from math import lcm
from typing import TypeAlias

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import AllocationQuestion, Question
from app.surveys.questions.base import SERVICE_DIMENSIONS, Construct, Facet
from app.surveys.scores import INCOMPLETE, Answers, Composite, ScaleItem, Score, Texts, fraction

SERVQUAL = "@servqual"
SERVQUAL_WEIGHTED = "@servqual.weighted"
SERVPERF = "@servperf"

#: The units of a score, or None where an item was left out.
_Units: TypeAlias = int | None
#: The points that a respondent gave to each dimension, in order; None unless all are there.
_Points: TypeAlias = Callable[[Answers], Sequence[int] | None]


def service_quality(
    definition: SurveyDefinition, items: Sequence[ScaleItem]
) -> Iterator[Composite]:
    """Each dimension, and over all five the mean, that of the gaps, and the weighted one.

    A dimension's gap is the mean of what was perceived less the mean of what was expected, of
    one respondent. Expectation and perception stand in one code, in this order.
    """
    perceived, expected = _dimensions(items, "perception"), _dimensions(items, "expectation")
    if not perceived:
        return
    kinds = [_performance(perceived), _gaps(perceived, expected)]
    if len(perceived) == len(SERVICE_DIMENSIONS):
        kinds.append(_whole_performance(list(perceived.values())))
        if len(expected) == len(perceived):
            kinds.append(_whole_gap(list(perceived.values()), list(expected.values())))
            weighers = [each for asked in definition.questions() if (each := _points(asked))]
            kinds += [
                _weighted_gap(list(perceived.values()), list(expected.values()), weigh)
                for weigh in weighers[:1]
            ]
    better = [score.of for score in perceived.values()]
    worse = [score.of for score in expected.values()]
    makers = [make for _, make in kinds]

    def add(answers: Answers, tallies: list[str]) -> None:
        gained = [of(answers) for of in better]
        given_up = [of(answers) for of in worse]
        for make in makers:
            tallies += make(gained, given_up, answers)

    yield Composite(tuple(name for names, _ in kinds for name in names), add)


def _dimensions(items: Sequence[ScaleItem], construct: Construct) -> dict[Facet, Score]:
    """The score of each dimension of service quality that has items, in their order."""
    found: dict[Facet, Score] = {}
    for dimension in SERVICE_DIMENSIONS:
        chosen = [item for item in items if item.construct == construct and item.facet == dimension]
        if chosen:
            found[dimension] = Score(chosen)
    return found


#: Names of tallies, and the function that makes them of what was perceived and expected.
_Kind: TypeAlias = tuple[
    Sequence[str], Callable[[Sequence[_Units], Sequence[_Units], Answers], Sequence[str]]
]


def _performance(perceived: dict[Facet, Score]) -> _Kind:
    """Each dimension as it was perceived."""
    texts = [_of_one(f"{SERVPERF}.{name}", score.whole) for name, score in perceived.items()]

    def make(gained: Sequence[_Units], _: Sequence[_Units], __: Answers) -> Sequence[str]:
        return [texts[place][units] for place, units in enumerate(gained)]

    return [f"{SERVPERF}.{name}" for name in perceived], make


def _gaps(perceived: dict[Facet, Score], expected: dict[Facet, Score]) -> _Kind:
    """Expectation and perception of each dimension that has both."""
    both = [name for name in perceived if name in expected]
    places = [(list(expected).index(name), list(perceived).index(name)) for name in both]
    texts = [
        _of_two(f"{SERVQUAL}.{name}", (expected[name].whole, perceived[name].whole))
        for name in both
    ]

    def make(gained: Sequence[_Units], given_up: Sequence[_Units], _: Answers) -> Sequence[str]:
        return [
            text[given_up[one], gained[other]]
            for text, (one, other) in zip(texts, places, strict=True)
        ]

    return [f"{SERVQUAL}.{name}" for name in both], make


def _of_one(name: str, whole: int) -> Texts[_Units]:
    return Texts(lambda units: f"{name}={INCOMPLETE if units is None else fraction(units, whole)}")


def _of_two(name: str, wholes: tuple[int, int]) -> Texts[tuple[_Units, _Units]]:
    def make(units: tuple[_Units, _Units]) -> str:
        one, other = units
        if one is None or other is None:
            return f"{name}={INCOMPLETE}"
        return f"{name}={fraction(one, wholes[0])},{fraction(other, wholes[1])}"

    return Texts(make)


def _whole_performance(perceived: Sequence[Score]) -> _Kind:
    """The mean of the five dimensions as they were perceived."""
    common = lcm(*(score.whole for score in perceived))
    factors = [common // score.whole for score in perceived]
    texts = _of_one(SERVPERF, common * len(perceived))

    def make(gained: Sequence[_Units], _: Sequence[_Units], __: Answers) -> Sequence[str]:
        return [texts[_total(gained, factors)]]

    return [SERVPERF], make


def _whole_gap(perceived: Sequence[Score], expected: Sequence[Score]) -> _Kind:
    """The mean of the five gaps."""
    common = lcm(*(score.whole for score in (*perceived, *expected)))
    up = [common // score.whole for score in perceived]
    down = [-common // score.whole for score in expected]
    texts = _of_one(SERVQUAL, common * len(perceived))

    def make(gained: Sequence[_Units], given_up: Sequence[_Units], _: Answers) -> Sequence[str]:
        total, less = _total(gained, up), _total(given_up, down)
        return [texts[None if total is None or less is None else total + less]]

    return [SERVQUAL], make


def _total(units: Sequence[_Units], factors: Sequence[int]) -> _Units:
    """The sum over the dimensions in a common unit; None unless all are there."""
    total = 0
    for one, factor in zip(units, factors, strict=True):
        if one is None:
            return None
        total += one * factor
    return total


def _weighted_gap(perceived: Sequence[Score], expected: Sequence[Score], weigh: _Points) -> _Kind:
    """The mean of the five gaps by the points that the respondent shared out."""
    common = lcm(*(score.whole for score in (*perceived, *expected)))
    up = [common // score.whole for score in perceived]
    down = [-common // score.whole for score in expected]

    def make(
        gained: Sequence[_Units], given_up: Sequence[_Units], answers: Answers
    ) -> Sequence[str]:
        points = weigh(answers)
        if points is None:
            return [f"{SERVQUAL_WEIGHTED}={INCOMPLETE}"]
        total = _total(gained, list(map(int.__mul__, up, points)))
        less = _total(given_up, list(map(int.__mul__, down, points)))
        if total is None or less is None:
            return [f"{SERVQUAL_WEIGHTED}={INCOMPLETE}"]
        return [f"{SERVQUAL_WEIGHTED}={fraction(total + less, common * sum(points))}"]

    return [SERVQUAL_WEIGHTED], make


def _points(question: Question) -> _Points | None:
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
