"""What respondents say of complaints: most who are dissatisfied never tell the business itself."""

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
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.proportions import Share, wilson
from app.kpis.questions import ChoiceItem, choices_in_scope
from app.kpis.tallies import Recipe, Tally
from app.problems import Text


def _asks_for_complaints(item: ChoiceItem) -> bool:
    return item.type == "yes_no" and item.construct == "complained"


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await choices_in_scope(session, scope, _asks_for_complaints)
    return Recipe([item.name for item in items], lambda answers: _share(items, answers, scope))


def _share(items: Sequence[ChoiceItem], answers: Tally, scope: Scope) -> Measurement:
    given: Counter[str] = Counter()
    for item in items:
        given.update(answers.codes(item.name))
    share = Share(given["yes"], given.total())
    excluded = answers.left_out([item.name for item in items])
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"complained": share.count},
        denominator={"answered": share.total},
        excluded=excluded,
        interval=wilson(share, scope.level),
        reason=no_value_because(items, share.total),
        counts={code: given[code] for code in ("yes", "no")} | marked(excluded),
        labels=dict(items[0].labels) if len(items) == 1 else {},
        evidence=share,
    )


STATED_COMPLAINT_RATE = Kpi(
    id="stated-complaint-rate",
    version=1,
    family="survey",
    name=Text("Stated complaint rate", "自述投诉率"),
    formula=Text(
        "respondents who say that they complained / all who answered, of questions of yes and no "
        "with the construct complained. It stands beside complaint-rate, which counts the "
        "complaints that arrived. Interval: Wilson",
        "在构念为 complained 的是非题中，自述曾投诉的受访者 ÷ 全部作答者。与 complaint-rate 并列："
        "后者统计实际受理的投诉。区间：Wilson 法",
    ),
    numerator=Text("respondents who say that they complained", "自述曾投诉的受访者"),
    denominator=Text("respondents who answered", "作答的受访者"),
    unit="ratio",
    direction="lower",
    interval="wilson",
    measure=tallied(_recipe),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (STATED_COMPLAINT_RATE,)
