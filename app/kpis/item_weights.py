"""From sums over the answers of items to their weights, and to an index by weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from app.kpis.principal import index_weights, principal
from app.kpis.statistics import DEFAULT_MIN_N
from app.responses.item_sums import ItemSums
from app.surveys.questions import Scale

#: Fewer respondents than this (or than items) give no weights.
TOO_FEW_FOR_WEIGHTS = "too_few_for_weights"
#: An item does not vary, no component stands out, or one works against the others.
NO_SOUND_WEIGHTS = "no_sound_weights"


@dataclass(frozen=True)
class GivenWeights:
    """Shares of 1, one for each item; `problem` names why there are none."""

    shares: tuple[Fraction, ...]
    problem: str | None
    explained: float | None = None
    """The share of the items' spread that an estimated component explains."""
    n: int = 0
    """The respondents that they were estimated from."""


@dataclass(frozen=True)
class Sums:
    """Sums of scores between 0 (worst) and 1 (best), of one period and group.

    `answered[j]` is the number of answers to item j, `means[j]` their mean, and `products[j][k]`
    the sum of (score - mean) products over those who answered both.
    """

    respondents: int
    answered: tuple[int, ...]
    means: tuple[Fraction, ...]
    products: tuple[tuple[Fraction, ...], ...]

    @classmethod
    def of(cls, scales: Sequence[Scale], found: ItemSums) -> "Sums":
        """From points of the scales to scores, exactly."""
        size = range(len(scales))
        answered = tuple(found.pairs[j, j].n for j in size)
        points = [
            Fraction(found.pairs[j, j].first, answered[j]) if answered[j] else Fraction()
            for j in size
        ]
        slopes = [
            Fraction(1 if scale.direction == "higher" else -1, scale.max - scale.min)
            for scale in scales
        ]
        worst = [scale.min if scale.direction == "higher" else scale.max for scale in scales]
        means = tuple((points[j] - worst[j]) * slopes[j] for j in size)
        products = [[Fraction()] * len(scales) for _ in size]
        for (j, k), pair in found.pairs.items():
            shared = pair.product - points[k] * pair.first - points[j] * pair.second
            shared += pair.n * points[j] * points[k]
            products[j][k] = products[k][j] = shared * slopes[j] * slopes[k]
        return cls(found.respondents, answered, means, tuple(map(tuple, products)))

    def score(self, shares: Sequence[Fraction]) -> tuple[Fraction, Fraction | None]:
        """Mean and sample variance of the respondents' weighted scores, all items answered."""
        mean = sum((w * each for w, each in zip(shares, self.means, strict=True)), Fraction())
        if self.respondents < 2:
            return mean, None
        return mean, self._form(shares) / (self.respondents - 1)

    def item_means(self, shares: Sequence[Fraction]) -> tuple[Fraction, Fraction | None]:
        """The weighted mean of the items' means, and its variance by the delta method.

        Each respondent contributes w_j (score - mean_j) / n_j for every item that was answered;
        the squares of these add up to the variance, with n / (n - 1) as for a plain mean.
        """
        mean = sum((w * each for w, each in zip(shares, self.means, strict=True)), Fraction())
        if self.respondents < 2:
            return mean, None
        parts = [w / n for w, n in zip(shares, self.answered, strict=True)]
        return mean, self._form(parts) * self.respondents / (self.respondents - 1)

    def _form(self, factors: Sequence[Fraction]) -> Fraction:
        return sum(
            (
                one * other * product
                for one, row in zip(factors, self.products, strict=True)
                for other, product in zip(factors, row, strict=True)
            ),
            Fraction(),
        )


def estimated_weights(items: Sequence[object], sums: Sums | None) -> GivenWeights:
    """The first principal component of the correlations, loadings over standard deviations.

    None of it is sound where an item does not vary or has a weight below 0: then there are none.
    """
    if sums is None or sums.respondents < max(DEFAULT_MIN_N, len(items) + 1):
        return GivenWeights((), TOO_FEW_FOR_WEIGHTS)
    deviations = [sqrt(sums.products[j][j]) for j in range(len(items))]
    if not all(deviations):
        return GivenWeights((), NO_SOUND_WEIGHTS)
    correlations = [
        [float(product) / (one * other) for product, other in zip(row, deviations, strict=True)]
        for row, one in zip(sums.products, deviations, strict=True)
    ]
    found = principal(correlations)
    if found is None or min(found.loadings) <= 0:
        return GivenWeights((), NO_SOUND_WEIGHTS)
    shares = index_weights(found.loadings, deviations)
    return GivenWeights(tuple(map(Fraction, shares)), None, found.share, sums.respondents)
