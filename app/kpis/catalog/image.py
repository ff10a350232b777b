"""What people think of the brand: its reputation, and whether it comes to mind first."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    compare_shares,
    distribution,
    labels,
    marked,
    no_value_because,
    tallied,
)
from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.proportions import Share, wilson
from app.kpis.questions import ChoiceItem, Item, choices_in_scope, items_in_scope
from app.kpis.tallies import EXCLUSIONS, NEVER_COUNTED, Name, Recipe, Tally
from app.problems import Text
from app.surveys.composites import AWARE

#: Not everybody was asked whether they know the brand: those who do not are counted too.
NO_AWARENESS_ITEM = "no_awareness_item"
_LEFT_OUT = ("dismissed", "unaware", "incomplete", "skipped", "not_applicable", *NEVER_COUNTED)
#: Named no brand; no choice can have this code.
_NONE = "(none)"
_ASKED = tuple(reason for reason in EXCLUSIONS if reason != "skipped")


def _rates_image(item: Item) -> bool:
    return item.construct == "image" and bool(item.scale.top_box)


def _rated_as(item: Item) -> Name:
    """The ratings of those who know the brand, where the survey asks it; else all."""
    return item.survey_id, f"{AWARE}{item.name}" if item.aware else item.name


async def _reputation_recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await items_in_scope(session, scope, _rates_image)
    names = [_rated_as(item) for item in items]
    return Recipe(names, lambda answers: _reputation(items, answers, scope))


def _reputation(items: Sequence[Item], answers: Tally, scope: Scope) -> Measurement:
    given: Counter[str] = Counter()
    favourable = 0
    for item in items:
        codes = answers.codes(_rated_as(item))
        given.update(codes)
        favourable += sum(codes.get(str(point), 0) for point in item.scale.top_box)
    share = Share(favourable, given.total())
    excluded = answers.left_out([_rated_as(item) for item in items], _LEFT_OUT)
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"favourable": share.count},
        denominator={"aware": share.total},
        excluded=excluded,
        interval=wilson(share, scope.level),
        reason=no_value_because(items, share.total),
        warnings=() if all(item.aware for item in items) else (NO_AWARENESS_ITEM,),
        counts=distribution(items, given, excluded),
        labels=labels(items),
        evidence=share,
    )


async def _designation_recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await choices_in_scope(
        session, scope, lambda item: item.construct == "designation" and bool(item.ours)
    )
    names = [item.name for item in items]
    return Recipe(names, lambda answers: _designation(items, answers, scope))


def _designation(items: Sequence[ChoiceItem], answers: Tally, scope: Scope) -> Measurement:
    given: Counter[str] = Counter()
    ours = 0
    for item in items:
        codes = answers.codes(item.name)
        given.update(codes)
        ours += sum(codes.get(code, 0) for code in item.ours)
    nothing = answers.left_out([item.name for item in items])["skipped"]
    share = Share(ours, given.total() + nothing)
    excluded = answers.left_out([item.name for item in items], _ASKED)
    known = {code: dict(label) for item in items for code, label in item.labels.items()}
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"named_first": share.count},
        denominator={"asked": share.total},
        excluded=excluded,
        interval=wilson(share, scope.level),
        reason=no_value_because(items, share.total),
        counts={code: given[code] for code in known} | {_NONE: nothing} | marked(excluded),
        labels=known if len(items) == 1 else {},
        evidence=share,
    )


REPUTATION = Kpi(
    id="reputation",
    version=1,
    family="survey",
    name=Text("Reputation", "美誉度"),
    formula=Text(
        "favourable ratings (in the top box of a question that measures the image) / ratings by "
        "respondents who know the brand (yes to the survey's awareness question; without such a "
        "question all ratings count, with the warning no_awareness_item). Interval: Wilson",
        "正面评价数（落在形象类题目的高分选项中）÷ 知晓该品牌的受访者的评价数（以问卷中的知晓题为"
        "准；没有知晓题时计入全部评价，并给出警告 no_awareness_item）。区间：Wilson 法",
    ),
    numerator=Text("favourable ratings", "正面评价数"),
    denominator=Text("ratings by those who know the brand", "知晓者的评价数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=tallied(_reputation_recipe),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

BRAND_DESIGNATION = Kpi(
    id="brand-designation",
    version=1,
    family="survey",
    name=Text("Brand designation", "品牌指名度"),
    formula=Text(
        "respondents who named one of our brands first, unprompted / all who were asked, also "
        "those who named none. The question is coded: its choices are the brands, `ours` marks "
        "our own. Interval: Wilson",
        "在无提示情况下首先说出本品牌的受访者 ÷ 全部被问及的受访者（含未说出任何品牌者）。"
        "答案须编码：选项即品牌，`ours` 标记本企业品牌。区间：Wilson 法",
    ),
    numerator=Text("respondents who named our brand first", "首先说出本品牌的受访者"),
    denominator=Text("respondents who were asked", "被问及的受访者"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=tallied(_designation_recipe),
    compare=compare_shares,
    dimensions=DIMENSIONS,
    takes_survey=True,
    takes_question=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (REPUTATION, BRAND_DESIGNATION)
