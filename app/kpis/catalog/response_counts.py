"""How many responses came, by how far they went."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.survey_figures import DIMENSIONS, marked, tallied
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.questions import known_surveys
from app.kpis.statistics import Difference
from app.kpis.tallies import NEVER_COUNTED, Name, Recipe, Tally
from app.problems import Text

_RESPONSES = "@responses"
_STATUSES = ("complete", "partial", "dismissed")
_LABELS = {
    "complete": {"en": "Complete", "zh-CN": "完整"},
    "partial": {"en": "Partial", "zh-CN": "部分"},
    "dismissed": {"en": "Dismissed", "zh-CN": "忽略"},
}


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    names = [(survey_id, _RESPONSES) for survey_id in await known_surveys(session, scope)]
    return Recipe(names, lambda answers: _count(names, answers))


def _count(names: Sequence[Name], answers: Tally) -> Measurement:
    given: Counter[str] = Counter()
    for name in names:
        given.update(answers.codes(name))
    excluded = answers.left_out(names, NEVER_COUNTED)
    return Measurement(
        value=given["complete"],
        n=given["complete"],
        numerator={"complete": given["complete"]},
        excluded=excluded,
        components={
            status: Measurement(value=given[status], n=given[status]) for status in _STATUSES
        },
        counts={status: given[status] for status in _STATUSES} | marked(excluded),
        labels=_LABELS,
    )


def _compare(now: Measurement, before: Measurement, level: float) -> Difference | None:
    """Nothing to test: both are counts of everything that came."""
    del now, before, level
    return None


RESPONSES = Kpi(
    id="responses",
    version=1,
    family="survey",
    name=Text("Responses", "答复数"),
    formula=Text(
        "number of complete responses by the local day on which they were answered; components: "
        "complete, partial, dismissed. Trials, invalid ones and duplicates are left out",
        "按作答的本地日期统计的完整答复数；分项：完整、部分、忽略。不含测试、无效和重复答复",
    ),
    numerator=Text("complete responses", "完整答复"),
    denominator=Text("none: it is a count", "无：为计数指标"),
    unit="count",
    direction="higher",
    interval="none",
    measure=tallied(_recipe),
    compare=_compare,
    dimensions=DIMENSIONS,
    takes_survey=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (RESPONSES,)
