"""Figures of answers side by side: several scores of one respondent, from one tally."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm, prod

from app.kpis.declaration import Measurement, Scope
from app.kpis.means import Moments, moments_from_units, t_interval
from app.kpis.tallies import Name, Tally
from app.responses.joint_scores import BARS, SUMMED, UNIT, bar_of, in_units, parts_of

#: Codes whose reading is kept: those of one survey recur in every period and group.
_MOST_KEPT = 50_000


@dataclass(frozen=True)
class Joint:
    """The scores of respondents, between 0 and 1, added up.

    Scores are counted in units of 1 / `whole`, so that all sums are integers.
    """

    whole: int
    n: int
    """The respondents who have all the scores."""
    sums: Sequence[int]
    """Of each score, and of each product of two: as `SUMMED` says."""
    bars: Counter[int]
    """Respondents by the bar of the mean of their scores, where cells count them."""

    def moments(self, weights: Sequence[int | Fraction], start: int = 0) -> Moments | None:
        """Moments of `start` and a weighted sum of each respondent's scores."""
        common = lcm(*(weight.denominator for weight in weights))
        factors = [int(weight * common) for weight in weights]
        total = squares = 0
        for places, added in zip(SUMMED, self.sums, strict=True):
            if max(places) >= len(factors):
                continue
            if len(places) == 1:
                total += factors[places[0]] * added
            else:
                both = factors[places[0]] * factors[places[1]] * added
                squares += both if places[0] == places[1] else 2 * both
        unit = self.whole * common
        shift = start * unit
        squares += shift * (2 * total + shift * self.n)
        return moments_from_units(self.n, total + shift * self.n, squares, unit)

    def means(self) -> Counter[Fraction]:
        """Respondents by the mean of their scores, rounded down to the beginning of its bar."""
        return Counter({Fraction(bar, BARS): n for bar, n in self.bars.items()})


def joint(names: Sequence[Name], answers: Tally) -> Joint:
    """The respondents who have all the scores, over all surveys.

    Those that are folded come as bars and sums, others as codes of their scores.
    """
    codes: Counter[str] = Counter()
    for name in names:
        codes.update(answers.codes(name))
    found = of_codes({code: n for code, n in codes.items() if not code.isdecimal()})
    found.bars.update({int(code): n for code, n in codes.items() if code.isdecimal()})
    folded = [added for name in names if (added := answers.sums.get(name))]
    if not folded:
        return found
    n, *more = map(sum, zip(*folded, strict=True))
    sums = [
        before + added * (found.whole // UNIT) ** len(places)
        for places, before, added in zip(SUMMED, found.sums, more, strict=True)
    ]
    return Joint(found.whole, found.n + n, sums, found.bars)


def of_codes(codes: Mapping[str, int]) -> Joint:
    """The scores of respondents from their codes, `1/2,3/4`; each counts as often as is said."""
    given = [(*_read(code), n) for code, n in codes.items()]
    whole = lcm(UNIT, *{lowest for parts, _, _ in given for _, lowest in parts})
    bars: Counter[int] = Counter()
    sums = [0] * len(SUMMED)
    for parts, bar, n in given:
        bars[bar] += n
        scores = in_units(parts, whole)
        for place, places in enumerate(SUMMED):
            sums[place] += n * prod(scores[each] for each in places)
    return Joint(whole, sum(codes.values()), sums, bars)


@lru_cache(maxsize=_MOST_KEPT)
def _read(code: str) -> tuple[Sequence[tuple[int, int]], int]:
    """The fractions of a code, and the bar of their mean."""
    parts = parts_of(code)
    return parts, bar_of(parts)


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
