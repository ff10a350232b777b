"""Figures of answers side by side: several scores of one respondent, from one tally."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

from app.kpis.declaration import Measurement, Scope
from app.kpis.means import Moments, moments_from_sums, t_interval
from app.kpis.tallies import Name, Tally

#: Codes whose reading is kept: those of one survey recur in every period and group.
_MOST_KEPT = 50_000


@dataclass(frozen=True)
class Joint:
    """How often respondents have each combination of scores.

    Scores lie between 0 and 1 and are counted in units of 1 / `whole`: sums over thousands of
    combinations are sums of integers.
    """

    whole: int
    counts: Counter[tuple[int, ...]]

    @property
    def n(self) -> int:
        """The respondents who have all the scores."""
        return self.counts.total()

    def moments(self, weights: Sequence[int | Fraction], start: int = 0) -> Moments | None:
        """Moments of `start` and a weighted sum of each respondent's scores."""
        factors, unit = self._factors(weights)
        n = total = squares = 0
        for scores, count in self.counts.items():
            value = sum(map(int.__mul__, factors, scores))
            n += count
            total += value * count
            squares += value * value * count
        found = moments_from_sums(n, Fraction(total, unit), Fraction(squares, unit * unit))
        return None if found is None else Moments(found.n, found.mean + start, found.variance)

    def histogram(self, weights: Sequence[int | Fraction], start: int = 0) -> Counter[Fraction]:
        """How often each value of such a sum occurs."""
        factors, unit = self._factors(weights)
        values: Counter[int] = Counter()
        for scores, count in self.counts.items():
            values[sum(map(int.__mul__, factors, scores))] += count
        return Counter({Fraction(value, unit) + start: count for value, count in values.items()})

    def _factors(self, weights: Sequence[int | Fraction]) -> tuple[list[int], int]:
        """Whole numbers in the place of the weights, and what a unit of their sums is worth."""
        common = lcm(*(Fraction(weight).denominator for weight in weights))
        return [int(weight * common) for weight in weights], self.whole * common


def joint(names: Sequence[Name], answers: Tally) -> Joint:
    """The respondents who have all the scores, over all surveys."""
    given = [(_read(code), n) for name in names for code, n in answers.codes(name).items()]
    whole = lcm(*{score.denominator for scores, _ in given for score in scores})
    counts: Counter[tuple[int, ...]] = Counter()
    for scores, n in given:
        counts[tuple([s.numerator * (whole // s.denominator) for s in scores])] += n
    return Joint(whole, counts)


@lru_cache(maxsize=_MOST_KEPT)
def _read(code: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(part) for part in code.split(","))


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
