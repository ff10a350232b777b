"""Compares the same customers before and after."""

import asyncio
from collections import Counter
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.analyses.chosen import Chosen
from app.analyses.difference_schemas import BeforeAfterRead, BeforeAfterRequest, PairedMoment
from app.analyses.disclosing import judge
from app.analyses.evidence import Evidence, total
from app.analyses.groups import mcnemar, paired_t
from app.analyses.ranks import signed_ranks
from app.analyses.rows import Table, changes, values
from app.analyses.schemas import AnalysisHeader, evidence_read
from app.analyses.variables import Asked, Variable
from app.errors import FieldError, Problem
from app.kpis import envelopes
from app.kpis.means import moments
from app.kpis.statistics import DEFAULT_MIN_N

Verdict = Literal["risen", "fallen", "no_evidence_of_change", "too_few"]


async def compare_before_after(
    session: AsyncSession, chosen: Chosen, asked: Asked, wanted: BeforeAfterRequest
) -> dict[str, Any]:
    """The members of `BeforeAfterRead` beside its header."""
    variable = asked.one("/item", wanted.item, lambda found: _fits(found, wanted))
    before = chosen.within(wanted.before.start, wanted.before.end, "/before/from")
    after = chosen.within(wanted.after.start, wanted.after.end, "/after/from")
    if after.period.start < before.period.end:
        raise Problem("invalid-period", errors=[FieldError("/after/from", "invalid-value")])
    (column,) = values([variable])
    table = await changes(session, before, after, column)
    told = [(await judge(session, side, [column], [(0,)]))[0].tells for side in (before, after)]
    pairs = Counter({pair: n for pair, n in table.items() if None not in pair})
    n = total(pairs)
    alone = [sum(count for pair, count in table.items() if pair[other] is None) for other in (1, 0)]
    if not all(told) or 0 < n < chosen.minimum:
        return _nothing(wanted, suppressed=True) | {"reason": None}
    if not n:
        found = _nothing(wanted, suppressed=False)
        return found | {"n": 0, "only_before": alone[0], "only_after": alone[1]}
    figures = await asyncio.to_thread(_found, wanted, variable, pairs, (before, after))
    return figures | {
        "n": n,
        "only_before": alone[0],
        "only_after": alone[1],
    }


def _fits(variable: Variable, wanted: BeforeAfterRequest) -> bool:
    if wanted.measure == "top_box":
        return bool(variable.scale and variable.scale.top_box)
    return variable.numeric


def _nothing(wanted: BeforeAfterRequest, *, suppressed: bool) -> dict[str, Any]:
    silent = set(BeforeAfterRead.model_fields) - set(AnalysisHeader.model_fields)
    return dict.fromkeys(silent) | {
        "item": wanted.item,
        "measure": wanted.measure,
        "suppressed": suppressed,
        "reason": "too_few_answers",
    }


def _found(
    wanted: BeforeAfterRequest, variable: Variable, pairs: Table, sides: tuple[Chosen, Chosen]
) -> dict[str, Any]:
    moved: Counter[Any] = Counter()
    for (earlier, later), n in pairs.items():
        moved[later - earlier] += n
    evidence = _evidence(wanted, variable, pairs, moved, sides[0].level)
    return {
        "item": wanted.item,
        "measure": wanted.measure,
        "risen": sum(n for change, n in moved.items() if change > 0),
        "unchanged": moved[0],
        "fallen": sum(n for change, n in moved.items() if change < 0),
        "before": _side(variable, pairs, 0, sides[0]),
        "after": _side(variable, pairs, 1, sides[1]),
        "evidence": evidence_read(evidence),
        "verdict": _verdict(evidence, total(moved), sides[0].level),
        "suppressed": False,
        "reason": None if evidence else "too_few_answers",
    }


def _side(variable: Variable, pairs: Table, side: int, chosen: Chosen) -> PairedMoment:
    histogram: Counter[Any] = Counter()
    for pair, n in pairs.items():
        histogram[pair[side]] += n
    found = moments(histogram)
    assert found is not None  # noqa: S101 - there are pairs
    scale = variable.scale
    best = None
    if scale is not None and scale.top_box:
        best = sum(histogram[point] for point in scale.top_box) / total(histogram)
    return PairedMoment(
        period=envelopes.dates(chosen.period, chosen.now), mean=found.value, top_box=best
    )


def _evidence(
    wanted: BeforeAfterRequest,
    variable: Variable,
    pairs: Table,
    moved: Counter[Any],
    level: float,
) -> Evidence | None:
    if wanted.measure == "mean":
        return paired_t(moved, level)
    if wanted.measure == "ranks":
        return signed_ranks(moved, level)
    best = frozenset(variable.scale.top_box if variable.scale else ())
    gained = sum(n for (x, y), n in pairs.items() if x not in best and y in best)
    lost = sum(n for (x, y), n in pairs.items() if x in best and y not in best)
    return mcnemar(gained, lost, total(pairs) - gained - lost, level)


def _verdict(evidence: Evidence | None, n: int, level: float) -> Verdict:
    """A change is claimed when p and the interval of the main effect both allow it."""
    interval = evidence.effects[0].interval if evidence else None
    if evidence is None or interval is None or n < DEFAULT_MIN_N:
        return "too_few"
    if evidence.p >= 1 - level or interval.low <= 0 <= interval.high:
        return "no_evidence_of_change"
    return "risen" if interval.low > 0 else "fallen"
