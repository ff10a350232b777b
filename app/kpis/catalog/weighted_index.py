"""The index of a construct by other weights, or with what is missing filled from item means.

By declared weights it is counted from the tallies that responses carry. Weights that the data
give, and respondents who left items out, need answers side by side: these come from the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import sqrt

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid
from app.kpis.catalog.indices import index_figure, names_of
from app.kpis.catalog.survey_figures import tallied
from app.kpis.clustering import left_without
from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.item_weights import GivenWeights, Sums, estimated_weights
from app.kpis.means import Estimate, Moments, estimate_interval, t_interval
from app.kpis.periods import Period
from app.kpis.questions import Item, items_in_scope
from app.kpis.tallies import Name, Recipe, counted_qualities, latest_of, runs
from app.problems import Text
from app.responses.cells import Slice
from app.responses.item_sums import MAX_ITEMS, item_sums
from app.surveys.composites import WEIGHTED

CONSTRUCT = "satisfaction"
#: Items of several surveys have no common weights, and no respondents in common.
ONE_SURVEY_NEEDED = "one_survey_needed"
TOO_MANY_ITEMS = "too_many_items"
_ALWAYS = (date(1900, 1, 1), date(2200, 1, 1))

OPTIONS = (
    Option(
        name="weights",
        description=Text(
            "How items are weighed. equal: all alike. given: as the survey declares "
            "(`weight`). estimated: by the first principal component of the items' correlations, "
            "each loading divided by the item's standard deviation, from everybody who ever "
            "answered all items of the survey; not with `weighting`.",
            "题目的权重。equal：等权。given：按问卷声明的 `weight`。estimated：取题目相关矩阵的"
            "第一主成分，各载荷除以该题的标准差，依据该问卷全部答完所有题目的受访者估计；"
            "不能与 `weighting` 同用。",
        ),
        values=("equal", "given", "estimated"),
        default="equal",
    ),
    Option(
        name="missing",
        description=Text(
            "listwise: only respondents who answered every item. item_means: the weighted mean "
            "of the items' own means, each over all who answered it (delta method's interval); "
            "not with `weighting`.",
            "listwise：仅计入答完全部题目的受访者。item_means：各题目在其全部作答者中的均值再加权"
            "平均（delta 法区间）；不能与 `weighting` 同用。",
        ),
        values=("listwise", "item_means"),
        default="listwise",
    ),
)
_NOT_WEIGHED = Text(
    "`weights=estimated` and `missing=item_means` cannot be asked with `weighting`.",
    "`weights=estimated`、`missing=item_means` 不能与 `weighting` 同用。",
)


@dataclass(frozen=True)
class _Asked:
    """What the figure is asked of."""

    session: AsyncSession
    scope: Scope
    items: Sequence[Item]
    periods: Sequence[Period]
    by: str | None


async def measure(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[Mapping[str, Measurement]]:
    """The index of satisfaction for each period and group, by the options of the scope."""
    plain = await _from_tallies(session, scope, periods, by)
    items = await _items(session, scope)
    listwise = scope.options["missing"] == "listwise"
    if not items or (listwise and scope.options["weights"] != "estimated"):
        return plain
    if scope.weighting is not None:
        # Sums over the rows know no strata.
        raise Invalid(FieldError("?weighting", "invalid-value", _NOT_WEIGHED))
    return await _from_rows(_Asked(session, scope, items, periods, by), plain)


async def _items(session: AsyncSession, scope: Scope) -> list[Item]:
    return await items_in_scope(session, scope, lambda item: item.construct == CONSTRUCT)


async def _recipe(session: AsyncSession, scope: Scope) -> Recipe:
    items = await _items(session, scope)
    indices = [name for each in _surveys(items) for name in _index_names(each, scope)]
    names = indices + [(item.survey_id, item.name) for item in items]
    return Recipe(names, lambda answers: index_figure(items, indices, answers, scope))


_from_tallies = tallied(_recipe)


def _surveys(items: Sequence[Item]) -> list[list[Item]]:
    """The items of each survey."""
    surveys = sorted({item.survey_id for item in items})
    return [[item for item in items if item.survey_id == survey] for survey in surveys]


def _index_names(items: Sequence[Item], scope: Scope) -> list[Name]:
    """The tally of one survey's index: weighed, if that is asked and declared."""
    weighed = scope.options["weights"] == "given" and any(item.weight for item in items)
    return names_of(items, WEIGHTED if weighed else f"@{CONSTRUCT}")


async def _from_rows(
    asked: _Asked, plain: Sequence[Mapping[str, Measurement]]
) -> list[Mapping[str, Measurement]]:
    """The figures from sums over the rows; what is beside them stays as the tallies have it."""
    asked = replace(asked, items=[item for item in asked.items if item.current])
    surveys = {item.survey_id for item in asked.items}
    problem = ONE_SURVEY_NEEDED if len(surveys) > 1 else None
    problem = TOO_MANY_ITEMS if len(asked.items) > MAX_ITEMS else problem
    weights = GivenWeights((), problem) if problem else await _weights(asked)
    if weights.problem is not None:
        return [
            {member: _undefined(each, weights) for member, each in members.items()}
            for members in plain
        ]
    sums = await _sums(asked)
    return [
        {
            member: _figure(asked, each, weights, sums.get((place, member)))
            for member, each in members.items()
        }
        for place, members in enumerate(plain)
    ]


async def _weights(asked: _Asked) -> GivenWeights:
    """Shares of 1 for every item; estimated ones from every respondent, whenever they answered.

    So the same weights serve all periods and groups, and figures differ by answers alone.
    """
    kind, items = asked.scope.options["weights"], asked.items
    if kind != "estimated":
        raw = [(item.weight or 1) if kind == "given" else 1 for item in items]
        return GivenWeights(tuple(Fraction(each, sum(raw)) for each in raw), None)
    every = replace(asked, scope=replace(asked.scope, filters={}), by=None)
    rows = await _read(every, *_ALWAYS, [], complete=True)
    return estimated_weights(items, rows[0][2] if rows else None)


async def _sums(asked: _Asked) -> dict[tuple[int, str], Sums]:
    """Sums by place of the period and member."""
    complete = asked.scope.options["missing"] == "listwise"
    found = {}
    for run in runs(asked.periods):
        starts = [asked.periods[place].start for place in run]
        end = asked.periods[run[-1]].end
        for bucket, member, sums in await _read(asked, starts[0], end, starts, complete=complete):
            found[run[bucket - 1], member] = sums
    return found


async def _read(
    asked: _Asked, start: date, end: date, buckets: Sequence[date], *, complete: bool
) -> list[tuple[int, str, Sums]]:
    scope, items = asked.scope, asked.items
    wanted = Slice(
        workspace_id=scope.workspace_id,
        start=start,
        end=end,
        time_zone=scope.time_zone,
        survey_ids=(items[0].survey_id,),
        filters=scope.filters,
        latest_of=latest_of(scope),
    )
    rows = await item_sums(
        asked.session,
        wanted,
        [(item.question, item.row) for item in items],
        qualities=counted_qualities(scope),
        complete=complete,
        by=asked.by,
        buckets=buckets,
    )
    return [(row.bucket, row.member, Sums.of([item.scale for item in items], row)) for row in rows]


def _undefined(plain: Measurement, weights: GivenWeights) -> Measurement:
    warnings = (*plain.warnings, weights.problem) if weights.problem else plain.warnings
    return replace(
        plain, value=None, numerator={}, interval=None, evidence=None, counts={},
        reason="not_defined", warnings=warnings,
    )  # fmt: skip


def _figure(
    asked: _Asked, plain: Measurement, weights: GivenWeights, sums: Sums | None
) -> Measurement:
    """The index from the sums of one period and group."""
    level, listwise = asked.scope.level, asked.scope.options["missing"] == "listwise"
    excluded = {
        reason: n for reason, n in plain.excluded.items() if listwise or reason != "incomplete"
    }
    figure = replace(
        plain, value=None, n=0, n_effective=None,
        numerator={"points": 0}, denominator={"respondents": 0},
        interval=None, evidence=None, counts={}, reason="empty_denominator", excluded=excluded,
    )  # fmt: skip
    if sums is None or not all(sums.answered):
        return figure
    # Only beside a figure: a group is judged by the largest number that it tells of.
    parts = dict(plain.components)
    if asked.scope.options["weights"] == "estimated":
        parts["weights"] = _shown(asked.items, weights)
    figure = replace(
        figure,
        n=sums.respondents,
        denominator={"respondents": sums.respondents},
        reason=None,
        components=parts,
    )
    figure = (_listwise if listwise else _by_item_means)(figure, weights, sums, level)
    return left_without(figure) if asked.scope.clustered else figure


def _listwise(figure: Measurement, weights: GivenWeights, sums: Sums, level: float) -> Measurement:
    mean, variance = sums.score(weights.shares)
    scores = Moments(figure.n, mean * 100, None if variance is None else variance * 100**2)
    return replace(
        figure,
        value=scores.value,
        numerator={"points": float(scores.mean * scores.n)},
        interval=t_interval(scores, level, (0, 100)),
        evidence=scores,
    )


def _by_item_means(
    figure: Measurement, weights: GivenWeights, sums: Sums, level: float
) -> Measurement:
    value, square = sums.item_means(weights.shares)
    error = None if square is None else 100 * sqrt(square)
    found = Estimate(float(value * 100), error, figure.n)
    return replace(
        figure,
        value=found.value,
        numerator={"points": float(value * 100 * found.n)},
        interval=estimate_interval(found, level, (0, 100)),
        evidence=found,
    )


def _shown(items: Sequence[Item], weights: GivenWeights) -> Measurement:
    """The weights, the share of the items' spread that the component explains, and their n."""
    return Measurement(
        value=weights.explained,
        n=weights.n,
        denominator={"respondents": weights.n},
        components={
            item.name: Measurement(value=float(share), n=weights.n, unit="ratio")
            for item, share in zip(items, weights.shares, strict=True)
        },
        unit="ratio",
    )
