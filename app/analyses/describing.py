"""Describes items: what was answered, how it spreads, and what was left out and why."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.descriptive_schemas import BoxShare, CodeShare, DescriptiveRequest, ItemSummary
from app.analyses.disclosing import Ruling, judge
from app.analyses.rows import MOST_CELLS, Column, in_time, run, select_sql, uncounted_sql
from app.analyses.summaries import Summary, summarise
from app.analyses.variables import Asked, Variable
from app.errors import Problem
from app.kpis import envelopes
from app.kpis.declaration import Scope
from app.kpis.means import t_interval
from app.kpis.proportions import Share, wilson
from app.kpis.tallies import EXCLUSIONS, tally

_ANSWERED = "~answered"


@dataclass
class _Counts:
    """What was found of one item."""

    answered: int = 0
    given: Counter[str] = field(default_factory=Counter)
    numbers: Counter[Any] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)

    def add(self, variable: Variable, reason: str | None, code: str, value: Any, n: int) -> None:  # noqa: ANN401 - a Decimal or nothing
        """Count a tally; of a multiple choice each code, and each response once."""
        once = variable.type != "multiple_choice" or code.startswith("~")
        if reason is not None:
            self.excluded[reason] += n if once else 0
        elif code.startswith("~") and code != _ANSWERED:
            self.excluded[code[1:]] += n
        else:
            self.answered += n if once else 0
            if code != _ANSWERED:
                self.given[code] += n
            if value is not None:
                self.numbers[value] += n


async def describe(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: DescriptiveRequest
) -> list[ItemSummary]:
    """Every item that was asked for, in that order; 422 for texts, dates and rankings."""
    variables = asked.several("/items", wanted.items, _can_be_described)
    found = await _count(session, chosen, variables)
    columns = [
        Column(each.answered_sql(number), each.bound(number))
        for number, each in enumerate(variables)
    ]
    rulings = await judge(session, chosen, columns, [(place,) for place in range(len(columns))])
    # Free numbers may be many: the event loop goes on meanwhile.
    return await asyncio.to_thread(_summaries, chosen, variables, found, rulings)


def _summaries(
    chosen: Chosen,
    variables: Sequence[Variable],
    found: Mapping[str, _Counts],
    rulings: Sequence[Ruling],
) -> list[ItemSummary]:
    return [
        _summary(chosen, each, found[each.name], tells=ruling.tells)
        for each, ruling in zip(variables, rulings, strict=True)
    ]


def _can_be_described(variable: Variable) -> bool:
    return variable.numeric or bool(variable.codes)


async def _count(
    session: AsyncSession, chosen: Chosen, variables: Sequence[Variable]
) -> dict[str, _Counts]:
    """What was answered to each item: from the cells that KPIs read, where they hold it."""
    in_cells = [
        each
        for each in variables
        if chosen.dedupe == "none" and each.type not in {"number", "multiple_choice"}
    ]
    found = await _from_cells(session, chosen, in_cells) if in_cells else {}
    others = [each for each in variables if each.name not in found]
    return found | (await _from_rows(session, chosen, others) if others else {})


async def _from_cells(
    session: AsyncSession, chosen: Chosen, variables: Sequence[Variable]
) -> dict[str, _Counts]:
    scope = Scope(
        workspace_id=chosen.workspace_id,
        time_zone=chosen.period.zone.key,
        filters=chosen.filters,
        quality="clean" if chosen.clean else "all",
    )
    names = {each.name: (chosen.survey_id, each.name) for each in variables}
    with in_time():
        (members,) = await tally(session, scope, [chosen.period], None, list(names.values()))
    told = members[""]
    found = {}
    for name, place in names.items():
        given = Counter(dict(told.codes(place)))
        excluded = Counter(told.left_out([place]))
        found[name] = _Counts(given.total(), given, Counter(), excluded)
    return found


async def _from_rows(
    session: AsyncSession, chosen: Chosen, variables: Sequence[Variable]
) -> dict[str, _Counts]:
    """All tallies of the items in one statement, with the numbers behind `~answered`."""
    taken = ["r.answers", "r.tallies"]
    sql = f"""
WITH chosen AS (
    ({select_sql(chosen, [*taken, "CAST(NULL AS text) AS reason"])})
    UNION ALL ({uncounted_sql(chosen, taken)})
), told AS (
    SELECT split_part(t.tally, '=', 1) AS name, reason, answers,
        substr(t.tally, strpos(t.tally, '=') + 1) AS code
    FROM chosen CROSS JOIN LATERAL unnest(tallies) AS t (tally)
)
SELECT name, reason, code,
    CASE WHEN name = ANY(:numbers) AND code = '{_ANSWERED}' AND reason IS NULL
        THEN (answers -> name)::numeric END AS value, count(*)
FROM told WHERE name = ANY(:names) GROUP BY 1, 2, 3, 4 LIMIT {MOST_CELLS + 1}"""  # noqa: S608 - our own
    by_name = {each.name: each for each in variables}
    numbers = [each.name for each in variables if each.type == "number"]
    rows = await run(session, sql, chosen, (), names=[*by_name], numbers=numbers)
    if len(rows) > MOST_CELLS:
        raise Problem("analysis-too-large")
    found = {name: _Counts() for name in by_name}
    for name, reason, code, value, n in rows:
        found[name].add(by_name[name], reason, code, value, n)
    return found


def _summary(chosen: Chosen, variable: Variable, counts: _Counts, *, tells: bool) -> ItemSummary:
    histogram = _histogram(variable, counts)
    small = not tells or 0 < counts.answered < chosen.minimum
    summary = None if small else summarise(histogram)
    box = None if small else _box(chosen, variable, counts)
    return ItemSummary(
        item=variable.name,
        type=variable.type,
        n=None if small else counts.answered,
        **_moments(chosen, variable, summary),
        top_box=box,
        shares=_shares(chosen, variable, counts, hidden=small),
        excluded={} if small else {reason: counts.excluded[reason] for reason in EXCLUSIONS},
        suppressed=small,
        reason=None if counts.answered or small else "empty_denominator",
    )


def _histogram(variable: Variable, counts: _Counts) -> Counter[Any]:
    if variable.scale is not None:
        return Counter({int(code): n for code, n in counts.given.items()})
    if variable.type == "yes_no":
        return Counter({int(code == "yes"): n for code, n in counts.given.items()})
    return counts.numbers


def _moments(chosen: Chosen, variable: Variable, found: Summary | None) -> dict[str, Any]:
    """The members of a summary that speak of numbers."""
    scale = variable.scale
    bounds = (scale.min, scale.max) if scale else (0, 1) if variable.type == "yes_no" else None
    scores = found.moments if found else None
    return {
        "mean": scores.value if scores else None,
        "interval": envelopes.interval(t_interval(scores, chosen.level, bounds)),
        "standard_deviation": scores.standard_deviation if scores else None,
        "minimum": float(found.minimum) if found else None,
        "lower_quartile": float(found.lower_quartile) if found else None,
        "median": float(found.median) if found else None,
        "upper_quartile": float(found.upper_quartile) if found else None,
        "maximum": float(found.maximum) if found else None,
        "skewness": found.skewness if found else None,
    }


def _box(chosen: Chosen, variable: Variable, counts: _Counts) -> BoxShare | None:
    if variable.scale is None or not variable.scale.top_box or not counts.answered:
        return None
    best = sum(counts.given[str(point)] for point in variable.scale.top_box)
    share = Share(best, counts.answered)
    interval = envelopes.interval(wilson(share, chosen.level))
    assert interval is not None  # noqa: S101 - somebody answered
    return BoxShare(n=best, share=best / counts.answered, interval=interval)


def _shares(
    chosen: Chosen, variable: Variable, counts: _Counts, *, hidden: bool
) -> list[CodeShare]:
    """Every code of the item, also those that nobody gave, and those of earlier versions."""
    codes = list(variable.codes)
    if variable.scale is not None:
        codes = [str(point) for point in range(variable.scale.min, variable.scale.max + 1)]
    if not hidden:
        codes += sorted(set(counts.given) - set(codes))
    return [_share(chosen, variable, code, counts, hidden=hidden) for code in codes]


def _share(
    chosen: Chosen, variable: Variable, code: str, counts: _Counts, *, hidden: bool
) -> CodeShare:
    n = counts.given[code]
    share = Share(n, counts.answered) if counts.answered and not hidden else None
    return CodeShare(
        code=code,
        labels=dict(variable.labels.get(code, {})),
        n=None if hidden else n,
        share=share.value if share else None,
        interval=envelopes.interval(wilson(share, chosen.level)) if share else None,
    )
