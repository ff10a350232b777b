"""What several answers of one respondent make together, written down when they come.

Figures that need answers side by side (a gap, a sum, a rating by those who know the brand) could
not be had from counts of each question. So the response carries them as tallies of their own,
named `@...`, as exact fractions; cells count them like any other, and figures stay exact however
they are filtered. Only surveys that declare such items pay for it.
"""

from collections.abc import Iterator, Sequence

from app.surveys.definition import SurveyDefinition
from app.surveys.questions import YesNoQuestion
from app.surveys.questions.base import BENEFITS, COSTS, NOT_APPLICABLE, Construct
from app.surveys.scores import (
    INCOMPLETE,
    Answers,
    Composite,
    ScaleItem,
    Score,
    joint,
    scale_items,
)
from app.surveys.service_quality import service_quality

LOYALTY = "@loyalty.indicators"
VALUE = "@value.sides"
WEIGHTED = "@satisfaction.weighted"
AWARE = "@aware."
"""Begins the names of ratings by those who know the brand: `@aware.<item>`."""
UNAWARE = "~unaware"

#: The indicators of loyalty, in the order of their tally.
LOYALTY_INDICATORS: tuple[Construct, ...] = ("trust", "repurchase", "recommendation")


def composites(definition: SurveyDefinition) -> list[Composite]:
    """Every composite that the survey declares the items of."""
    items = scale_items(definition)
    return [
        *_weighted(definition, items),
        *_loyalty(items),
        *_value(items),
        *service_quality(definition, items),
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
        yield joint(WEIGHTED, [score])


def _loyalty(items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """Trust, repurchase and recommendation of one respondent, where all three are asked."""
    indicators = [
        [item for item in items if item.construct == construct] for construct in LOYALTY_INDICATORS
    ]
    if all(indicators):
        yield joint(LOYALTY, [Score(indicator) for indicator in indicators])


def _value(items: Sequence[ScaleItem]) -> Iterator[Composite]:
    """What a customer gains, and how good (low) what it costs is, where both are asked."""
    sides = [
        [item for item in items if item.construct == "value" and item.facet in facets]
        for facets in (BENEFITS, COSTS)
    ]
    if all(sides):
        yield joint(VALUE, [Score(side) for side in sides])


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
                yield _by_the_aware(keys[0], item)


def _by_the_aware(key: str, item: ScaleItem) -> Composite:
    name = f"{AWARE}{item.name}"

    def add(answers: Answers, tallies: list[str]) -> None:
        knows, rating = answers.get(key), item.answer(answers)
        code = str(rating)
        if knows is False:
            code = UNAWARE
        elif knows is None or rating is None:
            code = INCOMPLETE
        elif rating == NOT_APPLICABLE:
            code = f"~{NOT_APPLICABLE}"
        tallies.append(f"{name}={code}")

    return Composite((name,), add)
