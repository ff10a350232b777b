"""Service quality: what was perceived against what was expected (SERVQUAL), or alone (SERVPERF).

A. Parasuraman, V. A. Zeithaml and L. L. Berry, 1988; J. J. Cronin and S. A. Taylor, 1992.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.indices import EXCLUSIONS, bars, fractions, names_of
from app.kpis.catalog.joint_answers import joint, mean_part
from app.kpis.catalog.survey_figures import (
    DIMENSIONS,
    compare_means,
    marked,
    no_value_because,
    tallied,
)
from app.kpis.catalog.survey_scores import MIXED_SCALES
from app.kpis.declaration import Kpi, Measurement, Option, Scope
from app.kpis.means import Moments, moments
from app.kpis.questions import Item, items_in_scope, one_scale
from app.kpis.tallies import Name, Recipe, Tally
from app.problems import Text
from app.surveys.questions.base import SERVICE_DIMENSIONS
from app.surveys.service_quality import SERVPERF, SERVQUAL, SERVQUAL_WEIGHTED

_SIDES = ("expectation", "perception")


@dataclass(frozen=True)
class _Asked:
    """The items of service quality in scope, and the form in which they are asked."""

    items: Sequence[Item]
    form: str

    @property
    def whole(self) -> str:
        """The tally of all five dimensions."""
        return SERVPERF if self.form == "servperf" else SERVQUAL

    def names(self, name: str) -> list[Name]:
        """A tally of this form in every survey that asks for service quality."""
        return names_of(self.items, name)

    @property
    def all_names(self) -> list[Name]:
        """Every tally that the figure may be made of."""
        kinds = [self.whole, *(f"{self.whole}.{dimension}" for dimension in SERVICE_DIMENSIONS)]
        if self.form == "servqual":
            kinds.append(SERVQUAL_WEIGHTED)
        return [name for kind in kinds for name in self.names(kind)]


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    form = scope.options["form"]
    sides = _SIDES if form == "servqual" else ("perception",)
    items = await items_in_scope(
        session, scope, lambda item: item.construct in sides and item.facet is not None
    )
    asked = _Asked(items, form)
    return Recipe(asked.all_names, lambda answers: _quality(asked, answers, scope))


def _quality(asked: _Asked, answers: Tally, scope: Scope) -> Measurement:
    """The mean over the five dimensions; without a figure where scales differ.

    The distribution is in percent of the scale, so that it needs no common one.
    """
    names = asked.names(asked.whole)
    mixed = bool(asked.items) and not one_scale(asked.items)
    given = fractions(names, answers)
    scores = None if mixed else _in_points(asked, moments(given))
    part = mean_part(scores, scope, _bounds(asked))
    parts = {} if mixed or not asked.items else _parts(asked, answers, scope)
    excluded = answers.left_out(names, EXCLUSIONS)
    return Measurement(
        value=part.value,
        n=part.n,
        numerator={"points": float(scores.mean * scores.n) if scores else 0},
        denominator=part.denominator,
        excluded=excluded,
        interval=part.interval,
        reason="not_defined" if mixed else no_value_because(asked.items, part.n),
        warnings=(MIXED_SCALES,) if mixed else (),
        components=parts,
        counts=bars(given, 0 if asked.form == "servperf" else -100) | marked(excluded),
        evidence=scores,
    )


def _parts(asked: _Asked, answers: Tally, scope: Scope) -> dict[str, Measurement]:
    """Every dimension; of gaps also what was expected and perceived, and the weighted mean."""
    parts: dict[str, Measurement] = {
        dimension: _dimension(asked, f"{asked.whole}.{dimension}", answers, scope)
        for dimension in SERVICE_DIMENSIONS
    }
    if asked.form == "servqual":
        names = asked.names(SERVQUAL_WEIGHTED)
        scores = _in_points(asked, moments(fractions(names, answers)))
        parts["weighted"] = mean_part(scores, scope, _bounds(asked))
    return parts


def _dimension(asked: _Asked, name: str, answers: Tally, scope: Scope) -> Measurement:
    if asked.form == "servperf":
        scores = _in_points(asked, moments(fractions(asked.names(name), answers)))
        return mean_part(scores, scope, _bounds(asked))
    given = joint(asked.names(name), answers)
    gap = mean_part(_in_points(asked, given.moments([-1, 1])), scope, _bounds(asked))
    performance = _Asked(asked.items, "servperf")
    sides = {
        side: mean_part(
            _in_points(performance, given.moments([int(index == 0), int(index == 1)])),
            scope,
            _bounds(performance),
        )
        for index, side in enumerate(_SIDES)
    }
    return Measurement(
        value=gap.value,
        n=gap.n,
        denominator=gap.denominator,
        interval=gap.interval,
        reason=gap.reason,
        components=sides,
        evidence=gap.evidence,
    )


def _in_points(asked: _Asked, scores: Moments | None) -> Moments | None:
    """From parts of the scale to its points; a gap begins at 0, a mean at the lower end."""
    if scores is None:
        return None
    scale = asked.items[0].scale
    span = scale.max - scale.min
    start = scale.min if asked.form == "servperf" else 0
    variance = None if scores.variance is None else scores.variance * span**2
    return Moments(scores.n, scores.mean * span + start, variance)


def _bounds(asked: _Asked) -> tuple[float, float] | None:
    if not asked.items:
        return None
    scale = asked.items[0].scale
    if asked.form == "servperf":
        return scale.min, scale.max
    return scale.min - scale.max, scale.max - scale.min


SERVICE_QUALITY = Kpi(
    id="servqual",
    version=1,
    family="survey",
    name=Text("Service quality (SERVQUAL)", "服务质量（SERVQUAL）"),
    formula=Text(
        "mean over respondents of the gap P - E, in points of the scale (turned so that higher "
        "is better): of each of the five dimensions (tangibles, reliability, responsiveness, "
        "assurance, empathy) the mean of its perceptions less the mean of its expectations, "
        "then the mean of the five; only respondents who answered all of them. Interval: paired "
        "Student's t. Components: each dimension with what was expected and perceived; weighted: "
        "the dimensions weighed by the points that the respondent shared out among them. "
        "form=servperf: perceptions alone",
        "对受访者的差距 P − E 求均值，以量表分值表示（统一为分值越高越好）：五个维度（有形性、"
        "可靠性、响应性、保证性、移情性）各取感知题均值减期望题均值，再取五个维度的均值；仅计入答完"
        "全部题目的受访者。区间：配对 t 区间。分项：各维度及其期望与感知；weighted：按受访者分配给"
        "各维度的分值加权。form=servperf：仅用感知",
    ),
    numerator=Text("sum of the respondents' gaps", "受访者差距之和"),
    denominator=Text(
        "respondents who answered every question of the five dimensions",
        "答完五个维度全部题目的受访者",
    ),
    unit="points",
    direction="higher",
    interval="t",
    measure=tallied(_recipe),
    compare=compare_means,
    dimensions=DIMENSIONS,
    options=(
        Option(
            name="form",
            description=Text(
                "servqual: gaps between perception and expectation. servperf: perception alone.",
                "servqual：感知与期望的差距。servperf：仅用感知。",
            ),
            values=("servqual", "servperf"),
            default="servqual",
        ),
    ),
    takes_survey=True,
    has_distribution=True,
)

KPIS: tuple[Kpi, ...] = (SERVICE_QUALITY,)
