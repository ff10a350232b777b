"""What a comparison says of all its groups, and how large a difference is."""

from app.fields import Output


class KpiEffect(Output):
    """How large a difference is, on a scale that does not grow with the number of answers."""

    name: str
    value: float


class KpiOverall(Output):
    """One test that all tested groups are alike.

    `df` are its degrees of freedom: two of an analysis of variance, else one.
    """

    test: str
    statistic: float
    df: list[float]
    p: float
    groups: int
    effect: KpiEffect | None
