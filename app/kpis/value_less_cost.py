"""What customers brought in less what it cost to win them."""

from dataclasses import replace
from fractions import Fraction

from app.kpis.acquisition_cost import Cost
from app.kpis.declaration import Measurement, Option, Reason, Scope
from app.kpis.means import Moments, t_interval
from app.kpis.purchases import chosen
from app.problems import Text

ACQUISITION_COST = Option(
    "acquisition_cost",
    Text(
        "Historic: yes takes off what winning a customer cost. With cohort=acquired, by channel or "
        "for all; of others it is not stated.",
        "历史模式：yes 表示扣除获客成本。须 cohort=acquired，可按渠道或总体；"
        "其他范围没有获客成本数据。",
    ),
    values=("no", "yes"),
    default="no",
)


def with_cost(scope: Scope) -> bool:
    """Whether the cost of winning a customer is taken off."""
    return chosen(scope, ACQUISITION_COST) == "yes"


def less_cost(valued: Measurement, cost: Cost | None, level: float) -> Measurement:
    """A mean value of customers, each less the cost of winning one; no value where that is unknown.

    The mean is then (sum of what they brought in - spend) / N with N a Poisson count. By the delta
    method its error is that of a mean of N values whose variance is that of what customers
    brought in plus the square of the cost.
    """
    reason = _reason(valued, cost)
    if cost is None or cost.each is None or reason or not isinstance(valued.evidence, tuple):
        return replace(
            valued, value=None, numerator={}, interval=None, components={}, reason=reason,
            evidence=None,
        )  # fmt: skip
    currency, scores = valued.evidence
    net = _less(scores, cost.each, cost.new)
    total, each = float(net.mean * net.n), float(cost.each)
    parts = {
        name: replace(part, value=total if name == "sum" else part.value - each)
        for name, part in valued.components.items()
        if part.value is not None
    }
    parts["acquisition_cost"] = Measurement(
        each, cost.new, interval=cost.interval(level), unit="money", currency=currency,
        direction="lower",
    )  # fmt: skip
    return replace(
        valued,
        value=net.value,
        numerator={"value": total},
        interval=t_interval(net, level),
        warnings=(*valued.warnings, *cost.spend.warnings),
        components=parts,
        sources=cost.spend.sources,
        evidence=(currency, net),
    )


def _less(scores: Moments, each: Fraction, new: int) -> Moments:
    spread = scores.variance
    if spread is not None:
        spread += each**2 * Fraction(scores.n, new)
    return Moments(scores.n, scores.mean - each, spread)


def _reason(valued: Measurement, cost: Cost | None) -> Reason | None:
    """Why there is no value; None where there is one."""
    if valued.value is None:
        return valued.reason
    if cost is None:
        return "not_defined"
    if cost.each is None:
        return cost.spend.reason or "empty_denominator"
    return None if cost.spend.currency == valued.currency else "mixed_currencies"
