"""Loyalty: trust, the intention to buy again, and the likelihood to recommend."""

from collections.abc import Sequence
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.indices import (
    EXCLUSIONS,
    bars,
    fractions,
    names_of,
    top_box,
)
from app.kpis.catalog.joint_answers import Joint, joint, mean_part
from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    added_up,
    best_share,
    compare_means,
    compare_shares,
    distribution,
    labels,
    left_out,
    marked,
    mean_on_100,
    measured,
    no_value_because,
    tallied,
)
from app.kpis.catalog.survey_scores import ANSWERED
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.means import cronbach_alpha, moments, t_interval
from app.kpis.proportions import wilson
from app.kpis.questions import Item, items_in_scope
from app.kpis.tallies import Name, Recipe, Tally
from app.problems import Text
from app.surveys.composites import LOYALTY as INDICATORS
from app.surveys.composites import LOYALTY_INDICATORS


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await items_in_scope(session, scope, lambda item: item.construct in LOYALTY_INDICATORS)
    together = [name for name in names_of(items, INDICATORS) if _asks_all(items, name)]
    names = together + [(item.survey_id, item.name) for item in items]
    for construct in LOYALTY_INDICATORS:
        names += names_of(_measuring(items, construct), f"@{construct}")
    return Recipe(names, lambda answers: _loyalty(items, together, answers, scope))


def _asks_all(items: Sequence[Item], name: Name) -> bool:
    asked = {item.construct for item in items if item.survey_id == name[0]}
    return asked >= set(LOYALTY_INDICATORS)


def _measuring(items: Sequence[Item], construct: str) -> list[Item]:
    return [item for item in items if item.construct == construct]


def _loyalty(
    items: Sequence[Item], together: Sequence[Name], answers: Tally, scope: Scope
) -> Measurement:
    given = joint(together, answers)
    thirds = [Fraction(1, len(LOYALTY_INDICATORS))] * len(LOYALTY_INDICATORS)
    scores = given.moments(thirds)
    scores = scores.rescaled(0, 1) if scores else None
    n = scores.n if scores else 0
    excluded = answers.left_out(together, EXCLUSIONS)
    parts = {
        construct: _indicator(construct, items, answers, scope) for construct in LOYALTY_INDICATORS
    }
    return Measurement(
        value=scores.value if scores else None,
        n=n,
        numerator={"points": float(scores.mean * n) if scores else 0},
        denominator={"respondents": n},
        excluded=excluded,
        interval=t_interval(scores, scope.level, (0, 100)),
        reason=no_value_because(together, n),
        components=parts | {"cronbach_alpha": _alpha(given)},
        counts=bars(given.means()) | marked(excluded),
        evidence=scores,
    )


def _indicator(construct: str, items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    """The index of one indicator over everybody who has it, and its share in the top box."""
    chosen = _measuring(items, construct)
    indices = names_of(chosen, f"@{construct}")
    scores = moments(fractions(indices, answers))
    part = mean_part(scores.rescaled(0, 1) if scores else None, scope, (0, 100))
    return Measurement(
        value=part.value,
        n=part.n,
        denominator=part.denominator,
        excluded=answers.left_out(indices, EXCLUSIONS),
        interval=part.interval,
        reason=no_value_because(chosen, part.n),
        components=top_box(chosen, answers, scope) if chosen else {},
        evidence=part.evidence,
    )


def _alpha(given: Joint) -> Measurement:
    """Cronbach's alpha of the three indicators, over those who have all of them."""
    n, width = given.n, len(LOYALTY_INDICATORS)
    total = given.moments([1] * width)
    sides = [given.moments([int(place == each) for each in range(width)]) for place in range(width)]
    variances = [each.variance for each in sides if each and each.variance is not None]
    alpha = None
    if total is not None and total.variance is not None and len(variances) == width:
        alpha = cronbach_alpha(variances, total.variance)
    return Measurement(
        value=alpha,
        n=n,
        denominator={"respondents": n},
        reason=None if alpha is not None else "not_defined" if n else "empty_denominator",
        unit="ratio",
        direction="higher",
    )


def _recommends(item: Item, scope: Scope) -> bool:
    del scope
    asks = item.type == "nps" or item.construct == "recommendation"
    return asks and bool(item.scale.top_box)


def _rate(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    share = best_share(items, answers)
    excluded = left_out(items, answers)
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"would_recommend": share.count},
        denominator={"answered": share.total},
        excluded=excluded,
        interval=wilson(share, scope.level),
        reason=no_value_because(items, share.total),
        components={"mean": mean_on_100(items, answers, scope)},
        counts=distribution(items, added_up(items, answers), excluded),
        labels=labels(items),
        evidence=share,
    )


LOYALTY = Kpi(
    id="loyalty",
    version=1,
    family="survey",
    name=Text("Customer loyalty", "客户忠诚度"),
    formula=Text(
        "mean over respondents of (trust + repurchase intention + recommendation) / 3, each the "
        "respondent's mean of 100 x (answer - worst) / (best - worst) over the questions that "
        "measure it; only respondents who have all three. Interval: Student's t. Components: "
        "each of the three over everybody who has it, with its share in the top box; "
        "Cronbach's alpha of the three",
        "对每位受访者取（信任度 + 再次购买意愿 + 推荐意愿）÷ 3，其中每项为该受访者相关题目的 100 ×"
        "（得分 − 最差分）÷（最优分 − 最差分）的均值，再对三项齐全的受访者求均值。区间：t 区间。"
        "分项：三项各自在全部作答者中的均值及高分占比；三项的克朗巴赫 α 系数",
    ),
    numerator=Text("sum of the respondents' indices", "受访者指数之和"),
    denominator=Text("respondents who have all three indicators", "三项指标齐全的受访者"),
    unit="points",
    direction="higher",
    interval="t",
    measure=tallied(_recipe),
    compare=compare_means,
    dimensions=DIMENSIONS,
    takes_survey=True,
    has_distribution=True,
)

RECOMMENDATION_RATE = Kpi(
    id="recommendation-rate",
    version=1,
    family="survey",
    name=Text("Recommendation rate (stated)", "推荐率（表态）"),
    formula=Text(
        "answers in the top box / answered, over the NPS questions (9 and 10) and the others "
        "that measure recommendation. What people say, not whom they brought. Interval: Wilson. "
        "Component mean: 100 x (mean - worst) / (best - worst), with Student's interval",
        "落在题目高分选项（top box）中的作答 ÷ 有效作答，题目为 NPS（9–10 分）及其他测量推荐意愿的"
        "题目。为受访者的表态，而非实际带来的新客户。区间：Wilson 法。"
        "分项 mean：100 ×（均值 − 最差分）÷（最优分 − 最差分），区间为 t 区间",
    ),
    numerator=Text("answers in the top box", "愿意推荐的作答数"),
    denominator=ANSWERED,
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measured(_recommends, _rate),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (LOYALTY, RECOMMENDATION_RATE)
