"""Intervals and tests of answers that are alike within a customer: values and numbers stay.

A survey figure, and each of its components, is the mean of a score of every answer. The score of
an answer is what the KPI says of that answer alone, so that no KPI need be known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.clustered_scores import ClusteredScores
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.tallies import Recipe, Tally, counted_qualities, runs, span_of
from app.kpis.thinning import thinned
from app.responses.cells import Count
from app.responses.clusters import score_sums

#: An interval is not given: nearly all answers are one customer's, or it is no mean of answers.
INTERVAL_LEFT_OUT = "interval_left_out"

#: A figure within a figure: the names of the components that lead to it.
Path = tuple[str, ...]
#: What each figure says of one answer, by the answer's survey and tally, if it counts it.
Scores = Mapping[Path, Mapping[tuple[UUID, str], Decimal]]
#: By place of the period, group, and figure.
Sums = Mapping[tuple[int, str, Path], ClusteredScores]
_PRECISION = 1e-9


def scores_of(recipe: Recipe, tallies: Sequence[Mapping[str, Tally]]) -> Scores:
    """What the KPI says of each answer alone."""
    scores: dict[Path, dict[tuple[UUID, str], Decimal]] = {}
    for survey_id, question, code in sorted(_codes(tallies)):
        alone = Tally()
        alone.add(Count(1, "", survey_id, question, code, "ok", 1), "all")
        for path, part in _parts(recipe.figure(alone)):
            if part.n == 1 and part.value is not None:
                score = Decimal(repr(part.value))
                scores.setdefault(path, {})[survey_id, f"{question}={code}"] = score
    return scores


async def sums_by_customer(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None, scores: Scores
) -> Sums:
    """The scores behind every figure of a KPI, added up by customer."""
    paths = list(scores)
    names = {
        (survey_id, given.partition("=")[0])
        for each in scores.values()
        for survey_id, given in each
    }
    found = {}
    for run in runs(periods):
        chosen = [periods[place] for place in run]
        for sums in await score_sums(
            session,
            span_of(scope, chosen, names),
            list(scores.values()),
            qualities=counted_qualities(scope),
            by=by,
            buckets=[each.start for each in chosen],
        ):
            at = run[sums.bucket - 1], sums.member, paths[sums.figure]
            found[at] = ClusteredScores(
                n=sums.n,
                total=Fraction(sums.total),
                squares=Fraction(sums.squares),
                clusters=sums.clusters,
                totals_squared=Fraction(sums.totals_squared),
                totals_by_sizes=Fraction(sums.totals_by_sizes),
                sizes_squared=sums.sizes_squared,
            )
    return found


def clustered(
    found: Sequence[Mapping[str, Measurement]], sums: Sums
) -> list[Mapping[str, Measurement]]:
    """The figures of each period and group with intervals and evidence by their sums."""
    return [
        {
            member: _warned(each, _judged(each, sums, (place, member), ()))
            for member, each in members.items()
        }
        for place, members in enumerate(found)
    ]


def left_without(measured: Measurement) -> Measurement:
    """The figure without an interval, which says so: it is not known how its answers cluster."""
    warnings = (*measured.warnings, INTERVAL_LEFT_OUT)
    return replace(measured, interval=None, evidence=None, warnings=warnings)


def _codes(tallies: Sequence[Mapping[str, Tally]]) -> set[tuple[UUID, str, str]]:
    """Everything that was said, also that nothing was: some figures count it."""
    every = [each for members in tallies for each in members.values()]
    answered = {
        (*name, code) for each in every for name, codes in each.answered.items() for code in codes
    }
    return answered | {
        (*name, f"~{reason}")
        for each in every
        for name, reasons in each.excluded.items()
        for reason in reasons
    }


def _parts(measured: Measurement, path: Path = ()) -> Iterator[tuple[Path, Measurement]]:
    yield path, measured
    for name, part in measured.components.items():
        yield from _parts(part, (*path, name))


def _judged(measured: Measurement, sums: Sums, of: tuple[int, str], path: Path) -> Measurement:
    parts = {
        name: _judged(part, sums, of, (*path, name)) for name, part in measured.components.items()
    }
    measured = replace(measured, components=parts)
    if measured.interval is None:
        return measured
    scores = sums.get((*of, path))
    if scores is None:
        return replace(measured, interval=None, evidence=None)
    n_effective = scores.n_effective if _is_mean(measured, scores) else None
    if n_effective is None:
        # At the least, customers tell as much as if each had copied what they say.
        return replace(measured, n_effective=scores.customers, interval=None, evidence=None)
    return thinned(measured, n_effective)


def _is_mean(measured: Measurement, scores: ClusteredScores) -> bool:
    """Whether the figure is the mean of the scores; a ratio of two means is not."""
    value = measured.value or 0.0
    return scores.n == measured.n and abs(float(scores.mean) - value) <= _PRECISION * max(
        1.0, abs(value)
    )


def _warned(plain: Measurement, judged: Measurement) -> Measurement:
    """With a warning if the figure or a component has no interval any more."""
    lost = any(
        before.interval is not None and after.interval is None
        for (_, before), (_, after) in zip(_parts(plain), _parts(judged), strict=True)
    )
    if not lost:
        return judged
    return replace(judged, warnings=(*judged.warnings, INTERVAL_LEFT_OUT))
