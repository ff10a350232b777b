"""What a comparison says of its groups: whether they differ at all, and which pairs do."""

from collections.abc import Sequence
from itertools import combinations

from app.kpis import envelopes
from app.kpis.declaration import Kpi, Measurement
from app.kpis.group_schemas import KpiEffect, KpiOverall
from app.kpis.group_tests import Effect, all_alike, effect_of
from app.kpis.schemas import GroupVerdict, KpiPair
from app.kpis.statistics import CORRECTIONS, DEFAULT_MIN_N, Correction, Difference

#: A group by its member, and its figure.
Group = tuple[str, Measurement]


def overall(groups: Sequence[Group]) -> KpiOverall | None:
    """The test that all groups are alike, by what the figure rests on."""
    found = all_alike([measured.evidence for _, measured in groups])
    if found is None:
        return None
    return KpiOverall(
        test=found.test,
        statistic=found.statistic,
        df=list(found.df),
        p=found.p,
        groups=found.groups,
        effect=_effect(found.effect),
    )


def pairs(kpi: Kpi, groups: Sequence[Group], level: float, correction: Correction) -> list[KpiPair]:
    """Every pair that can be tested; p-values adjusted for the number of tests."""
    tested: list[tuple[Group, Group, Difference]] = []
    for one, other in combinations(groups, 2):
        difference = kpi.compare(one[1], other[1], level)
        if difference is not None:
            tested.append((one, other, difference))
    adjusted = CORRECTIONS[correction]([difference.p for *_, difference in tested])
    return [
        KpiPair(
            first=one[0],
            second=other[0],
            difference=difference.difference,
            interval=envelopes.interval_of(difference),
            p=difference.p,
            p_adjusted=p,
            test=difference.test,
            effect=_effect(effect_of(one[1].evidence, other[1].evidence)),
            verdict=_verdict(difference, p, min(one[1].judged_as, other[1].judged_as)),
        )
        for (one, other, difference), p in zip(tested, adjusted, strict=True)
    ]


def _effect(found: Effect | None) -> KpiEffect | None:
    return None if found is None else KpiEffect(name=found.name, value=found.value)


def _verdict(difference: Difference, p: float, smallest: float) -> GroupVerdict:
    """A difference is claimed when the adjusted p and the pair's own interval both allow it."""
    if smallest < DEFAULT_MIN_N:
        return "too_few"
    if p >= 1 - difference.level or difference.low <= 0 <= difference.high:
        return "no_evidence_of_difference"
    return "higher" if difference.low > 0 else "lower"
