"""Price sensitivity: how many would leave at which price difference."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    compare_shares,
    marked,
    no_value_because,
    tallied,
)
from app.kpis.catalog.survey_scores import ANSWERED, MIXED_SCALES
from app.kpis.declaration import Kpi, Measurement, Option, Scope
from app.kpis.elasticity import arc_elasticity
from app.kpis.proportions import Share, wilson
from app.kpis.questions import ChoiceItem, choices_in_scope
from app.kpis.tallies import Recipe, Tally
from app.problems import Text


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await choices_in_scope(session, scope, lambda item: bool(item.price_differences))
    names = [item.name for item in items]
    return Recipe(names, lambda answers: _sensitivity(items, answers, scope))


def _sensitivity(items: Sequence[ChoiceItem], answers: Tally, scope: Scope) -> Measurement:
    """The share at the largest difference offered that is not above the one asked for.

    Questions that offer different ones can be added up only at those that all of them offer.
    """
    curve = _curve(items, answers)
    asked = int(scope.options["at"])
    reached = max((point for point in curve if point <= asked), default=None)
    given: Counter[str] = Counter()
    for item in items:
        given.update(answers.codes(item.name))
    share = curve[reached] if reached is not None else None
    n = given.total()
    excluded = answers.left_out([item.name for item in items])
    offered = {tuple(sorted(item.price_differences.values())) for item in items}
    known = {code: dict(label) for item in items for code, label in item.labels.items()}
    return Measurement(
        value=share.value if share else None,
        n=n,
        numerator={"would_leave": share.count} if share else {},
        denominator={"answered": n},
        excluded=excluded,
        interval=wilson(share, scope.level) if share else None,
        reason=no_value_because(items, n) or (None if share else "not_defined"),
        warnings=(MIXED_SCALES,) if len(offered) > 1 else (),
        components={str(point): _point(point, each, scope) for point, each in curve.items()},
        counts={code: given[code] for code in known} | marked(excluded),
        labels=known if len(items) == 1 else {},
        evidence=share,
    )


def _curve(items: Sequence[ChoiceItem], answers: Tally) -> dict[int, Share]:
    """The share who would leave at most at each difference, ascending."""
    if not items:
        return {}
    common = set.intersection(*(set(item.price_differences.values()) for item in items))
    curve = {}
    for point in sorted(common):
        leave = total = 0
        for item in items:
            codes = answers.codes(item.name)
            total += sum(codes.values())
            leave += sum(
                codes.get(code, 0)
                for code, difference in item.price_differences.items()
                if difference <= point
            )
        curve[point] = Share(leave, total)
    return curve


def _point(percent: int, share: Share, scope: Scope) -> Measurement:
    """A point of the curve, with the elasticity of those who stay between it and no difference."""
    stay = share.total - share.count
    elasticity = None
    if share.total:
        elasticity = arc_elasticity((share.total, stay), (100, 100 + percent))
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"would_leave": share.count},
        denominator={"answered": share.total},
        interval=wilson(share, scope.level),
        reason=None if share.total else "empty_denominator",
        components={
            "arc_elasticity": Measurement(
                value=None if elasticity is None else float(elasticity),
                n=share.total,
                numerator={"quantity_before": share.total, "quantity_after": stay},
                denominator={"price_before": 100, "price_after": 100 + percent},
                reason=None if elasticity is not None else "not_defined",
                unit="ratio",
                direction="higher",
            )
        },
        evidence=share,
    )


PRICE_SENSITIVITY = Kpi(
    id="price-sensitivity",
    version=1,
    family="survey",
    name=Text("Price sensitivity", "价格敏感度"),
    formula=Text(
        "respondents who would leave at a price difference of at most x % / answered; x is the "
        "largest difference offered that is not above `at`. Interval: Wilson. Components: the "
        "cumulative share at every difference offered, each with the arc elasticity of the "
        "customers kept, (q2 - q1) / ((q1 + q2) / 2) / ((p2 - p1) / ((p1 + p2) / 2)), between "
        "the price of 100 and that of 100 + x",
        "价差不超过 x% 时会离开的受访者 ÷ 有效作答；x 为选项中不超过参数 `at` 的最大价差。"
        "区间：Wilson 法。分项：各价差下的累计占比，以及价格由 100 升至 100 + x 时留存客户的弧弹性 "
        "(q2 − q1) ÷ ((q1 + q2) ÷ 2) ÷ ((p2 − p1) ÷ ((p1 + p2) ÷ 2))",
    ),
    numerator=Text("respondents who would leave", "会离开的受访者"),
    denominator=ANSWERED,
    unit="ratio",
    direction="lower",
    interval="wilson",
    measure=tallied(_recipe),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    options=(
        Option(
            name="at",
            description=Text("The price difference in percent.", "价差（百分比）。"),
            default="10",
            low=0,
            high=1_000,
        ),
    ),
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (PRICE_SENSITIVITY,)
