"""Control charts against the published examples, and what holds for every series."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kpis.control_charts import (
    MIN_BASELINE,
    Baseline,
    baseline,
    ewma_chart,
    p_chart,
    pooled_share,
)

#: NIST/SEMATECH e-Handbook 6.3.2.4: twenty points, and the averages printed there.
NIST = (
    52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5,
    49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1,
)  # fmt: skip
NIST_EWMA = (
    50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33,
    50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99,
)  # fmt: skip
#: 6.3.3.2: chips that fail of 50 on each of 30 wafers.
WAFERS = (
    12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22,
    8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6,
)  # fmt: skip
values = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


def test_the_published_ewma_chart() -> None:
    """Limits 47.4115 and 52.5884 and every average are those of the handbook's example."""
    points = ewma_chart(NIST, Baseline(50.0, 2.0539, 50), weight=0.3)
    found = [point for point in points if point is not None]
    assert [round(point.statistic, 2) for point in found] == list(NIST_EWMA)
    assert (found[0].low, found[0].high) == pytest.approx((47.4115, 52.5884), abs=2e-4)
    assert {point.outside for point in found} == {None}


def test_the_published_p_chart() -> None:
    """The mean share .2313 and the limits .0524 and .4102 are those of the handbook's example."""
    shares = [(failed / 50, 50) for failed in WAFERS]
    usual = pooled_share(shares)
    assert usual is not None
    assert round(usual.centre, 4) == 0.2313
    points = [point for point in p_chart(shares, usual) if point is not None]
    assert (points[0].low, points[0].high) == pytest.approx((0.0524, 0.4102), abs=1e-4)
    assert [at for at, point in enumerate(points) if point.outside == "above"] == [14, 22]


def test_limits_follow_the_number_of_answers() -> None:
    """A share of few answers has wide limits, the same share of many leaves them."""
    usual = Baseline(0.1, 0.3, 20)
    few, many, none = p_chart([(0.2, 10), (0.2, 1_000), (None, 0)], usual)
    assert few is not None
    assert many is not None
    assert (few.outside, many.outside, none) == (None, "above", None)
    assert few.low == 0.0


def test_too_few_points_have_no_baseline() -> None:
    """What is usual is not known from seven points, nor from points without a value."""
    assert baseline([1.0] * (MIN_BASELINE - 1) + [None] * 9) is None
    assert pooled_share([(0.5, 9)] * (MIN_BASELINE - 1) + [(None, 0)] * 9) is None
    with pytest.raises(ValueError, match="weight"):
        ewma_chart([1.0], Baseline(0, 1, 9), weight=0)


@pytest.mark.parametrize(("shift", "published", "within"), [(0.0, 500, 90), (1.0, 10.5, 1.5)])
def test_how_long_it_takes_to_ring(shift: float, published: float, within: float) -> None:
    """Mean run lengths at weight .2, width 2.962 are those of Lucas and Saccucci (1990).

    500 points to a false alarm, 10.5 to notice one standard deviation; by simulation, with
    three standard errors to spare.
    """
    source = Random(20)
    lengths = []
    for _ in range(300):
        series = [source.gauss(shift) for _ in range(2_500 if shift == 0 else 200)]
        points = ewma_chart(series, Baseline(0.0, 1.0, 100), weight=0.2, width=2.962)
        outside = (at for at, point in enumerate(points, 1) if point and point.outside)
        lengths.append(next(outside, len(series)))
    assert abs(sum(lengths) / len(lengths) - published) < within


def test_how_often_a_p_chart_is_wrong() -> None:
    """Of points that come from the usual share .27 % lie outside, as three sigmas promise."""
    source = Random(21)
    usual = Baseline(0.4, (0.4 * 0.6) ** 0.5, 50)
    shares = [(sum(source.random() < 0.4 for _ in range(250)) / 250, 250) for _ in range(6_000)]
    outside = sum(point is not None and point.outside is not None
                  for point in p_chart(shares, usual))  # fmt: skip
    assert 5 <= outside <= 32


@given(st.lists(st.none() | values, min_size=1, max_size=30), st.floats(0.01, 1))
@settings(max_examples=60)
def test_an_average_stays_among_its_values(series: list[float | None], weight: float) -> None:
    """The EWMA lies between the smallest and the largest of the values and the centre."""
    points = ewma_chart(series, Baseline(0.0, 1.0, 9), weight=weight)
    known = [value for value in series if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    assert [point is None for point in points] == [value is None for value in series]
    for point in points:
        if point is not None:
            assert low - 1e-6 <= point.statistic <= high + 1e-6


@given(values, st.integers(MIN_BASELINE, 40))
@settings(max_examples=40)
def test_nothing_happens_where_nothing_happens(value: float, count: int) -> None:
    """A constant series never leaves its limits, though they have no width."""
    series = [value] * count
    usual = baseline(series)
    assert usual is not None
    outside = [point.outside for point in ewma_chart(series, usual) if point]
    shares = [((value % 1), 7)] * count
    pooled = pooled_share(shares)
    assert pooled is not None
    outside += [point.outside for point in p_chart(shares, pooled) if point]
    assert set(outside) == {None}
