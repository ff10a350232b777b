"""Whether groups of texts differ in using a term."""

import math
from collections.abc import Sequence

from app.analyses.evidence import Effect, Evidence
from app.kpis.distributions import chi_square_survival


def keyness(using: Sequence[int], sizes: Sequence[int]) -> Evidence | None:
    """The likelihood-ratio test G2 of "uses the term" by group (T. Dunning, 1993).

    Over texts, not over words, so that one long answer counts once. None for fewer than two
    groups, or a term that all or none use. The effect is Cramer's V by G2.
    """
    filled = [(used, size) for used, size in zip(using, sizes, strict=True) if size]
    n, k = sum(size for _, size in filled), sum(used for used, _ in filled)
    if len(filled) < 2 or k in {0, n}:
        return None
    statistic = 0.0
    for used, size in filled:
        for observed, total in ((used, k), (size - used, n - k)):
            if observed:
                statistic += 2 * observed * math.log(observed * n / (size * total))
    statistic = max(0.0, statistic)
    df = len(filled) - 1
    effect = Effect("cramers_v", min(1.0, math.sqrt(statistic / n)))
    return Evidence(
        "g_squared", statistic, (float(df),), chi_square_survival(statistic, df), (effect,)
    )
