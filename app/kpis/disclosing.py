"""Measuring KPIs so that no answer tells of too few: the one way by which figures leave.

Whatever shows a figure to anybody (envelopes, scorecards, reports, alerts) asks here, not
`Kpi.measure`. A total costs nothing. A figure with one filter costs one more read, of the same
question by all members of the dimension, in the same snapshot; one with several costs a count by
all dimensions at once. The rules themselves are in `disclosure`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.catalog.response_counts import RESPONSES
from app.kpis.declaration import WITHHELD, Kpi, Measurement, Scope
from app.kpis.disclosure import OFF, Protected, combinable, protected, together
from app.kpis.disclosure_tables import (
    PUBLIC,
    Figures,
    Part,
    Question,
    Table,
    cell_of,
    order_of,
    read_by,
    tables_of,
)
from app.kpis.periods import Period

#: A comparison left out or withheld what would tell of too few.
SUPPRESSED = "suppressed"
#: A figure of several surveys is without those of so few answers that nothing of them is told.
SURVEYS_LEFT_OUT = "surveys_left_out"

_NOTHING = Measurement(value=None, n=0, reason="no_data")


@dataclass(frozen=True)
class _Ruling:
    """What may be told of one period."""

    pieces: Sequence[Protected] = ()
    """For one dimension: the members to keep together, in each part of the data."""
    everything: bool = False
    """Nothing may be told of any combination."""

    @property
    def withholds(self) -> bool:
        """Whether anything may not be told."""
        return self.everything or any(each.everything or each.members for each in self.pieces)

    def permits(self, chosen: Collection[str]) -> bool:
        return not self.everything and all(each.permits(chosen) for each in self.pieces)


async def measure_disclosed(
    session: AsyncSession,
    kpi: Kpi,
    scope: Scope,
    periods: Sequence[Period],
    by: str | None = None,
) -> Figures:
    """`Kpi.measure`, with `WITHHELD` in the place of what would tell of too few.

    A comparison whose groups may not be told at all has no groups.
    """
    found, rulings = await _judged(Question(session, kpi, scope, periods), by)
    if rulings is None:
        return found
    return [_told(each, ruling, scope, by) for each, ruling in zip(found, rulings, strict=True)]


async def measure_line(
    session: AsyncSession, kpi: Kpi, scope: Scope, periods: Sequence[Period]
) -> Figures:
    """The figure of periods that follow one another, as points of one line.

    The figure of the whole line can be asked for too: so the points that are withheld are at
    least two, and large enough together.
    """
    found, rulings = await _judged(Question(session, kpi, scope, periods), None)
    if rulings is None:
        return found
    told = [_told(each, ruling, scope, None) for each, ruling in zip(found, rulings, strict=True)]
    cells = {str(place): cell_of(each.get("", _NOTHING)) for place, each in enumerate(found)}
    withheld = [str(place) for place, each in enumerate(told) if each[""].suppressed]
    kept = protected(cells, scope.minimum_cell_size, withheld)
    return [
        {"": WITHHELD} if kept.everything or str(place) in kept.members else each
        for place, each in enumerate(told)
    ]


def tells_less(found: Mapping[str, Measurement], scope: Scope, by: str) -> bool:
    """Whether groups are, or may be, left out of a comparison or withheld in it."""
    if scope.minimum_cell_size <= OFF:
        return False
    combined = not found and len(_asked(scope, by)) > 1
    return combined or any(each.suppressed for each in found.values())


def _asked(scope: Scope, by: str | None) -> set[str]:
    """Every dimension by which answers are told apart: weights tell apart those of the scheme."""
    strata = scope.weighting.dimensions if scope.weighting else ()
    return {*scope.filters, *([by] if by else ()), *strata}


def _told(
    found: Mapping[str, Measurement], ruling: _Ruling, scope: Scope, by: str | None
) -> Mapping[str, Measurement]:
    if by is None:
        chosen = next(iter(scope.filters.values()), ())
        return {"": found.get("", _NOTHING) if ruling.permits(chosen) else WITHHELD}
    if ruling.everything:
        return {}
    return {
        member: measured if ruling.permits([member]) else WITHHELD
        for member, measured in found.items()
    }


async def _judged(question: Question, by: str | None) -> tuple[Figures, list[_Ruling] | None]:
    """The figures, and what may be told of each period; None where everything may.

    Of a survey with too few answers no part is told: a figure of several surveys leaves it out,
    and says so. The total, which is of all, is asked without filters.
    """
    kpi, scope = question.kpi, question.scope
    asked = _asked(scope, by)
    if scope.minimum_cell_size <= OFF or asked <= PUBLIC or not kpi.tells_of_people:
        return await kpi.measure(question.session, scope, question.periods, by), None
    order, found = order_of(kpi, scope), None
    plain = not scope.filters and scope.weighting is None
    if len(asked) == 1 and plain and not question.of_several:
        # The comparison is itself the table that decides.
        found = await kpi.measure(question.session, scope, question.periods, by)
    tables = await tables_of(question, read_by(asked, order), found)
    small = _small_surveys(tables, scope.minimum_cell_size)
    kept = {part for each in tables for part, _ in each if part} - small
    if small or (kept and scope.weighting is not None):
        scope = replace(scope, survey_ids=tuple(sorted(UUID(part) for part in kept)))
        question = replace(question, scope=scope)
        tables = [[each for each in parts if each[0] not in small] for parts in tables]
    if found is None:
        found = await kpi.measure(question.session, scope, question.periods, by)
    if small:
        found = [{at: _without_some(each) for at, each in groups.items()} for groups in found]
    rulings = await _rulings(question, asked, order, tables)
    if scope.weighting is not None:
        rulings = await _all_or_nothing(question, rulings, scope.weighting.dimensions)
    return found, rulings


async def _all_or_nothing(
    question: Question, rulings: Sequence[_Ruling], strata: Collection[str]
) -> list[_Ruling]:
    """What may be told of weighted figures: with the weights at hand they tell of every stratum.

    So each cell must be one that may be told by itself, and so must the responses in each
    stratum, of which the weights are made.
    """
    made_of = replace(question, kpi=RESPONSES)
    if not PUBLIC.issuperset(strata):
        order = order_of(RESPONSES, question.scope)
        tables = await tables_of(made_of, read_by(strata, order))
        beside = await _rulings(made_of, set(strata), order, tables)
        rulings = [
            _Ruling(everything=one.withholds or other.withholds)
            for one, other in zip(rulings, beside, strict=True)
        ]
    return [_Ruling(everything=each.withholds) for each in rulings]


def _small_surveys(tables: Sequence[Sequence[Part]], minimum: int) -> set[str]:
    """The surveys with too few answers in any of the periods; none where no other would be left.

    Where one survey is asked, or figures are not of surveys, there is one part without a name.
    The first part of a survey is what is asked for.
    """
    asked_for = [dict(reversed(parts)) for parts in tables]
    named = {part for each in asked_for for part in each if part}
    small = {
        part
        for each in asked_for
        for part, table in each.items()
        if part and together(table.values()).tells_of_few(minimum)
    }
    return small if small < named else set()


def _without_some(measured: Measurement) -> Measurement:
    return replace(measured, warnings=(*measured.warnings, SURVEYS_LEFT_OUT))


async def _rulings(
    question: Question,
    asked: Collection[str],
    order: Sequence[str],
    tables: Sequence[Sequence[Part]],
) -> list[_Ruling]:
    """What may be told of each period."""
    kpi, minimum = question.kpi, question.scope.minimum_cell_size
    if len(asked) == 1:
        return [_by_one([table for _, table in parts], minimum) for parts in tables]
    rulings = _by_several(question, asked, order, tables)
    shared = set(asked).difference(kpi.of_numerator)
    if shared and shared != set(asked):
        # The denominator is split by fewer dimensions than the numerator: it has its own table.
        over = [name for name in order if name not in kpi.of_numerator]
        others = _by_several(
            question, shared, over, await tables_of(question, read_by(shared, over))
        )
        rulings = [
            _Ruling(everything=one.everything or other.everything)
            for one, other in zip(rulings, others, strict=True)
        ]
    return rulings


def permitted(
    table: Table, dimensions: Sequence[str], filters: Mapping[str, Collection[str]], minimum: int
) -> bool:
    """Whether a figure with these filters may be told: the rule of all, for what is no KPI.

    The table is that of the one dimension that is filtered, or else of all that may be, in an
    order that is always the same.
    """
    if len(filters) == 1:
        (chosen,) = filters.values()
        return _by_one([table], minimum).permits(chosen)
    return combinable(table, dimensions, minimum).issuperset(filters)


def _by_one(parts: Sequence[Table], minimum: int) -> _Ruling:
    """What may be told of the members of one dimension: what may be told in every part."""
    return _Ruling(
        [
            protected({members[0]: cell for members, cell in table.items()}, minimum)
            for table in parts
        ]
    )


def _by_several(
    question: Question,
    asked: Collection[str],
    order: Sequence[str],
    tables: Sequence[Sequence[Part]],
) -> list[_Ruling]:
    """Whether dimensions may be told of together: they must be combinable in every part."""
    if not question.kpi.joins_dimensions or not set(order).issuperset(asked):
        return [_Ruling(everything=True) for _ in question.periods]
    read, minimum = read_by(asked, order), question.scope.minimum_cell_size
    return [
        _Ruling(
            everything=not all(
                combinable(table, read, minimum).issuperset(asked) for _, table in parts
            )
        )
        for parts in tables
    ]
