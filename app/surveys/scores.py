"""A respondent's scores over several items, exact, and the tallies that are made of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd, lcm
from typing import Any, TypeAlias, TypeVar

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import Question, Scale
from app.surveys.questions.base import Construct, Facet

Answers: TypeAlias = Mapping[str, Any]
KeyT = TypeVar("KeyT")
INCOMPLETE = "~incomplete"
#: Tallies of a composite that are kept as text.
_MOST_TEXTS = 2_000


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
    """Tallies by their names, and the function that appends them for a respondent's answers."""

    names: tuple[str, ...]
    add: Callable[[Answers, list[str]], None]


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


class Texts(dict[KeyT, str]):
    """Tallies by what they say, each made once: the same few combinations come again and again."""

    def __init__(self, make: Callable[[KeyT], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: KeyT) -> str:
        text = self._make(key)
        if len(self) < _MOST_TEXTS:
            self[key] = text
        return text


def joint(name: str, scores: Sequence[Score]) -> Composite:
    """Several scores of a respondent as one code, `1/2,3/4`; incomplete unless all are there."""
    functions, wholes = [score.of for score in scores], [score.whole for score in scores]
    incomplete = f"{name}={INCOMPLETE}"

    def make(units: tuple[int, ...]) -> str:
        return f"{name}={','.join(map(fraction, units, wholes))}"

    texts = Texts(make)

    def add(answers: Answers, tallies: list[str]) -> None:
        units = []
        for of in functions:
            unit = of(answers)
            if unit is None:
                tallies.append(incomplete)
                return
            units.append(unit)
        tallies.append(texts[tuple(units)])

    return Composite((name,), add)
