"""Satisfaction: the composite index of every question that measures it."""

from app.kpis.catalog.survey_figures import DIMENSIONS, compare_means
from app.kpis.catalog.weighted_index import OPTIONS, measure
from app.kpis.declaration import Kpi
from app.problems import Text

SATISFACTION = Kpi(
    id="satisfaction",
    version=1,
    family="survey",
    name=Text("Satisfaction index", "满意度指数"),
    formula=Text(
        "mean over respondents of 100 x the mean of (answer - worst) / (best - worst) over all "
        "questions that measure satisfaction, each with the same weight; only respondents who "
        "answered all of them. Interval: Student's t. Components: each question's mean on 0 to "
        "100 over everybody who answered it, and its share in the top box. Options weigh the "
        "questions otherwise, or keep respondents who left some out",
        "对每位受访者，取所有“满意度”题目的（得分 − 最差分）÷（最优分 − 最差分）的等权均值乘以 "
        "100，"
        "再对全部受访者求均值；仅计入答完全部题目的受访者。区间：t 区间。"
        "分项：每道题在全部作答者中的 0–100 均值及高分占比。可用选项改变题目权重，"
        "或保留未答完的受访者",
    ),
    numerator=Text("sum of the respondents' indices", "受访者指数之和"),
    denominator=Text(
        "respondents who answered every question of the construct", "答完全部满意度题目的受访者"
    ),
    unit="points",
    direction="higher",
    interval="t",
    measure=measure,
    compare=compare_means,
    dimensions=DIMENSIONS,
    options=OPTIONS,
    takes_survey=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (SATISFACTION,)
