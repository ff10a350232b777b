"""Figures of answers side by side: several scores of one respondent, from one tally."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from app.kpis.declaration import Measurement, Scope
from app.kpis.means import Moments, moments, t_interval
from app.kpis.tallies import Name, Tally

#: How often respondents have each combination of scores, every score between 0 and 1.
Joint = Mapping[tuple[Fraction, ...], int]


def joint(names: Sequence[Name], answers: Tally) -> Joint:
    """The respondents who have all the scores, over all surveys."""
    given: Counter[tuple[Fraction, ...]] = Counter()
    for name in names:
        for code, count in answers.codes(name).items():
            given[tuple(Fraction(part) for part in code.split(","))] += count
    return given


def combined(given: Joint, weights: Sequence[int | Fraction]) -> Counter[Fraction]:
    """A weighted sum of each respondent's scores."""
    sums: Counter[Fraction] = Counter()
    for scores, count in given.items():
        total = sum((s * weight for s, weight in zip(scores, weights, strict=True)), Fraction())
        sums[total] += count
    return sums


def side(given: Joint, index: int) -> Moments | None:
    """The moments of one of the scores."""
    width = len(next(iter(given), ()))
    return moments(combined(given, [int(index == each) for each in range(width)]))


def mean_part(
    scores: Moments | None, scope: Scope, bounds: tuple[float, float] | None
) -> Measurement:
    """A mean as a component, with Student's interval."""
    n = scores.n if scores else 0
    return Measurement(
        value=scores.value if scores else None,
        n=n,
        denominator={"respondents": n},
        interval=t_interval(scores, scope.level, bounds),
        reason=None if scores else "empty_denominator",
        evidence=scores,
    )
