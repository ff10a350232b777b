"""Figures of weighed answers: the same functions of the same counts, as if by equal answers.

Answers with weights w tell as much as n_eff = (sum w)^2 / sum w^2 answers of one weight (L. Kish,
1965). So a figure is made of weighted counts that are scaled to add up to n_eff: its value is the
weighted one, and its interval and its tests are those of so many answers. Exact where strata do
not differ; where they do, weights to fixed margins are more precise than that, never less.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import cast

from app.kpis.declaration import Measurement, Weights
from app.kpis.means import Moments
from app.kpis.proportions import NpsCounts, Share
from app.kpis.tallies import Tally
from app.kpis.thinning import Evidence, interval_like
from app.weighting.schemes import Fault

#: The answer is of a stratum that has no weight.
NOT_IN_SCHEME = "not_in_scheme"


@dataclass(frozen=True)
class Weighed:
    """What was answered in a stratum, and the weight of each of these answers."""

    answers: Tally
    weight: Fraction


#: What a figure is made of, or why it cannot be weighed.
Strata = Sequence[Weighed] | Fault


def weighted(figure: Callable[[Tally], Measurement], strata: Strata) -> Measurement:
    """The figure of weighed answers. Each of its parts is of the answers that it counts itself.

    `n` is of the answers that have a weight; numerators and denominators are sums of weights.
    """
    if isinstance(strata, str):
        return Measurement(value=None, n=0, reason=strata)
    unit = lcm(*(each.weight.denominator for each in strata))
    whole = _added(strata, lambda weight: int(weight * unit))
    views = _Views(
        every=figure(_added(strata, lambda _: 1)),
        kept=figure(_added(strata, lambda weight: int(weight > 0))),
        whole=figure(whole),
        summed=figure(_times(whole, Fraction(1, unit))),
        squared=figure(_added(strata, lambda weight: int(weight * unit) ** 2)),
    )
    return views.joined(lambda factor: figure(_times(whole, factor)))


@dataclass(frozen=True)
class _Views:
    """One figure (or a part of it), of the same answers that count in so many ways."""

    every: Measurement
    """Each once."""
    kept: Measurement
    """Each once that has a weight."""
    whole: Measurement
    """Each by its weight, in units of which all weights are whole numbers."""
    summed: Measurement
    """Each by its weight."""
    squared: Measurement
    """Each by the square of its weight, in such units."""

    def part(self, name: str) -> "_Views":
        return _Views(
            self.every.components[name],
            self.kept.components[name],
            self.whole.components[name],
            self.summed.components[name],
            self.squared.components[name],
        )

    def joined(
        self, scaled: Callable[[Fraction], Measurement], place: tuple[str, ...] = ()
    ) -> Measurement:
        """The figure as of the number of equal answers that tell as much.

        `scaled` makes the whole figure anew, of which this is the part at `place`: only for an
        interval that does not follow from the evidence.
        """
        factor = Fraction(self.whole.n, self.squared.n) if self.squared.n else Fraction(1)
        found, evidence = self.whole, self.whole.evidence
        if isinstance(evidence, Evidence):
            evidence = _as_of(evidence, factor)
            interval = found.interval and interval_like(found.interval, evidence)
            found = replace(found, evidence=evidence, interval=interval)
        elif found.interval is not None:
            found = scaled(factor)
            for name in place:
                found = found.components[name]
        n, sizes = self.kept.n, {NOT_IN_SCHEME: self.every.n - self.kept.n}
        n_effective = float(self.whole.n * factor)
        return replace(
            found,
            value=None if found.value is None else float(found.value),
            n=n,
            n_effective=n_effective,
            weights=Weights(float(self.summed.n), n / n_effective if n else 1.0),
            numerator=_floats(self.summed.numerator),
            denominator=_floats(self.summed.denominator),
            excluded={**self.every.excluded, **sizes} if self.every.excluded else {},
            counts=self._counts(sizes),
            shares=self._shares(),
            components={
                name: self.part(name).joined(scaled, (*place, name)) for name in found.components
            },
        )

    def _counts(self, sizes: Mapping[str, int]) -> Mapping[str, int]:
        """Counts are of answers; what was left out is of all, as the scheme's own."""
        if not self.every.counts:
            return {}
        left_out = {code: n for code, n in self.every.counts.items() if code.startswith("~")}
        beside = {f"~{reason}": n for reason, n in sizes.items()}
        return {**self.kept.counts, **left_out, **beside}

    def _shares(self) -> Mapping[str, float]:
        counted = {code: n for code, n in self.whole.counts.items() if not code.startswith("~")}
        total = sum(counted.values())
        return {code: float(n / total) for code, n in counted.items()} if total else {}


def _as_of(evidence: Evidence, factor: Fraction) -> Evidence:
    """The evidence of so many times as many answers of the same kind."""
    if factor == 1:
        return evidence
    times = cast("int", factor)
    match evidence:
        case Share(count, total):
            return Share(count * times, total * times)
        case NpsCounts(promoters, detractors, answered):
            return NpsCounts(promoters * times, detractors * times, answered * times)
        case Moments(size, mean, variance):
            n = size * times
            if variance is not None:
                # Its divisor is one less than the number of scores.
                variance = variance * (size - 1) / size * n / (n - 1) if n > 1 else None
            return Moments(n, mean, variance)


def _floats(sums: Mapping[str, float]) -> Mapping[str, float]:
    return {name: float(each) for name, each in sums.items()}


def _added(strata: Sequence[Weighed], times: Callable[[Fraction], int]) -> Tally:
    """The answers of all strata, each as often as its weight says."""
    added = Tally()
    for each in strata:
        factor = times(each.weight)
        for ours, theirs in (
            (added.answered, each.answers.answered),
            (added.excluded, each.answers.excluded),
        ):
            for name, codes in theirs.items():
                into = ours.setdefault(name, Counter())
                for code, n in codes.items():
                    into[code] += n * factor
        for name, sums in each.answers.sums.items():
            before = added.sums.get(name, [0] * len(sums))
            added.sums[name] = [a + n * factor for a, n in zip(before, sums, strict=True)]
    return added


def _times(answers: Tally, factor: Fraction) -> Tally:
    """The answers, each so many times.

    Exact fractions stand where counts of answers do: whatever adds up and divides counts takes
    them as they are. Once is left alone, so that equal weights change no digit.
    """
    if factor == 1:
        return answers
    times = cast("int", factor)
    return Tally(
        answered={
            name: Counter({code: n * times for code, n in codes.items()})
            for name, codes in answers.answered.items()
        },
        sums={name: [n * times for n in sums] for name, sums in answers.sums.items()},
    )
