"""The tables by which it is decided what would tell of too few: cells of dimensions, by part."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.declaration import Kpi, Measurement, Scope
from app.kpis.disclosure import Cell
from app.kpis.periods import Period
from app.responses.cells import EACH_SURVEY, JOINED, members_of_group

#: Splitting by these alone tells how a survey went, not of whom.
PUBLIC = frozenset({"version"})

Figures = list[Mapping[str, Measurement]]
#: The cells of one part of the data (a survey, a quality): nobody is in two parts.
Table = Mapping[tuple[str, ...], Cell]
Part = tuple[str, Table]
"""With the survey's id, where figures are of several."""


@dataclass(frozen=True)
class Question:
    """A KPI asked of a scope and of periods, in the session that answers."""

    session: AsyncSession
    kpi: Kpi
    scope: Scope
    periods: Sequence[Period]

    @property
    def of_several(self) -> bool:
        """Whether it is of more than one survey: each is judged by itself."""
        return self.kpi.takes_survey and len(self.scope.survey_ids or ()) != 1


def cell_of(measured: Measurement) -> Cell:
    """Whom a figure tells of, if it stood alone."""
    beside = {f"-{name}": count for name, count in measured.excluded.items()}
    beside |= {name: n for name, n in measured.numerator.items() if isinstance(n, int)}
    if measured.tells_of is not None:
        return Cell(measured.tells_of, beside)
    beside |= {f"/{name}": n for name, n in measured.denominator.items() if isinstance(n, int)}
    beside |= {f".{name}": each.n for name, each in measured.components.items()}
    return Cell(measured.n, beside)


def read_by(asked: Collection[str], order: Sequence[str]) -> list[str]:
    """The dimensions of the table that decides: one, or the combinable up to the last asked."""
    if len(asked) == 1 or not set(order).issuperset(asked):
        return list(asked)
    # What is taken after the last one that is asked for does not matter.
    return list(order[: max(order.index(name) for name in asked) + 1])


def order_of(kpi: Kpi, scope: Scope) -> list[str]:
    """The dimensions that may be combined, those first that the workspace declares."""
    declared = scope.dimensions if "*" in kpi.dimensions else ()
    own = sorted((name for name in kpi.dimensions if name != "*"), key=PUBLIC.__contains__)
    return list(dict.fromkeys([*declared, *own]))


async def tables_of(
    question: Question, dimensions: Sequence[str], figures: Figures | None = None
) -> list[list[Part]]:
    """The cells of the dimensions, without any filter: for each period, for each part.

    `figures` are those of the dimensions where they are known.
    Surveys are parts, because each can be asked for alone; so are the answers that are flagged
    (or that a later one of the customer replaced), where the figure leaves them out and another
    one does not.
    """
    scope = replace(question.scope, filters={}, clustered=False, weighting=None)
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
    question: Question, dimensions: Sequence[str], figures: Figures | None = None
) -> list[dict[str, Table]]:
    """The cells of the dimensions in each survey, by period."""
    kpi, periods, several = question.kpi, question.periods, question.of_several
    by = JOINED.join([EACH_SURVEY, *dimensions] if several else dimensions)
    counting = kpi.counting or kpi.measure
    found = figures or await counting(question.session, question.scope, periods, by)
    parts: list[dict[str, dict[tuple[str, ...], Cell]]] = [{} for _ in periods]
    for place, groups in enumerate(found):
        for group, measured in groups.items():
            members = members_of_group(group, by)
            part, members = (members[0], members[1:]) if several else ("", members)
            parts[place].setdefault(part, {})[members] = cell_of(measured)
    return [dict(each) for each in parts]


def _less(table: Table, part: Table) -> Table:
    """What is left of a table without a part of what it counts."""
    nothing = Cell(0)
    return {members: Cell(cell.n - part.get(members, nothing).n) for members, cell in table.items()}
