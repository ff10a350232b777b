"""Weighs by brute force: every answer with its weight, and what field manuals make of them."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from typing import Any

from tests.conftest import Tenant

Z = NormalDist().inv_cdf(0.975)


async def put_scheme(
    tenant: Tenant, margins: Mapping[str, Mapping[str, float]], name: str = "ours", **more: Any
) -> dict[str, Any]:
    """Put a weighting scheme by its margins; weights are not trimmed unless told otherwise."""
    body = {
        "name": {"en": "Population", "zh-CN": "总体"},
        "margins": [{"dimension": each, "targets": dict(own)} for each, own in margins.items()],
        "trim": "none",
        "source": "CRM",
    }
    answer = await tenant.client.put(f"/v1/weighting-schemes/{name}", json=body | more)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def post_stratified(strata: Sequence[str], targets: Mapping[str, int]) -> dict[str, Fraction]:
    """The weight of each answer of a stratum: its share of the population by that of the sample."""
    inside = [each for each in strata if targets.get(each)]
    whole = sum(targets.values())
    return {
        each: Fraction(share * len(inside), whole * inside.count(each))
        for each, share in targets.items()
        if each in inside
    }


def effective(weights: Sequence[Fraction]) -> Fraction:
    """Kish: (sum w)^2 / sum w^2, over single answers."""
    return sum(weights, Fraction()) ** 2 / sum((each * each for each in weights), Fraction())


def mean(values: Sequence[int], weights: Sequence[Fraction]) -> Fraction:
    """The weighted mean, over single answers."""
    pairs = zip(values, weights, strict=True)
    return sum((v * w for v, w in pairs), Fraction()) / sum(weights, Fraction())


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's limits from a share and a number of answers that need not be whole."""
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return centre - half, centre + half


def adjusted_wald(score: float, extremes: float, n: float) -> tuple[float, float]:
    """Rocks' limits of an NPS from the score, the share of promoters and detractors, and n."""
    total = n + 3
    centre, both = score * n / total, (extremes * n + 1.5) / total
    half = Z * sqrt((both - centre * centre) / total)
    return centre - half, centre + half
