"""What was answered in the strata of a weighting scheme, and the weights that they have."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Problem
from app.kpis.declaration import Scope
from app.kpis.periods import Period
from app.kpis.tallies import Name, Tally, tally
from app.kpis.weighted_figures import Strata, Weighed
from app.responses.cells import JOINED, members_of_group
from app.weighting.schemes import Fault, Scheme, Stratum

#: Raking and weighing so many takes a second.
MOST_STRATA = 5_000
_RESPONSES = "@responses"
_COUNTED = ("complete", "partial")
_NONE = Fraction()
_Weights = Mapping[Stratum, Fraction] | Fault


async def strata_of(
    session: AsyncSession,
    scope: Scope,
    scheme: Scheme,
    *,
    periods: Sequence[Period],
    by: str | None,
    names: Collection[Name],
) -> list[Mapping[str, Strata]]:
    """The answers to the names by period, member of a dimension, and stratum, with their weights.

    Each period is weighed by itself, so that its responses (to the surveys that are counted, of
    the quality and customers that count, before any filter or group) have the scheme's margins.
    422 `analysis-too-large` for more than `MOST_STRATA`, over all periods and members.
    """
    joined = JOINED.join([*scheme.dimensions, *([by] if by else ())])
    tallies = await tally(session, scope, periods, joined, names)
    if sum(map(len, tallies)) > MOST_STRATA:
        raise Problem("analysis-too-large")
    weights = await _weights(session, scope, scheme, periods, {survey for survey, _ in names})
    return [
        _by_member(own, found, joined, grouped=by is not None)
        for own, found in zip(weights, tallies, strict=True)
    ]


async def _weights(
    session: AsyncSession,
    scope: Scope,
    scheme: Scheme,
    periods: Sequence[Period],
    surveys: Collection[UUID],
) -> list[_Weights]:
    names = [(survey, _RESPONSES) for survey in surveys]
    joined = JOINED.join(scheme.dimensions)
    samples = await tally(session, replace(scope, filters={}), periods, joined, names)
    return [
        scheme.weigh(
            {
                members_of_group(group, joined): sum(
                    answers.codes(name).get(code, 0) for name in names for code in _COUNTED
                )
                for group, answers in sample.items()
            }
        )
        for sample in samples
    ]


def _by_member(
    weights: _Weights, tallies: Mapping[str, Tally], joined: str, *, grouped: bool
) -> Mapping[str, Strata]:
    """The strata of each member of the last dimension that is joined; '' has all if none is."""
    members: dict[str, list[Weighed]] = {} if grouped else {"": []}
    for group, answers in tallies.items():
        parts = members_of_group(group, joined)
        stratum, member = (parts[:-1], parts[-1]) if grouped else (parts, "")
        weight = _NONE if isinstance(weights, str) else weights.get(stratum, _NONE)
        members.setdefault(member, []).append(Weighed(answers, weight))
    if isinstance(weights, str):
        return dict.fromkeys(members, weights)
    return dict(members)
