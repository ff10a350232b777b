"""Satisfaction: the composite index of every question that measures it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    best_share,
    left_out,
    marked,
    mean_on_100,
    no_value_because,
)
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.means import Moments, moments, t_interval, welch
from app.kpis.periods import Period
from app.kpis.proportions import wilson
from app.kpis.questions import Item, items_in_scope
from app.kpis.statistics import Difference
from app.kpis.tallies import NEVER_COUNTED, Name, Tally, tally
from app.problems import Text

_CONSTRUCT = "satisfaction"
_INDEX = f"@{_CONSTRUCT}"
#: Why a respondent has no index; what was skipped or not applicable makes it incomplete.
_EXCLUSIONS = ("dismissed", "incomplete", *NEVER_COUNTED)
#: Width of a bar of the distribution, in points of the index.
_BAR = 10


async def _measure(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[Mapping[str, Measurement]]:
    items = await items_in_scope(session, scope, lambda item: item.construct == _CONSTRUCT)
    surveys = sorted({item.survey_id for item in items})
    names = [(survey_id, _INDEX) for survey_id in surveys]
    names += [(item.survey_id, item.name) for item in items]
    tallies = await tally(session, scope, periods, by, names)
    return [
        {member: _index(items, surveys, each, scope) for member, each in members.items()}
        for members in tallies
    ]


def _index(
    items: Sequence[Item], surveys: Sequence[UUID], answers: Tally, scope: Scope
) -> Measurement:
    names: list[Name] = [(survey_id, _INDEX) for survey_id in surveys]
    given: Counter[Fraction] = Counter()
    for name in names:
        for code, count in answers.codes(name).items():
            given[Fraction(code)] += count
    scores = moments(given)
    scores = scores.rescaled(0, 1) if scores else None
    n = scores.n if scores else 0
    excluded = answers.left_out(names, _EXCLUSIONS)
    return Measurement(
        value=scores.value if scores else None,
        n=n,
        numerator={"points": float(scores.mean * n) if scores else 0},
        denominator={"respondents": n},
        excluded=excluded,
        interval=t_interval(scores, scope.level, (0, 100)),
        reason=no_value_because(items, n),
        components=_components(items, answers, scope),
        counts=_bars(given) | marked(excluded),
        evidence=scores,
    )


def _components(items: Sequence[Item], answers: Tally, scope: Scope) -> dict[str, Measurement]:
    """One component for each question (or row of a matrix), over the surveys that ask it."""
    by_name: dict[str, list[Item]] = {}
    for item in items:
        by_name.setdefault(item.name, []).append(item)
    return {name: _component(group, answers, scope) for name, group in by_name.items()}


def _component(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    mean = mean_on_100(items, answers, scope)
    top_box = {}
    if all(item.scale.top_box for item in items):
        share = best_share(items, answers)
        top_box["top_box"] = Measurement(
            value=share.value,
            n=share.total,
            numerator={"satisfied": share.count},
            denominator={"answered": share.total},
            interval=wilson(share, scope.level),
            reason=None if share.total else "empty_denominator",
            unit="ratio",
        )
    return Measurement(
        value=mean.value,
        n=mean.n,
        denominator={"answered": mean.n},
        excluded=left_out(items, answers),
        interval=mean.interval,
        reason=mean.reason,
        components=top_box,
    )


def _bars(given: Mapping[Fraction, int]) -> dict[str, int]:
    """Respondents by their index, in bars of ten points; the last one holds 100 too."""
    bars = {f"{low}-{low + _BAR}": 0 for low in range(0, 100, _BAR)}
    names = list(bars)
    for score, count in given.items():
        bars[names[min(int(score * 100) // _BAR, len(names) - 1)]] += count
    return bars


def _compare(now: Measurement, before: Measurement, level: float) -> Difference | None:
    if not isinstance(now.evidence, Moments) or not isinstance(before.evidence, Moments):
        return None
    return welch(now.evidence, before.evidence, level)


SATISFACTION = Kpi(
    id="satisfaction",
    version=1,
    family="survey",
    name=Text("Satisfaction index", "满意度指数"),
    formula=Text(
        "mean over respondents of 100 x the mean of (answer - worst) / (best - worst) over all "
        "questions that measure satisfaction, each with the same weight; only respondents who "
        "answered all of them. Interval: Student's t. Components: each question's mean on 0 to "
        "100 over everybody who answered it, and its share in the top box",
        "对每位受访者，取所有“满意度”题目的（得分 − 最差分）÷（最优分 − 最差分）的等权均值乘以 "
        "100，"
        "再对全部受访者求均值；仅计入答完全部题目的受访者。区间：t 区间。"
        "分项：每道题在全部作答者中的 0–100 均值及高分占比",
    ),
    numerator=Text("sum of the respondents' indices", "受访者指数之和"),
    denominator=Text(
        "respondents who answered every question of the construct", "答完全部满意度题目的受访者"
    ),
    unit="points",
    direction="higher",
    interval="t",
    measure=_measure,
    compare=_compare,
    dimensions=DIMENSIONS,
    takes_survey=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (SATISFACTION,)
