"""What the survey KPIs share: from the chosen questions to a figure for each period and group."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import lcm

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.clustering import clustered, scores_of, sums_by_customer
from app.kpis.declaration import Measure, Measurement, Reason, Scope
from app.kpis.means import (
    Estimate,
    Moments,
    estimate_difference,
    moments_from_units,
    t_interval,
    welch,
)
from app.kpis.periods import Period
from app.kpis.proportions import Share, newcombe, wilson
from app.kpis.questions import Item, items_in_scope, points
from app.kpis.statistics import Difference
from app.kpis.strata import strata_of
from app.kpis.tallies import Recipe, Tally, tally
from app.kpis.weighted_figures import weighted

#: What survey figures are filtered and grouped by; `*`: the workspace's own dimensions too.
DIMENSIONS = ("channel", "method", "segment", "version", "language", "*")


#: Finds the recipe of a KPI for what is asked.
Recipes = Callable[[AsyncSession, Scope], Awaitable[Recipe]]
#: Makes one figure of what was answered to the items.
Figure = Callable[[Sequence[Item], Tally, Scope], Measurement]


def tallied(recipes: Recipes) -> Measure:
    """The measure of every survey KPI: tallies, and a figure of them by period and group."""

    async def measure(
        session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
    ) -> list[Mapping[str, Measurement]]:
        recipe = await recipes(session, scope)
        if scope.weighting is not None:
            weighed = await strata_of(
                session, scope, scope.weighting, periods=periods, by=by, names=recipe.names
            )
            figures: list[Mapping[str, Measurement]] = []
            for members in weighed:
                figures.append(
                    {member: weighted(recipe.figure, strata) for member, strata in members.items()}
                )
                await asyncio.sleep(0)  # a trend of many points lets others have their turn
            return figures
        tallies = await tally(session, scope, periods, by, recipe.names)
        found: list[Mapping[str, Measurement]] = [
            {member: recipe.figure(each) for member, each in members.items()} for members in tallies
        ]
        if not scope.clustered:
            return found
        scores = await asyncio.to_thread(scores_of, recipe, tallies)
        return clustered(found, await sums_by_customer(session, scope, periods, by, scores))

    return measure


def measured(chosen: Callable[[Item, Scope], bool], figure: Figure) -> Measure:
    """A measure that makes its figure of the chosen items' answers."""

    async def recipe(session: AsyncSession, scope: Scope) -> Recipe:
        items = await items_in_scope(session, scope, lambda item: chosen(item, scope))
        names = [(item.survey_id, item.name) for item in items]
        return Recipe(names, lambda answers: figure(items, answers, scope))

    return tallied(recipe)


def added_up(items: Sequence[Item], answers: Tally) -> Counter[str]:
    """The codes given to all items together."""
    total: Counter[str] = Counter()
    for item in items:
        total.update(answers.codes((item.survey_id, item.name)))
    return total


def left_out(items: Sequence[Item], answers: Tally) -> dict[str, int]:
    """What was asked by the items and does not count, by reason."""
    return answers.left_out([(item.survey_id, item.name) for item in items])


def best_share(items: Sequence[Item], answers: Tally) -> Share:
    """The answers among the best points of each item's own scale, of all answers."""
    best = total = 0
    for item in items:
        given = answers.codes((item.survey_id, item.name))
        best += sum(given.get(str(point), 0) for point in item.scale.top_box)
        total += sum(given.values())
    return Share(best, total)


def rescaled(items: Sequence[Item], answers: Tally) -> Moments | None:
    """Moments of all answers on 0 to 100, 100 the good end of every scale."""
    common = lcm(*(item.scale.max - item.scale.min for item in items))
    number = total = squares = 0
    for item in items:
        ends = (item.scale.min, item.scale.max)
        low, high = ends if item.scale.direction == "higher" else ends[::-1]
        step = 100 * (common // (high - low))
        for code, count in answers.codes((item.survey_id, item.name)).items():
            score = (int(code) - low) * step
            number += count
            total += score * count
            squares += score * score * count
    return moments_from_units(number, total, squares, common)


def mean_on_100(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    """The mean on 0 to 100 as a component, with Student's interval."""
    scores = rescaled(items, answers)
    return Measurement(
        value=scores.value if scores else None,
        n=scores.n if scores else 0,
        interval=t_interval(scores, scope.level, (0, 100)),
        reason=None if scores else "empty_denominator",
        unit="points",
        direction="higher",
        evidence=scores,
    )


def compare_shares(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """Newcombe's test of two shares."""
    if not isinstance(now.evidence, Share) or not isinstance(before.evidence, Share):
        return None
    return newcombe(now.evidence, before.evidence, level)


def compare_means(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """Welch's test of two means; Wald's where they are no means of respondents' scores."""
    if isinstance(now.evidence, Estimate) and isinstance(before.evidence, Estimate):
        return estimate_difference(now.evidence, before.evidence, level)
    if not isinstance(now.evidence, Moments) or not isinstance(before.evidence, Moments):
        return None
    return welch(now.evidence, before.evidence, level)


def share_of(share: Share, scope: Scope, named: str) -> Measurement:
    """A share as a component, with Wilson's interval."""
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={named: share.count},
        denominator={"answered": share.total},
        interval=wilson(share, scope.level),
        reason=None if share.total else "empty_denominator",
        unit="ratio",
        direction="higher",
        evidence=share,
    )


def no_value_because(items: Sequence[object], answered: int) -> Reason | None:
    """Why there is no figure: nothing measures it, or nobody answered."""
    if answered:
        return None
    return "empty_denominator" if items else "not_defined"


def distribution(
    items: Sequence[Item], given: Mapping[str, int], excluded: Mapping[str, int]
) -> dict[str, int]:
    """Every point of the scales, also those that nobody chose, then what was left out."""
    counted = {point: given.get(point, 0) for point in points(items)}
    return counted | marked(excluded)


def marked(excluded: Mapping[str, int]) -> dict[str, int]:
    """Exclusions as codes of a distribution."""
    return {f"~{reason}": count for reason, count in excluded.items()}


def labels(items: Sequence[Item]) -> Mapping[str, Mapping[str, str]]:
    """What the points say, where there is one question to ask."""
    return items[0].labels if len(items) == 1 else {}
