"""Answering how many to ask, and how many of each stratum."""

import math
from collections.abc import Iterator, Sequence

from app.errors import FieldError, Invalid, field_error
from app.kpis.schemas import KpiInterval
from app.kpis.statistics import critical_z
from app.sampling.formulas import ALLOCATION, SIZE
from app.sampling.schemas import (
    AchievedRead,
    AllocationRead,
    AllocationRequest,
    EstimateRead,
    PlannedRead,
    SampleSizeRead,
    SampleSizeRequest,
    StratumRead,
)
from app.sampling.sizes import Precision, invitations, whole
from app.sampling.strata import (
    Method,
    Sampled,
    Stratum,
    allocate,
    least,
    planned_variance,
    stratified,
)

POPULATION_TOO_SMALL = "population_too_small"
FEW_EXPECTED = "few_expected"
#: Below this many expected answers on one side the normal distribution is a rough one.
_FEW = 5
#: What each method needs of each stratum.
_NEEDS: dict[Method, tuple[str, ...]] = {
    "proportional": (),
    "neyman": ("sd",),
    "optimal": ("sd", "cost"),
}


def size_sample(wanted: SampleSizeRequest, language: str) -> SampleSizeRead:
    """How many answers and invitations a margin needs, and what the achieved ones give.

    422 where more answered than there are.
    """
    precision = Precision(wanted.proportion, wanted.level, wanted.population, wanted.design_effect)
    unrounded = precision.needed(wanted.margin)
    n = whole(unrounded, wanted.rounding, wanted.population)
    invited = invitations(n, wanted.response_rate)
    warnings = []
    if wanted.population is not None and invited > wanted.population:
        warnings.append(POPULATION_TOO_SMALL)
    if n * min(wanted.proportion, 1 - wanted.proportion) < _FEW:
        warnings.append(FEW_EXPECTED)
    return SampleSizeRead(
        definition=SIZE.of(language),
        level=wanted.level,
        z=critical_z(wanted.level),
        unlimited=precision.unlimited(wanted.margin),
        unrounded=unrounded,
        n=n,
        margin=precision.margin_of(n),
        invitations=invited,
        achieved=_achieved(wanted, precision),
        warnings=warnings,
    )


def _achieved(wanted: SampleSizeRequest, precision: Precision) -> AchievedRead | None:
    n = wanted.achieved
    if n is None:
        return None
    if wanted.population is not None and n > wanted.population:
        raise field_error("/achieved", "number-out-of-range")
    margin = precision.margin_of(n)
    return AchievedRead(n=n, margin=margin, enough=margin <= wanted.margin)


def allocate_sample(wanted: AllocationRequest, language: str) -> AllocationRead:
    """How many of each stratum, and the mean of the population where it was observed.

    422 where strata lack what the method needs, repeat a name, or cannot hold the sample.
    """
    problems = list(_problems(wanted))
    if problems:
        raise Invalid(*problems)
    strata = [Stratum(each.population, each.sd, each.cost) for each in wanted.strata]
    low, high = sum(least(each, wanted.minimum) for each in strata), _total(strata)
    if not low <= wanted.n <= high:
        raise field_error("/n", "number-out-of-range")
    found = allocate(wanted.n, strata, wanted.method, wanted.minimum)
    parts = [
        StratumRead(
            stratum=each.stratum,
            population=each.population,
            weight=each.population / high,
            n=n,
            fraction=n / each.population,
            invitations=invitations(n, each.response_rate),
        )
        for each, n in zip(wanted.strata, found, strict=True)
    ]
    too_small = any(part.invitations > part.population for part in parts)
    return AllocationRead(
        definition=ALLOCATION[wanted.method].of(language),
        method=wanted.method,
        n=wanted.n,
        population=high,
        strata=parts,
        invitations=sum(part.invitations for part in parts),
        cost=_cost(strata, found),
        planned=_planned(strata, found, wanted.level),
        estimate=_estimate(wanted),
        warnings=[POPULATION_TOO_SMALL] if too_small else [],
    )


def _total(strata: Sequence[Stratum]) -> int:
    return sum(each.population for each in strata)


def _problems(wanted: AllocationRequest) -> Iterator[FieldError]:
    """Names twice, what the method lacks, what was observed of some strata only."""
    observed = any(each.observed is not None for each in wanted.strata)
    names: set[str] = set()
    for place, each in enumerate(wanted.strata):
        at = f"/strata/{place}"
        if each.stratum in names:
            yield FieldError(f"{at}/stratum", "duplicate-item")
        names.add(each.stratum)
        for name in _NEEDS[wanted.method]:
            if getattr(each, name) is None:
                yield FieldError(f"{at}/{name}", "missing-field")
        if observed and each.observed is None:
            yield FieldError(f"{at}/observed", "missing-field")
        elif each.observed is not None and each.observed.n > each.population:
            yield FieldError(f"{at}/observed/n", "number-out-of-range")


def _cost(strata: Sequence[Stratum], found: Sequence[int]) -> float | None:
    costs = [each.cost for each in strata if each.cost is not None]
    if len(costs) < len(strata):
        return None
    return math.fsum(cost * n for cost, n in zip(costs, found, strict=True))


def _planned(strata: Sequence[Stratum], found: Sequence[int], level: float) -> PlannedRead | None:
    variance = planned_variance(strata, found)
    if variance is None:
        return None
    error = math.sqrt(variance)
    return PlannedRead(variance=variance, standard_error=error, margin=critical_z(level) * error)


def _estimate(wanted: AllocationRequest) -> EstimateRead | None:
    seen = [
        Sampled(each.population, each.observed.n, each.observed.mean, each.observed.sd)
        for each in wanted.strata
        if each.observed is not None
    ]
    if not seen:
        return None
    value, variance = stratified(seen)
    error = math.sqrt(variance)
    half = critical_z(wanted.level) * error
    around = KpiInterval(
        level=wanted.level, low=value - half, high=value + half, method="stratified_normal"
    )
    return EstimateRead(value=value, variance=variance, standard_error=error, interval=around)
