"""What an answer about a KPI says of weights."""

from app.fields import Output


class KpiWeighting(Output):
    """The weighting scheme of a figure, as it was when the figure was made."""

    scheme: str
    revision: int


class KpiWeights(Output):
    """What weighed the answers of a figure.

    `total` is the sum of the weights, whose mean over all responses of the period is 1;
    `design_effect` is Kish's, n sum w² / (sum w)².
    """

    total: float
    design_effect: float
