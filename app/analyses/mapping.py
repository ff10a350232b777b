"""The importance-performance map of stated importance."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.disclosing import judge
from app.analyses.importance_schemas import (
    MapCut,
    MapDistance,
    MapPoint,
    StatedMapRequest,
)
from app.analyses.quadrants import Crosshair, Distance, Sample, cut_of, distances, quadrant
from app.analyses.rows import Products, products, values
from app.analyses.variables import Asked, Variable, on_scale
from app.errors import FieldError, Invalid
from app.kpis import envelopes


async def map_stated(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: StatedMapRequest
) -> dict[str, Any]:
    """The members of `ImportancePerformanceRead` beside its header."""
    variables = _variables(asked, wanted)
    columns = values(variables)
    found = await products(session, chosen, columns)
    (ruling,) = await judge(session, chosen, columns, [range(len(columns))])
    told = ruling.tells and not 0 < found.n < chosen.minimum
    about = {"importance": "stated", "crosshair": wanted.crosshair}
    if not told or found.n < 2:
        return about | {
            "n": found.n if told else None,
            "cut": None,
            "points": [],
            "suppressed": not told,
            "reason": "too_few_answers" if told else None,
        }
    size = len(wanted.items)
    whole = sample_on_100(found, variables)
    sides = [part(whole, range(start, start + size)) for start in (0, size)]
    found_distances = [distances(side, wanted.crosshair, chosen.level) for side in sides]
    return about | {
        "n": found.n,
        "cut": cut(sides[0], sides[1].means, wanted.crosshair),
        "points": [
            point(item.performance, (float(good), float(weighs)), (near, far))
            for item, good, weighs, near, far in zip(
                wanted.items, sides[0].means, sides[1].means, *found_distances, strict=True
            )
        ],
        "suppressed": False,
        "reason": None,
    }


def _variables(asked: Asked, wanted: StatedMapRequest) -> list[Variable]:
    """All performances, then all importances."""
    found: list[Variable] = []
    for side in ("performance", "importance"):
        for index, item in enumerate(wanted.items):
            pointer = f"/items/{index}/{side}"
            variable = asked.one(pointer, getattr(item, side), on_scale)
            if variable.name in {each.name for each in found}:
                raise Invalid(FieldError(pointer, "duplicate-item"))
            found.append(variable)
    return found


def sample_on_100(found: Products, variables: Sequence[Variable]) -> Sample:
    """Means and covariances with every scale brought to 0 to 100, 100 its good end."""
    n = found.n
    means = [total / n for total in found.totals]
    factors = [each.on_100(Fraction(1)) - each.on_100(Fraction(0)) for each in variables]
    covariances = tuple(
        tuple(
            (found.products[i][j] - n * means[i] * means[j]) / (n - 1) * factors[i] * factors[j]
            for j in range(len(variables))
        )
        for i in range(len(variables))
    )
    on_100 = tuple(each.on_100(mean) for each, mean in zip(variables, means, strict=True))
    return Sample(n, on_100, covariances)


def part(sample: Sample, places: Sequence[int]) -> Sample:
    """Some columns of a sample."""
    return Sample(
        sample.n,
        tuple(sample.means[i] for i in places),
        tuple(tuple(sample.covariances[i][j] for j in places) for i in places),
    )


def cut(performance: Sample, importance: Sequence[Fraction], crosshair: Crosshair) -> MapCut:
    """Both lines as they are answered."""
    return MapCut(
        performance=float(cut_of(performance.means, crosshair)),
        importance=float(cut_of(importance, crosshair)),
    )


def point(item: str, place: tuple[float, float], distance: tuple[Distance, Distance]) -> MapPoint:
    """A point as it is answered: its place, and its distances from both lines."""
    nearest = quadrant(distance[0].value, distance[1].value)
    sure = distance[0].sure and distance[1].sure
    performance, importance = (
        MapDistance(value=each.value, interval=envelopes.interval(each.interval))
        for each in distance
    )
    return MapPoint(
        item=item,
        performance=place[0],
        importance=place[1],
        performance_distance=performance,
        importance_distance=importance,
        quadrant=nearest if sure else "undetermined",
        nearest=nearest,
    )
