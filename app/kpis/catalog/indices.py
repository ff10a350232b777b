"""An index of everything that measures one construct: each respondent's mean, on 0 to 100."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    best_share,
    compare_means,
    left_out,
    marked,
    mean_on_100,
    no_value_because,
    share_of,
    tallied,
)
from app.kpis.declaration import Kpi, Measure, Measurement, Scope
from app.kpis.means import moments, t_interval
from app.kpis.questions import Item, items_in_scope
from app.kpis.tallies import NEVER_COUNTED, Name, Recipe, Tally
from app.problems import Text

#: Why a respondent has no index; what was skipped or not applicable makes it incomplete.
EXCLUSIONS = ("dismissed", "incomplete", *NEVER_COUNTED)
#: Width of a bar of the distribution, in points of the index.
_BAR = 10
#: Codes whose reading is kept: those of one survey recur in every period and group.
_MOST_KEPT = 50_000


def index_of(construct: str) -> Measure:
    """The measure of a construct's index: the tallies `@<construct>` that responses carry."""

    async def recipe(session: AsyncSession, scope: Scope) -> Recipe:
        items = await items_in_scope(session, scope, lambda item: item.construct == construct)
        indices = names_of(items, f"@{construct}")
        names = indices + [(item.survey_id, item.name) for item in items]
        return Recipe(names, lambda answers: index_figure(items, indices, answers, scope))

    return tallied(recipe)


def names_of(items: Sequence[Item], name: str) -> list[Name]:
    """A composite's name in every survey that has such items."""
    surveys: list[UUID] = sorted({item.survey_id for item in items})
    return [(survey_id, name) for survey_id in surveys]


def fractions(names: Sequence[Name], answers: Tally) -> Counter[Fraction]:
    """How often respondents have each value of a composite, between 0 and 1."""
    given: Counter[Fraction] = Counter()
    for name in names:
        for code, count in answers.codes(name).items():
            given[_read(code)] += count
    return given


@lru_cache(maxsize=_MOST_KEPT)
def _read(code: str) -> Fraction:
    return Fraction(code)


def index_figure(
    items: Sequence[Item], indices: Sequence[Name], answers: Tally, scope: Scope
) -> Measurement:
    """The mean of the respondents' indices, with each item's own figure beside it."""
    return index_from(fractions(indices, answers), items, indices, answers, scope)


def index_from(
    given: Mapping[Fraction, int],
    items: Sequence[Item],
    indices: Sequence[Name],
    answers: Tally,
    scope: Scope,
) -> Measurement:
    """The same from the respondents' indices, however they were weighed."""
    scores = moments(given)
    scores = scores.rescaled(0, 1) if scores else None
    n = scores.n if scores else 0
    excluded = answers.left_out(indices, EXCLUSIONS)
    return Measurement(
        value=scores.value if scores else None,
        n=n,
        numerator={"points": float(scores.mean * n) if scores else 0},
        denominator={"respondents": n},
        excluded=excluded,
        interval=t_interval(scores, scope.level, (0, 100)),
        reason=no_value_because(items, n),
        components=components(items, answers, scope),
        counts=bars(given) | marked(excluded),
        evidence=scores,
    )


def components(items: Sequence[Item], answers: Tally, scope: Scope) -> dict[str, Measurement]:
    """One component for each question (or row of a matrix), over the surveys that ask it."""
    by_name: dict[str, list[Item]] = {}
    for item in items:
        by_name.setdefault(item.name, []).append(item)
    return {name: _component(group, answers, scope) for name, group in by_name.items()}


def _component(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    mean = mean_on_100(items, answers, scope)
    return Measurement(
        value=mean.value,
        n=mean.n,
        denominator={"answered": mean.n},
        excluded=left_out(items, answers),
        interval=mean.interval,
        reason=mean.reason,
        components=top_box(items, answers, scope),
        evidence=mean.evidence,
    )


def top_box(items: Sequence[Item], answers: Tally, scope: Scope) -> dict[str, Measurement]:
    """The share in the top box, where every item has one."""
    if not all(item.scale.top_box for item in items):
        return {}
    return {"top_box": share_of(best_share(items, answers), scope, "satisfied")}


def bars(given: Mapping[Fraction, int], low: int = 0) -> dict[str, int]:
    """Respondents by their index, in bars of ten points up to 100; the last one holds 100 too."""
    found = {f"{start}-{start + _BAR}": 0 for start in range(low, 100, _BAR)}
    names = list(found)
    for score, count in given.items():
        points = 100 * score.numerator // score.denominator - low
        found[names[min(points // _BAR, len(names) - 1)]] += count
    return found


def _index_kpi(kpi_id: str, construct: str, name: Text, subject: Text) -> Kpi:
    return Kpi(
        id=kpi_id,
        version=1,
        family="survey",
        name=name,
        formula=Text(
            "mean over respondents of 100 x the mean of (answer - worst) / (best - worst) over "
            f"all questions that measure {subject.en}, each with the same weight; only "
            "respondents who answered all of them. Interval: Student's t. Components: each "
            "question's mean on 0 to 100 over everybody who answered it, and its share in the "
            "top box",
            f"对每位受访者，取所有“{subject.zh}”题目的（得分 − 最差分）÷（最优分 − 最差分）的"
            "等权均值乘以 100，再对全部受访者求均值；仅计入答完全部题目的受访者。区间：t 区间。"
            "分项：每道题在全部作答者中的 0–100 均值及高分占比",
        ),
        numerator=Text("sum of the respondents' indices", "受访者指数之和"),
        denominator=Text(
            "respondents who answered every question of the construct",
            "答完全部相关题目的受访者",
        ),
        unit="points",
        direction="higher",
        interval="t",
        measure=index_of(construct),
        compare=compare_means,
        dimensions=DIMENSIONS,
        takes_survey=True,
        has_distribution=True,
    )


TRUST = _index_kpi("trust", "trust", Text("Trust", "信任度"), Text("trust", "信任"))
REPURCHASE = _index_kpi(
    "repurchase-intention",
    "repurchase",
    Text("Repurchase intention", "再次购买意愿"),
    Text("the intention to buy again", "再次购买意愿"),
)

KPIS: tuple[Kpi, ...] = (TRUST, REPURCHASE)
