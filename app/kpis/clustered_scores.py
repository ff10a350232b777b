"""As many independent answers as clustered ones tell: answers of one customer are alike.

The variance of a mean of clustered scores is that of one-stage cluster sampling with replacement,
by Taylor's linearisation (M. H. Hansen, W. N. Hurwitz and W. G. Madow, 1953; K.-Y. Liang and
S. L. Zeger, 1986): the squares of the clusters' summed residuals, times G / (G - 1).
"""

from dataclasses import dataclass
from fractions import Fraction

from app.kpis.distributions import t_quantile
from app.kpis.statistics import DEFAULT_LEVEL


@dataclass(frozen=True)
class ClusteredScores:
    """Scores of answers, added up alone and by cluster. All sums are exact."""

    n: int
    total: Fraction
    """The sum of the scores."""
    squares: Fraction
    """The sum of their squares."""
    clusters: int
    totals_squared: Fraction
    """Over clusters, the sum of the squares of their totals."""
    totals_by_sizes: Fraction
    """Over clusters, the sum of total times size."""
    sizes_squared: int
    """Over clusters, the sum of the squares of their numbers of answers."""

    @property
    def mean(self) -> Fraction:
        """The mean of all scores; there must be one."""
        return self.total / self.n

    @property
    def independent_variance(self) -> Fraction | None:
        """The variance of the mean if all answers were independent: s^2 / n; None for one."""
        if self.n < 2:
            return None
        return (self.squares - self.n * self.mean**2) / (self.n * (self.n - 1))

    @property
    def variance(self) -> Fraction | None:
        """The variance of the mean of clusters; None for a single one."""
        if self.clusters < 2:
            return None
        residuals = (
            self.totals_squared
            - 2 * self.mean * self.totals_by_sizes
            + self.mean**2 * self.sizes_squared
        )
        return residuals * Fraction(self.clusters, self.clusters - 1) / self.n**2

    @property
    def customers(self) -> float:
        """As many customers of one size would tell as much: n^2 over the sum of squared sizes.

        R. F. Potthoff, M. A. Woodbury and K. G. Manton, 1992; the effective number of clusters of
        A. V. Carter, K. T. Schnepel and D. G. Steigerwald (2017) where answers are independent.
        Of equal sizes it is their number.
        """
        return self.n**2 / self.sizes_squared

    @property
    def n_effective(self) -> float | None:
        """The number of independent answers that would tell as much; None below two customers.

        n over the design effect, times (t(n - 1) / t(customers - 1))^2: the variance is estimated
        from so many customers, not from n answers (E. L. Korn and B. I. Graubard, 1998). At most
        n: that answers of one customer differ more than those of different ones is chance. Where
        all scores are equal nothing tells how alike those of a customer are: they are copies.
        """
        if self.clusters == self.n:
            return float(self.n)
        variance, independent = self.variance, self.independent_variance
        if variance is None or self.customers < 2:
            return None
        if not independent:
            return self.customers
        if not variance:
            return float(self.n)
        tail = 0.5 + DEFAULT_LEVEL / 2
        known = t_quantile(tail, self.n - 1) / t_quantile(tail, self.customers - 1)
        return self.n * min(1.0, known**2 * float(independent / variance))
