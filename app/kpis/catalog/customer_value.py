"""Customer value: what a customer gains less what it costs them (P. Kotler)."""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.indices import EXCLUSIONS, bars, components, names_of
from app.kpis.catalog.joint_answers import Joint, joint, mean_part
from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    compare_means,
    marked,
    no_value_because,
    tallied,
)
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.distributions import t_quantile
from app.kpis.means import Moments, t_interval
from app.kpis.questions import Item, items_in_scope
from app.kpis.statistics import Interval
from app.kpis.tallies import Name, Recipe, Tally
from app.problems import Text
from app.surveys.composites import VALUE as SIDES
from app.surveys.questions.base import BENEFITS, COSTS

_LOWEST = -100
#: Benefit less cost is the benefit and what the cost lacks to be highest, less 1.
_DIFFERENCE = (1, 1)


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await items_in_scope(
        session, scope, lambda item: item.construct == "value" and item.facet is not None
    )
    both = [name for name in names_of(items, SIDES) if _asks_both(items, name)]
    names = both + [(item.survey_id, item.name) for item in items]
    return Recipe(names, lambda answers: _value(items, both, answers, scope))


def _asks_both(items: Sequence[Item], name: Name) -> bool:
    facets = {item.facet for item in items if item.survey_id == name[0]}
    return bool(facets & set(BENEFITS)) and bool(facets & set(COSTS))


def _value(
    items: Sequence[Item], both: Sequence[Name], answers: Tally, scope: Scope
) -> Measurement:
    """The tally holds how good both sides are: a cost is what the second lacks to be best."""
    given = joint(both, answers)
    scores = _on_100(given.moments(_DIFFERENCE, -1))
    n = scores.n if scores else 0
    excluded = answers.left_out(both, EXCLUSIONS)
    return Measurement(
        value=scores.value if scores else None,
        n=n,
        numerator={"points": float(scores.mean * n) if scores else 0},
        denominator={"respondents": n},
        excluded=excluded,
        interval=t_interval(scores, scope.level, (_LOWEST, 100)),
        reason=no_value_because(both, n),
        components=_sides(items, given, answers, scope),
        counts=bars(_differences(given), _LOWEST) | marked(excluded),
        evidence=scores,
    )


def _differences(given: Joint) -> dict[Fraction, int]:
    """Twice the mean of both sides less 1, from where its bar begins: bars are as wide as these."""
    return {2 * mean - 1: n for mean, n in given.means().items()}


def _on_100(scores: Moments | None) -> Moments | None:
    return scores.rescaled(0, 1) if scores else None


def _sides(
    items: Sequence[Item], given: Joint, answers: Tally, scope: Scope
) -> dict[str, Measurement]:
    """Benefit and cost of those who have both, each with its items, and their ratio."""
    gains, costs = _on_100(given.moments((1, 0))), _on_100(given.moments((0, -1), 1))
    return {
        "benefit": _side(gains, BENEFITS, items, answers, scope),
        "cost": _side(costs, COSTS, items, answers, scope),
        "ratio": _ratio(given, gains, costs, scope.level),
    }


def _side(
    scores: Moments | None,
    facets: Sequence[str],
    items: Sequence[Item],
    answers: Tally,
    scope: Scope,
) -> Measurement:
    part = mean_part(scores, scope, (0, 100))
    chosen = [item for item in items if item.facet in facets]
    plain = {
        name: Measurement(
            value=each.value, n=each.n, denominator=each.denominator, excluded=each.excluded,
            interval=each.interval, reason=each.reason, evidence=each.evidence,
        )
        for name, each in components(chosen, answers, scope).items()
    }  # fmt: skip
    return Measurement(
        value=part.value,
        n=part.n,
        denominator=part.denominator,
        interval=part.interval,
        reason=part.reason,
        components=plain,
        direction="higher" if facets is BENEFITS else "lower",
        evidence=scores,
    )


def _ratio(given: Joint, gains: Moments | None, costs: Moments | None, level: float) -> Measurement:
    """The mean benefit over the mean cost, with the delta method's interval."""
    defined = gains is not None and costs is not None and costs.mean > 0
    return Measurement(
        value=float(gains.mean / costs.mean) if gains and costs and defined else None,
        n=gains.n if gains else 0,
        numerator={"benefit": gains.value} if gains else {},
        denominator={"cost": costs.value} if costs else {},
        interval=ratio_interval(given, gains, costs, level) if gains and costs else None,
        reason=None if defined else "empty_denominator",
        unit="ratio",
    )


def ratio_interval(given: Joint, gains: Moments, costs: Moments, level: float) -> Interval | None:
    """R +- t s / (mean cost sqrt(n)), s the spread of benefit - R cost over respondents."""
    if gains.n < 2 or not costs.mean:
        return None
    ratio = gains.mean / costs.mean
    rest = given.moments((1, ratio))
    if rest is None or rest.variance is None:
        return None
    error = 100 * sqrt(rest.variance / rest.n) / costs.value
    half = t_quantile(0.5 + level / 2, rest.n - 1) * error
    return Interval(level, float(ratio) - half, float(ratio) + half, "delta")


CUSTOMER_VALUE = Kpi(
    id="customer-value",
    version=1,
    family="survey",
    name=Text("Customer value", "客户价值"),
    formula=Text(
        "mean over respondents of Fc - Cc. Fc: weighted mean of the questions on benefits "
        "(personnel, product, service, image), Cc: of those on costs (money, time, energy, "
        "psychological), both on 0 to 100, 100 the greatest benefit and the greatest cost; only "
        "respondents who answered all of them. From -100 to 100. Interval: paired Student's t. "
        "Components: both sides with their questions; the ratio Fc / Cc of the means (delta "
        "method)",
        "对受访者的 Fc − Cc 求均值。Fc 为利益类题目（人员、产品、服务、形象）的加权均值，Cc 为"
        "成本类题目（货币、时间、精力、心理）的加权均值，均换算为 0–100，100 表示利益最大"
        "或成本最高；仅计入答完全部题目的受访者。取值 −100 至 100。区间：配对 t 区间。"
        "分项：两侧及其题目；两侧均值之比 Fc ÷ Cc（delta 法）",
    ),
    numerator=Text("sum of the respondents' Fc - Cc", "受访者 Fc − Cc 之和"),
    denominator=Text(
        "respondents who answered every question on benefits and costs",
        "答完全部利益与成本题目的受访者",
    ),
    unit="points",
    direction="higher",
    interval="t",
    measure=tallied(_recipe),
    compare=compare_means,
    dimensions=DIMENSIONS,
    takes_survey=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (CUSTOMER_VALUE,)
