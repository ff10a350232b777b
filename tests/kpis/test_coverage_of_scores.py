"""Intervals of scores hold the truth as often as they say, by simulation."""

import random
from collections import Counter
from fractions import Fraction
from math import sqrt

import pytest

from app.kpis.catalog.customer_value import ratio_interval
from app.kpis.catalog.joint_answers import of_codes
from app.kpis.item_weights import Sums
from app.kpis.means import Estimate, Moments, estimate_interval, t_interval
from app.responses.item_sums import ItemSums, PairSums
from app.surveys.questions import Scale

#: Of 1,000 intervals at 0.95 so many may miss: 50, and three standard errors to either side.
RUNS, SLACK = 1_000, 3 * sqrt(0.95 * 0.05 / 1_000)
SCALE = Scale(1, 5, "higher", (4, 5))


def _respondent(rng: random.Random) -> tuple[int, int]:
    """Two correlated scores in twelfths."""
    mood = rng.randint(0, 6)
    return mood + rng.randint(0, 6), 6 - mood // 2 + rng.randint(0, 6)


@pytest.mark.parametrize("n", [30, 200])
def test_the_ratio_of_benefit_and_cost(n: int) -> None:
    """The delta method's interval of Fc / Cc, and Student's of Fc - Cc, both at 95 %."""
    rng = random.Random(n)
    many = [_respondent(rng) for _ in range(200_000)]
    gain = sum(one for one, _ in many) / len(many)
    cheap = sum(other for _, other in many) / len(many)
    truth, gap = gain / (12 - cheap), 100 * (gain + cheap - 12) / 12
    held = difference = 0
    for _ in range(RUNS):
        given = of_codes(Counter("{}/12,{}/12".format(*_respondent(rng)) for _ in range(n)))
        gains = _on_100(given.moments((1, 0)))
        costs = _on_100(given.moments((0, -1), 1))
        limits = ratio_interval(given, gains, costs, 0.95)
        spread = t_interval(_on_100(given.moments((1, 1), -1)))
        assert limits is not None
        assert spread is not None
        held += limits.low <= truth <= limits.high
        difference += spread.low <= gap <= spread.high
    assert held / RUNS == pytest.approx(0.95, abs=SLACK + 0.005)
    assert difference / RUNS == pytest.approx(0.95, abs=SLACK + 0.005)


def _on_100(scores: Moments | None) -> Moments:
    assert scores is not None
    return scores.rescaled(0, 1)


@pytest.mark.parametrize("n", [40, 200])
def test_item_means_with_gaps(n: int) -> None:
    """The delta method's interval of a mean of item means where a third is left out, at 95 %."""
    rng = random.Random(n)
    held = 0
    for _ in range(RUNS):
        rows = []
        for _ in range(n):
            mood = rng.random()
            row = [min(5, 1 + int(5 * (mood + rng.random()) / 2)) for _ in range(2)]
            rows.append([each if rng.random() < 0.67 else None for each in row])
        value, square = Sums.of([SCALE, SCALE], _sums(rows)).item_means([Fraction(1, 2)] * 2)
        assert square is not None
        limits = estimate_interval(Estimate(float(value), sqrt(square), n))
        assert limits is not None
        held += limits.low <= 0.5 <= limits.high
    assert held / RUNS == pytest.approx(0.95, abs=SLACK + 0.01)


def _sums(rows: list[list[int | None]]) -> ItemSums:
    """What the statement over the rows adds up, in plain Python."""
    pairs = {}
    for one in range(2):
        for other in range(one, 2):
            both = [
                (first, second)
                for row in rows
                if (first := row[one]) is not None and (second := row[other]) is not None
            ]
            pairs[one, other] = PairSums(
                len(both),
                sum(first for first, _ in both),
                sum(second for _, second in both),
                sum(first * second for first, second in both),
            )
    return ItemSums(1, "", sum(any(row) for row in rows), pairs)
