"""Compares groups of responses in one item, all at once and pair by pair."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen, check_dimension
from app.analyses.difference_schemas import (
    ByDimension,
    ByPeriod,
    ByQuestion,
    DifferenceGroup,
    DifferencePair,
    DifferenceRequest,
    Reason,
)
from app.analyses.disclosing import SUPPRESSED, Ruling, Split, judge
from app.analyses.evidence import Evidence, benjamini_hochberg, total
from app.analyses.groups import (
    LEAST_EXPECTED,
    chi_square,
    means,
    moments_of,
    shares,
    welch_anova,
)
from app.analyses.ranks import kruskal_wallis, mann_whitney
from app.analyses.rows import Column, Table, codes, member, tables, values
from app.analyses.schemas import evidence_read
from app.analyses.summaries import quantile
from app.analyses.variables import Asked, Variable, is_choice
from app.errors import FieldError, Invalid, Problem
from app.kpis import envelopes
from app.kpis.means import moments, t_interval
from app.kpis.proportions import Share, wilson
from app.kpis.schemas import GroupVerdict
from app.kpis.statistics import DEFAULT_MIN_N, Interval, holm

MOST_GROUPS = 20
GROUPS_LIMITED = "groups_limited"
SMALL_EXPECTED = "small_expected_counts"
#: Where each measure stands if two groups are the same.
_NEUTRAL = {"difference": 0.0, "probability_of_superiority": 0.5}


@dataclass(frozen=True)
class Compared:
    """What a comparison found."""

    groups: list[DifferenceGroup]
    overall: Evidence | None
    pairs: list[DifferencePair]
    reason: Reason | None
    warnings: list[str]


@dataclass(frozen=True)
class _Group:
    member: str
    histogram: Counter[Any]
    told: bool = True
    """Whether it may be told by itself."""

    @property
    def n(self) -> int:
        return total(self.histogram)


async def compare(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: DifferenceRequest
) -> Compared:
    """Test the groups; those below the smallest cell are named and left out of every test."""
    variable = asked.one("/item", wanted.item, _fits(wanted))
    found = await _groups(session, chosen, asked, variable, wanted)
    # Many groups make many pairs: the event loop goes on meanwhile.
    return await asyncio.to_thread(_compared, chosen, variable, wanted, found)


def _compared(
    chosen: Chosen, variable: Variable, wanted: DifferenceRequest, found: list[_Group]
) -> Compared:
    warnings = []
    if len(found) > MOST_GROUPS:
        warnings.append(GROUPS_LIMITED)
        found = sorted(found, key=_rank)[:MOST_GROUPS]
    tested = [group for group in found if group.told and group.n]
    if not all(group.told for group in found):
        warnings.append(SUPPRESSED)
    overall, expected = _overall(variable, wanted, tested)
    if expected is not None and expected < LEAST_EXPECTED:
        warnings.append(SMALL_EXPECTED)
    pairs = _pairs(chosen, variable, wanted, tested)
    reason: Reason | None = None
    if len(tested) < 2:
        reason = "too_few_groups"
    elif not pairs:
        reason = "no_spread" if wanted.measure == "distribution" else "too_few_answers"
    shown = [_shown(chosen, variable, wanted, group) for group in found]
    return Compared(shown, overall, pairs, reason, warnings)


def _fits(wanted: DifferenceRequest) -> Callable[[Variable], bool]:
    """Which items the measure can compare."""
    if wanted.measure == "distribution":
        return lambda variable: variable.scale is not None or is_choice(variable)
    if wanted.measure == "top_box":
        return lambda variable: bool(variable.scale and variable.scale.top_box)
    return lambda variable: variable.numeric


async def _groups(
    session: AsyncSession,
    chosen: Chosen,
    asked: Asked,
    variable: Variable,
    wanted: DifferenceRequest,
) -> list[_Group]:
    value = _column(variable, wanted)
    if isinstance(wanted.by, ByQuestion) and wanted.by.question == wanted.item:
        raise Invalid(FieldError("/by/question", "invalid-value"))
    if isinstance(wanted.by, ByPeriod):
        return await _periods(session, chosen, value, wanted.by)
    split = _key(asked, wanted.by)
    (table,) = await tables(session, chosen, [value, split.column], [(0, 1)])
    (ruling,) = await judge(session, chosen, [value], [(0,)], split)
    return _split(table, wanted.by.members, ruling)


def _column(variable: Variable, wanted: DifferenceRequest) -> Column:
    if wanted.measure == "distribution" and variable.scale is None:
        return codes(variable, 0)
    return values([variable])[0]


def _key(asked: Asked, by: ByDimension | ByQuestion) -> Split:
    if isinstance(by, ByDimension):
        check_dimension(by.dimension, "/by/dimension")
        return Split(by.dimension, member(by.dimension))
    found = asked.one("/by/question", by.question, is_choice)
    return Split(f"?{by.question}", codes(found, 1))


def _split(table: Table, members: Sequence[str] | None, ruling: Ruling) -> list[_Group]:
    """Histograms by member: those asked for in that order, or all, the largest first.

    What may not be told by itself comes last, by name.
    """
    found: dict[str, Counter[Any]] = {name: Counter() for name in members or ()}
    for (value, name), n in table.items():
        if value is None or name is None or (members is not None and name not in found):
            continue
        found.setdefault(name, Counter())[value] += n
    groups = [_Group(name, each, ruling.tells_of(name)) for name, each in found.items()]
    if members is None:
        groups.sort(key=_rank)
    return groups


def _rank(group: _Group) -> tuple[bool, int, str]:
    return not group.told, -group.n if group.told else 0, group.member


async def _periods(
    session: AsyncSession, chosen: Chosen, value: Column, by: ByPeriod
) -> list[_Group]:
    spans = [
        chosen.within(span.start, span.end, f"/by/periods/{index}/from")
        for index, span in enumerate(by.periods)
    ]
    for index, span in enumerate(spans):
        if any(_overlap(span, other) for other in spans[:index]):
            error = FieldError(f"/by/periods/{index}/from", "invalid-value")
            raise Problem("invalid-period", errors=[error])
    groups = []
    for span in spans:
        (table,) = await tables(session, span, [value], [(0,)])
        counted = Counter({given[0]: n for given, n in table.items() if given[0] is not None})
        name = f"{span.period.start.isoformat()}/{span.period.end.isoformat()}"
        (ruling,) = await judge(session, span, [value], [(0,)])
        told = ruling.tells and not 0 < total(counted) < chosen.minimum
        groups.append(_Group(name, counted, told))
    return groups


def _overlap(first: Chosen, second: Chosen) -> bool:
    return first.period.start < second.period.end and second.period.start < first.period.end


def _best(variable: Variable, histogram: Mapping[Any, int]) -> Share:
    assert variable.scale is not None  # noqa: S101 - `_fits` asked for it
    best = sum(histogram.get(point, 0) for point in variable.scale.top_box)
    return Share(best, total(histogram))


def _overall(
    variable: Variable, wanted: DifferenceRequest, groups: Sequence[_Group]
) -> tuple[Evidence | None, float | None]:
    """The test of three and more groups together (of distributions also of two)."""
    histograms = [group.histogram for group in groups]
    if wanted.measure == "distribution":
        return chi_square(histograms) or (None, None)
    if len(groups) < 3:
        return None, None
    if wanted.measure == "ranks":
        return kruskal_wallis(histograms), None
    if wanted.measure == "mean":
        return welch_anova(moments_of(histograms)), None
    found = [_best(variable, histogram) for histogram in histograms]
    return chi_square(
        [{"best": each.count, "rest": each.total - each.count} for each in found]
    ) or (None, None)


def _pair(
    variable: Variable, wanted: DifferenceRequest, first: _Group, second: _Group, level: float
) -> Evidence | None:
    if wanted.measure == "mean":
        return means(moments(first.histogram), moments(second.histogram), level)
    if wanted.measure == "ranks":
        return mann_whitney(first.histogram, second.histogram, level)
    if wanted.measure == "top_box":
        one, other = _best(variable, first.histogram), _best(variable, second.histogram)
        return shares(one, other, level)
    found = chi_square([first.histogram, second.histogram])
    return found[0] if found else None


def _pairs(
    chosen: Chosen, variable: Variable, wanted: DifferenceRequest, groups: Sequence[_Group]
) -> list[DifferencePair]:
    """Every pair that can be tested, with p-values adjusted for their number."""
    tested: list[tuple[_Group, _Group, Evidence]] = []
    for first, second in combinations(groups, 2):
        evidence = _pair(variable, wanted, first, second, chosen.level)
        if evidence is not None:
            tested.append((first, second, evidence))
    adjust = holm if wanted.correction == "holm" else benjamini_hochberg
    adjusted = adjust([evidence.p for *_, evidence in tested])
    found = []
    for (first, second, evidence), p in zip(tested, adjusted, strict=True):
        read = evidence_read(evidence)
        assert read is not None  # noqa: S101 - there is evidence
        found.append(
            DifferencePair(
                first=first.member,
                second=second.member,
                n_first=first.n,
                n_second=second.n,
                evidence=read,
                p_adjusted=p,
                verdict=_verdict(evidence, p, min(first.n, second.n), chosen.level),
            )
        )
    return found


def _verdict(evidence: Evidence, p: float, smallest: int, level: float) -> GroupVerdict | None:
    """A difference is claimed when the adjusted p and the pair's own interval both allow it."""
    effect = evidence.effects[0]
    if effect.interval is None:
        return None
    if smallest < DEFAULT_MIN_N:
        return "too_few"
    neutral = _NEUTRAL[effect.name]
    if p >= 1 - level or effect.interval.low <= neutral <= effect.interval.high:
        return "no_evidence_of_difference"
    return "higher" if effect.interval.low > neutral else "lower"


def _shown(
    chosen: Chosen, variable: Variable, wanted: DifferenceRequest, group: _Group
) -> DifferenceGroup:
    value, interval, deviation = None, None, None
    if group.n and group.told:
        value, interval, deviation = _figure(chosen, variable, wanted, group)
    return DifferenceGroup(
        member=group.member,
        n=group.n if group.told else None,
        value=value,
        interval=envelopes.interval(interval),
        standard_deviation=deviation,
        suppressed=not group.told,
    )


def _figure(
    chosen: Chosen, variable: Variable, wanted: DifferenceRequest, group: _Group
) -> tuple[float | None, Interval | None, float | None]:
    """The group's own figure, its interval, and its standard deviation."""
    if wanted.measure == "distribution":
        return None, None, None
    if wanted.measure == "top_box":
        share = _best(variable, group.histogram)
        return share.value, wilson(share, chosen.level), None
    found = moments(group.histogram)
    deviation = found.standard_deviation if found else None
    if wanted.measure == "ranks":
        return float(quantile(group.histogram, Fraction(1, 2))), None, deviation
    scale = variable.scale
    bounds = (scale.min, scale.max) if scale else None
    return found.value if found else None, t_interval(found, chosen.level, bounds), deviation
