"""Figures of weighed answers as pure functions: against repeated answers, Kish, and formulas."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.kpis.catalog.indices import components
from app.kpis.catalog.survey_figures import best_share, mean_on_100, rescaled, share_of
from app.kpis.declaration import Measurement, Scope
from app.kpis.distributions import t_quantile
from app.kpis.questions import Item
from app.kpis.tallies import Tally
from app.kpis.weighted_figures import Weighed, weighted
from app.surveys.questions import Scale
from tests.kpis.weighing import effective, mean, wilson

SURVEY = UUID(int=1)
SCOPE = Scope(workspace_id=UUID(int=2), time_zone="UTC")
ITEMS = [
    Item(
        survey_id=SURVEY, question=name, name=name, type="csat", construct="satisfaction",
        scale=Scale(min=1, max=5, direction="higher", top_box=(4, 5)),
    )
    for name in ("speed", "price")
]  # fmt: skip
#: What a stratum answered: points of the first question, and of the second.
_points = st.lists(st.integers(1, 5), max_size=12)
_strata = st.lists(st.tuples(_points, _points), min_size=1, max_size=4)
_weights = st.lists(st.integers(1, 6), min_size=4, max_size=4)


def _tally(speed: list[int], price: list[int], times: int = 1) -> Tally:
    counted = [
        Counter({str(point): n * times for point, n in Counter(points).items()})
        for points in (speed, price)
    ]
    return Tally(answered={(SURVEY, "speed"): counted[0], (SURVEY, "price"): counted[1]})


def _figure(answers: Tally) -> Measurement:
    """The share of the best of the first question, with the parts of both beside it."""
    found = share_of(best_share(ITEMS[:1], answers), SCOPE, "satisfied")
    parts = {"mean": mean_on_100(ITEMS[:1], answers, SCOPE)} | components(ITEMS, answers, SCOPE)
    return Measurement(**vars(found) | {"components": parts, "excluded": {"skipped": 0}})


def _weighed(
    strata: list[tuple[list[int], list[int]]], weights: Sequence[int | Fraction]
) -> Measurement:
    weighed = [
        Weighed(_tally(*answers), Fraction(weight))
        for answers, weight in zip(strata, weights, strict=False)
    ]
    return weighted(_figure, weighed)


@given(_strata, st.integers(1, 9))
@settings(deadline=None)
def test_answers_of_one_weight_are_plain_answers(
    strata: list[tuple[list[int], list[int]]], weight: int
) -> None:
    """Every number of every part is exactly the unweighted one, if the weights are all 1.

    If they are all alike, only the sums of weights differ.
    """
    speed, price = ([each for own in strata for each in own[place]] for place in (0, 1))
    plain = _figure(_tally(speed, price))
    found = _weighed(strata, [1] * 4)
    assert (found.value, found.interval, found.n) == (plain.value, plain.interval, plain.n)
    assert found.n_effective == plain.n
    assert (found.numerator, found.denominator) == (plain.numerator, plain.denominator)
    assert found.evidence == plain.evidence
    for name, part in plain.components.items():
        ours = found.components[name]
        assert (ours.value, ours.interval, ours.n) == (part.value, part.interval, part.n)
    heavy = _weighed(strata, [weight] * 4)
    assert (heavy.value, heavy.interval, heavy.n) == (plain.value, plain.interval, plain.n)
    assert heavy.n_effective == plain.n
    assert heavy.weights is not None
    assert heavy.weights.total == weight * plain.n
    assert heavy.weights.design_effect == 1


@given(_strata, _weights)
@settings(deadline=None)
def test_an_answer_of_weight_two_is_two_answers_told_once(
    strata: list[tuple[list[int], list[int]]], weights: list[int]
) -> None:
    """Values are those of repeated answers; limits are Wilson's and Student's of Kish's number.

    Kish's number is taken over single answers, the mean and its spread by numpy; each part is
    of the answers to its own question.
    """
    pairs = list(zip(strata, weights, strict=False))
    speed = [(point, w) for own, w in pairs for point in own[0]]
    price = [(point, w) for own, w in pairs for point in own[1]]
    assume(len(speed) > 1)
    repeated = _figure(
        _tally([p for p, w in speed for _ in range(w)], [p for p, w in price for _ in range(w)])
    )
    found = _weighed(strata, weights)
    assert found.value == repeated.value
    assert found.denominator == repeated.denominator
    assert found.numerator == repeated.numerator
    n = effective([Fraction(w) for _, w in speed])
    assert found.n == len(speed)
    assert found.n_effective == float(n)
    assert found.value is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        wilson(found.value, float(n)), abs=1e-12
    )
    ours = found.components["price"]
    assert ours.value == repeated.components["price"].value
    assert ours.n == len(price)
    if price:
        assert ours.n_effective == float(effective([Fraction(w) for _, w in price]))
    points, heavy = np.array([p for p, _ in speed]), np.array([w for _, w in speed])
    average = np.average(points, weights=heavy)
    spread = np.average((points - average) ** 2, weights=heavy) * float(n / (n - 1))
    half = t_quantile(0.975, float(n) - 1) * sqrt(spread / float(n)) * 25
    part = found.components["mean"]
    assert part.value == pytest.approx((average - 1) * 25)
    assert part.value == pytest.approx(
        float(mean([p for p, _ in speed], [Fraction(w) for _, w in speed]) - 1) * 25
    )
    assert part.interval is not None
    assert part.interval.low == pytest.approx(max(0, (average - 1) * 25 - half), abs=1e-9)
    assert part.interval.high == pytest.approx(min(100, (average - 1) * 25 + half), abs=1e-9)


def test_who_has_no_weight_is_left_out_and_counted() -> None:
    """An answer of weight 0 is in no number but `not_in_scheme`."""
    strata = [([5, 1], [3]), ([1, 1, 1], [])]
    found = _weighed(strata, [1, 0])
    assert (found.value, found.n, found.n_effective) == (0.5, 2, 2)
    assert found.excluded == {"skipped": 0, "not_in_scheme": 3}
    nobody = _weighed(strata, [0, 0])
    assert (nobody.value, nobody.n, nobody.n_effective) == (None, 0, 0)
    assert (nobody.reason, nobody.interval) == ("empty_denominator", None)


def test_weights_may_add_up_to_one() -> None:
    """Two answers of weight 1/2 are two answers: sums of weights are no numbers of answers."""
    found = _weighed([([5, 1], [])], [Fraction(1, 2)])
    plain = _figure(_tally([5, 1], []))
    assert (found.value, found.n, found.n_effective) == (0.5, 2, 2)
    assert found.interval == plain.interval
    assert found.components["mean"].interval == plain.components["mean"].interval
    assert found.denominator == {"answered": 1}
    assert rescaled(ITEMS[:1], _tally([5], [])) is not None


def test_what_cannot_be_weighed_has_no_figure() -> None:
    """The fault is the reason, and nothing is told beside it."""
    found = weighted(_figure, "empty_stratum")
    assert (found.value, found.n, found.reason) == (None, 0, "empty_stratum")
    assert not found.counts
