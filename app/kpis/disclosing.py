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

from app.kpis.declaration import WITHHELD, Kpi, Measurement, Scope
from app.kpis.disclosure import OFF, Cell, Protected, combinable, protected, together
from app.kpis.periods import Period
from app.responses.cells import EACH_SURVEY, JOINED, members_of_group

#: A comparison left out or withheld what would tell of too few.
SUPPRESSED = "suppressed"
#: Splitting by these alone tells how a survey went, not of whom.
PUBLIC = frozenset({"version"})
#: A figure of several surveys is without those of so few answers that nothing of them is told.
SURVEYS_LEFT_OUT = "surveys_left_out"

Figures = list[Mapping[str, Measurement]]
#: The cells of one part of the data (a survey, a quality): nobody is in two parts.
_Table = Mapping[tuple[str, ...], Cell]
_Part = tuple[str, _Table]
"""With the survey's id, where figures are of several."""
_NOTHING = Measurement(value=None, n=0, reason="no_data")


@dataclass(frozen=True)
class _Question:
    """A KPI asked of a scope and of periods, in the session that answers."""

    session: AsyncSession
    kpi: Kpi
    scope: Scope
    periods: Sequence[Period]

    @property
    def of_several(self) -> bool:
        """Whether it is of more than one survey: each is judged by itself."""
        return self.kpi.takes_survey and len(self.scope.survey_ids or ()) != 1


@dataclass(frozen=True)
class _Ruling:
    """What may be told of one period."""

    pieces: Sequence[Protected] = ()
    """For one dimension: the members to keep together, in each part of the data."""
    everything: bool = False
    """Nothing may be told of any combination."""

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
    found, rulings = await _judged(_Question(session, kpi, scope, periods), by)
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
    found, rulings = await _judged(_Question(session, kpi, scope, periods), None)
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
    combined = not found and len({*scope.filters, by}) > 1
    return combined or any(each.suppressed for each in found.values())


def cell_of(measured: Measurement) -> Cell:
    """Whom a figure tells of, if it stood alone."""
    beside = {f"-{name}": count for name, count in measured.excluded.items()}
    beside |= {name: n for name, n in measured.numerator.items() if isinstance(n, int)}
    if measured.tells_of is not None:
        return Cell(measured.tells_of, beside)
    beside |= {f"/{name}": n for name, n in measured.denominator.items() if isinstance(n, int)}
    beside |= {f".{name}": each.n for name, each in measured.components.items()}
    return Cell(measured.n, beside)


def _told(
    found: Mapping[str, Measurement], ruling: _Ruling, scope: Scope, by: str | None
) -> Mapping[str, Measurement]:
    if by is None:
        chosen = next(iter(scope.filters.values()))
        return {"": found.get("", _NOTHING) if ruling.permits(chosen) else WITHHELD}
    if ruling.everything:
        return {}
    return {
        member: measured if ruling.permits([member]) else WITHHELD
        for member, measured in found.items()
    }


async def _judged(question: _Question, by: str | None) -> tuple[Figures, list[_Ruling] | None]:
    """The figures, and what may be told of each period; None where everything may.

    Of a survey with too few answers no part is told: a figure of several surveys leaves it out,
    and says so. The total, which is of all, is asked without filters.
    """
    kpi, scope = question.kpi, question.scope
    asked = {*scope.filters, *([by] if by else ())}
    if scope.minimum_cell_size <= OFF or asked <= PUBLIC or not kpi.tells_of_people:
        return await kpi.measure(question.session, scope, question.periods, by), None
    order, found = _order(kpi, scope), None
    if len(asked) == 1 and not scope.filters and not question.of_several:
        # The comparison is itself the table that decides.
        found = await kpi.measure(question.session, scope, question.periods, by)
    tables = await _tables(question, _read_by(asked, order), found)
    small = _small_surveys(tables, scope.minimum_cell_size)
    if small:
        kept = {part for each in tables for part, _ in each} - small
        scope = replace(scope, survey_ids=tuple(sorted(UUID(part) for part in kept)))
        question = replace(question, scope=scope)
        tables = [[each for each in parts if each[0] not in small] for parts in tables]
    if found is None:
        found = await kpi.measure(question.session, scope, question.periods, by)
    if small:
        found = [{at: _without_some(each) for at, each in groups.items()} for groups in found]
    return found, await _rulings(question, asked, order, tables)


def _small_surveys(tables: Sequence[Sequence[_Part]], minimum: int) -> set[str]:
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


def _read_by(asked: Collection[str], order: Sequence[str]) -> list[str]:
    """The dimensions of the table that decides: one, or the combinable up to the last asked."""
    if len(asked) == 1 or not set(order).issuperset(asked):
        return list(asked)
    # What is taken after the last one that is asked for does not matter.
    return list(order[: max(order.index(name) for name in asked) + 1])


async def _rulings(
    question: _Question,
    asked: Collection[str],
    order: Sequence[str],
    tables: Sequence[Sequence[_Part]],
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
            question, shared, over, await _tables(question, _read_by(shared, over))
        )
        rulings = [
            _Ruling(everything=one.everything or other.everything)
            for one, other in zip(rulings, others, strict=True)
        ]
    return rulings


def permitted(
    table: _Table, dimensions: Sequence[str], filters: Mapping[str, Collection[str]], minimum: int
) -> bool:
    """Whether a figure with these filters may be told: the rule of all, for what is no KPI.

    The table is that of the one dimension that is filtered, or else of all that may be, in an
    order that is always the same.
    """
    if len(filters) == 1:
        (chosen,) = filters.values()
        return _by_one([table], minimum).permits(chosen)
    return combinable(table, dimensions, minimum).issuperset(filters)


def _by_one(parts: Sequence[_Table], minimum: int) -> _Ruling:
    """What may be told of the members of one dimension: what may be told in every part."""
    return _Ruling(
        [
            protected({members[0]: cell for members, cell in table.items()}, minimum)
            for table in parts
        ]
    )


def _by_several(
    question: _Question,
    asked: Collection[str],
    order: Sequence[str],
    tables: Sequence[Sequence[_Part]],
) -> list[_Ruling]:
    """Whether dimensions may be told of together: they must be combinable in every part."""
    if not question.kpi.joins_dimensions or not set(order).issuperset(asked):
        return [_Ruling(everything=True) for _ in question.periods]
    read, minimum = _read_by(asked, order), question.scope.minimum_cell_size
    return [
        _Ruling(
            everything=not all(
                combinable(table, read, minimum).issuperset(asked) for _, table in parts
            )
        )
        for parts in tables
    ]


def _order(kpi: Kpi, scope: Scope) -> list[str]:
    """The dimensions that may be combined, those first that the workspace declares."""
    declared = scope.dimensions if "*" in kpi.dimensions else ()
    own = sorted((name for name in kpi.dimensions if name != "*"), key=PUBLIC.__contains__)
    return list(dict.fromkeys([*declared, *own]))


async def _tables(
    question: _Question, dimensions: Sequence[str], figures: Figures | None = None
) -> list[list[_Part]]:
    """The cells of the dimensions, without any filter: for each period, for each part.

    `figures` are those of the dimensions where they are known.
    Surveys are parts, because each can be asked for alone; so are the answers that are flagged
    (or that a later one of the customer replaced), where the figure leaves them out and another
    one does not.
    """
    scope = replace(question.scope, filters={}, clustered=False)
    found = await _split(replace(question, scope=scope), dimensions, figures)
    parts = [list(each.items()) for each in found]
    for wider in _wider(scope):
        every = await _split(replace(question, scope=wider), dimensions)
        for place, (narrow, all_) in enumerate(zip(found, every, strict=True)):
            parts[place] += [
                (part, _less(table, narrow.get(part, {}))) for part, table in all_.items()
            ]
    return parts


def _wider(scope: Scope) -> list[Scope]:
    """The same question without leaving out the flagged, or answers that were replaced."""
    qualities = dict.fromkeys((scope.quality, "all"))
    dedupes = dict.fromkeys((scope.dedupe, "none"))
    scopes = [
        replace(scope, quality=quality, dedupe=dedupe)
        for quality in qualities
        for dedupe in dedupes
    ]
    return scopes[1:]


async def _split(
    question: _Question, dimensions: Sequence[str], figures: Figures | None = None
) -> list[dict[str, _Table]]:
    """The cells of the dimensions in each survey, by period."""
    kpi, periods, several = question.kpi, question.periods, question.of_several
    by = JOINED.join([EACH_SURVEY, *dimensions] if several else dimensions)
    found = figures or await kpi.measure(question.session, question.scope, periods, by)
    parts: list[dict[str, dict[tuple[str, ...], Cell]]] = [{} for _ in periods]
    for place, groups in enumerate(found):
        for group, measured in groups.items():
            members = members_of_group(group, by)
            part, members = (members[0], members[1:]) if several else ("", members)
            parts[place].setdefault(part, {})[members] = cell_of(measured)
    return [dict(each) for each in parts]


def _less(table: _Table, part: _Table) -> _Table:
    """What is left of a table without a part of what it counts."""
    nothing = Cell(0)
    return {members: Cell(cell.n - part.get(members, nothing).n) for members, cell in table.items()}
