"""NPS, CSAT and CES: scores of single questions."""

from collections.abc import Mapping, Sequence

from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    added_up,
    best_share,
    compare_shares,
    distribution,
    labels,
    left_out,
    mean_on_100,
    measured,
    no_value_because,
)
from app.kpis.declaration import Kpi, Measurement, Option, Scope
from app.kpis.means import moments, t_interval
from app.kpis.proportions import (
    NpsCounts,
    NpsMethod,
    nps_difference,
    nps_interval,
    wilson,
)
from app.kpis.questions import Item, one_scale
from app.kpis.statistics import Difference
from app.kpis.tallies import Tally
from app.problems import Text

_METHODS: Mapping[str, NpsMethod] = {"adjusted_wald": "adjusted_wald", "wald": "wald"}
#: The component mean is left out because answers of different scales were added up.
MIXED_SCALES = "mixed_scales"


def _is_nps(item: Item, scope: Scope) -> bool:
    del scope
    return item.type == "nps"


def _is_csat(item: Item, scope: Scope) -> bool:
    """A CSAT question; by its name any question on a scale that says which points satisfy."""
    named = scope.question in {item.question, item.name}
    return item.type == "csat" or (named and item.type != "nps" and bool(item.scale.top_box))


def _is_ces(item: Item, scope: Scope) -> bool:
    del scope
    return item.type == "ces"


def _nps(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    given = added_up(items, answers)
    excluded = left_out(items, answers)
    scores = NpsCounts(
        promoters=given["9"] + given["10"],
        detractors=sum(given[str(point)] for point in range(7)),
        answered=given.total(),
    )
    return Measurement(
        value=scores.value,
        n=scores.answered,
        numerator={"promoters": scores.promoters, "detractors": scores.detractors},
        denominator={"answered": scores.answered},
        excluded=excluded,
        interval=nps_interval(scores, scope.level, _METHODS[scope.options["ci_method"]]),
        reason=no_value_because(items, scores.answered),
        counts=distribution(items, given, excluded),
        labels=labels(items),
        evidence=scores,
    )


def _csat(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    return _best(items, answers, scope, "satisfied", mean_on_100(items, answers, scope))


def _ces(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    return _best(items, answers, scope, "favourable", _mean_in_points(items, answers, scope))


def _mean_in_points(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    """The mean in points of the scale; its good end is the scale's own."""
    scores = moments({int(code): count for code, count in added_up(items, answers).items()})
    scale = items[0].scale if items else None
    bounds = (scale.min, scale.max) if scale else None
    return Measurement(
        value=scores.value if scores else None,
        n=scores.n if scores else 0,
        interval=t_interval(scores, scope.level, bounds),
        reason=None if scores else "empty_denominator",
        unit="points",
        direction=scale.direction if scale else "higher",
        evidence=scores,
    )


def _best(
    items: Sequence[Item], answers: Tally, scope: Scope, best: str, mean: Measurement
) -> Measurement:
    """The share of answers among the best points, with the mean beside it.

    A mean of different scales would say nothing, so it is withheld.
    """
    share = best_share(items, answers)
    excluded = left_out(items, answers)
    mixed = bool(items) and not one_scale(items)
    if mixed:
        mean = Measurement(
            value=None, n=share.total, reason="not_defined", unit="points", direction="higher"
        )
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={best: share.count},
        denominator={"answered": share.total},
        excluded=excluded,
        interval=wilson(share, scope.level),
        reason=no_value_because(items, share.total),
        warnings=(MIXED_SCALES,) if mixed else (),
        components={"mean": mean},
        counts=distribution(items, added_up(items, answers), excluded),
        labels=labels(items),
        evidence=share,
    )


def _compare_nps(now: Measurement, before: Measurement, level: float) -> Difference | None:
    if not isinstance(now.evidence, NpsCounts) or not isinstance(before.evidence, NpsCounts):
        return None
    return nps_difference(now.evidence, before.evidence, level)


#: The denominator of a share of answers.
ANSWERED = Text(
    "answers on the scale (dismissed, skipped and not applicable are left out)",
    "有效作答数（不含忽略、跳过和不适用）",
)

NPS = Kpi(
    id="nps",
    version=1,
    family="survey",
    name=Text("Net promoter score", "净推荐值"),
    formula=Text(
        "(promoters - detractors) / answered; promoters answer 9 or 10, detractors 0 to 6, on a "
        "scale of 0 to 10. Ratio from -1 to 1; interval: adjusted Wald (pseudo-counts 0.75, 1.5, "
        "0.75)",
        "（推荐者 − 贬损者）÷ 有效作答；推荐者为 9–10 分，贬损者为 0–6 分，量表为 0–10 分。"
        "取值 −1 至 1；区间：调整 Wald 法（伪计数 0.75、1.5、0.75）",
    ),
    numerator=Text("promoters minus detractors", "推荐者减去贬损者"),
    denominator=ANSWERED,
    unit="ratio",
    direction="higher",
    interval="adjusted_wald",
    measure=measured(_is_nps, _nps),
    compare=_compare_nps,
    dimensions=DIMENSIONS,
    options=(
        Option(
            name="ci_method",
            description=Text(
                "The method of the interval. wald: score +- z sqrt(variance / n), of width 0 "
                "where all answers agree; changes are tested by adjusted Wald either way.",
                "区间方法。wald：得分 ± z × √(方差 ÷ n)，作答全部一致时宽度为 0；"
                "变化检验始终采用调整 Wald 法。",
            ),
            values=("adjusted_wald", "wald"),
            default="adjusted_wald",
        ),
    ),
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

CSAT = Kpi(
    id="csat",
    version=1,
    family="survey",
    name=Text("Customer satisfaction (top box)", "客户满意度（高分占比）"),
    formula=Text(
        "answers in the question's top box / answered; interval: Wilson. Component mean: "
        "100 x (mean - worst) / (best - worst) of the scale, with Student's interval",
        "落在题目“满意”选项（top box）中的作答 ÷ 有效作答；区间：Wilson 法。"
        "分项 mean：100 ×（均值 − 最差分）÷（最优分 − 最差分），区间为 t 区间",
    ),
    numerator=Text("answers in the top box", "满意作答数"),
    denominator=ANSWERED,
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measured(_is_csat, _csat),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

CES = Kpi(
    id="ces",
    version=1,
    family="survey",
    name=Text("Customer effort score (favourable share)", "客户费力度（轻松占比）"),
    formula=Text(
        "favourable answers / answered: 5 to 7 of the 7-point agreement (CES 2.0), 1 and 2 of "
        "the 5-point effort (CES 1.0), or the question's own points; interval: Wilson. Component "
        "mean: mean in points of the scale, with Student's interval; for effort lower is better",
        "轻松作答 ÷ 有效作答：7 分同意量表（CES 2.0）取 5–7 分，5 分费力量表（CES 1.0）取 1–2 分，"
        "或题目自定义的选项；区间：Wilson 法。分项 mean：量表均值，区间为 t 区间；"
        "费力量表越低越好",
    ),
    numerator=Text("favourable answers", "轻松作答数"),
    denominator=ANSWERED,
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measured(_is_ces, _ces),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (NPS, CSAT, CES)
