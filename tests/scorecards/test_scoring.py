"""Scores and aggregates against brute force on exact fractions."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kpis.statistics import Interval
from app.scorecards.aggregation import Aggregation, Observed, aggregate
from app.scorecards.scoring import Attained, attained, score, shares

weights = st.integers(1, 20).map(lambda value: value / 4)
parts = st.none() | st.tuples(*[st.integers(0, 120)] * 3).map(
    lambda ends: Attained(*(end / 100 for end in (sorted(ends)[1], min(ends), max(ends))))
)
FIRST = date(2026, 1, 1)


@given(st.lists(st.tuples(weights, parts), min_size=1, max_size=12))
@settings(max_examples=80)
def test_a_score_is_the_weighted_mean_of_what_is_known(
    given_: list[tuple[float, Attained | None]],
) -> None:
    """Value, range and coverage equal exact fractions; what is missing is not scored 0."""
    found = score(given_)
    known = [(Fraction(weight), part) for weight, part in given_ if part is not None]
    total = sum(Fraction(weight) for weight, _ in given_)
    if not known:
        assert (found.value, found.coverage, found.verdict) == (None, 0.0, "no_data")
        return
    of_known = sum(weight for weight, _ in known)
    assert found.coverage == pytest.approx(float(of_known / total))
    for name in ("value", "low", "high"):
        exact = sum(weight * Fraction(getattr(part, name)) for weight, part in known) / of_known
        assert getattr(found, name) == pytest.approx(float(exact))
    low, value, high = found.low or 0, found.value or 0, found.high or 0
    assert -1e-9 <= low <= value + 1e-9 <= high + 2e-9 <= 1.2 + 3e-9
    if found.verdict == "met":
        assert low >= 1 - 1e-6
    if found.verdict == "missed":
        assert high < 1


@given(st.lists(st.lists(weights, min_size=1, max_size=5), min_size=1, max_size=4), st.data())
@settings(max_examples=50)
def test_shares_make_a_whole(inner: list[list[float]], data: st.DataObject) -> None:
    """The shares add up to 1, and those of a perspective to its part, whatever the weights."""
    outer = data.draw(st.lists(weights, min_size=len(inner), max_size=len(inner)))
    found = shares(inner, outer)
    assert sum(map(sum, found)) == pytest.approx(1.0)
    for part, weight in zip(found, outer, strict=True):
        assert sum(part) == pytest.approx(weight / sum(outer))


def test_an_interval_carries_over() -> None:
    """Ends are turned where lower is better; without an interval an estimate may be anything."""
    limits = Interval(0.95, 2.0, 3.0, "t")
    found = attained(2.5, limits, estimated=True, target=2, direction="lower", floor=4)
    assert found == Attained(0.75, 0.5, 1.0)
    bare = attained(2.5, None, estimated=True, target=2, direction="lower", floor=4)
    assert bare == Attained(0.75, 0.0, 1.2)
    count = attained(2.5, None, estimated=False, target=2, direction="lower", floor=4)
    assert count == Attained(0.75, 0.75, 0.75)
    assert attained(None, None, estimated=True, target=2, direction="lower", floor=4) is None


def test_the_range_decides() -> None:
    """A score of 1.05 whose range holds 1 is not met yet; one wholly above is."""
    assert score([(1, Attained(1.05, 0.9, 1.2))]).verdict == "inconclusive"
    assert score([(1, Attained(1.05, 1.0, 1.2)), (1, None)]).verdict == "met"
    assert score([(1, Attained(0.8, 0.7, 0.99))]).verdict == "missed"


@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.none() | st.integers(0, 9), st.integers(1, 40)),
        max_size=8,
    ),
    st.sampled_from(["sum", "mean", "last"]),
)
@settings(max_examples=80)
def test_observations_add_up(rows: list[tuple[int, int | None, int]], how: Aggregation) -> None:
    """Sum, mean and last equal exact fractions, in whatever order the observations come."""
    starts, observed = FIRST, []
    for value, n, days in rows:
        observed.append(Observed(starts, starts + timedelta(days), float(value), n))
        starts += timedelta(days)
    found = aggregate(list(reversed(observed)), how)
    if not rows:
        assert found is None
        return
    assert found is not None
    assert (found.observations, found.days) == (len(rows), sum(days for *_, days in rows))
    if how == "last":
        assert found.value == rows[-1][0]
    elif how == "sum":
        assert found.value == pytest.approx(sum(value for value, *_ in rows))
    else:
        by_n = all(n for _, n, _ in rows)
        sizes = [(n or 0) if by_n else days for _, n, days in rows]
        values = (value for value, *_ in rows)
        exact = Fraction(sum(value * size for value, size in zip(values, sizes, strict=True)))
        assert found.value == pytest.approx(float(exact / sum(sizes)))


def test_intervals_of_several_are_bounds() -> None:
    """The interval of one observation is its own; of two, the sum of their ends; else none."""
    one = Observed(FIRST, FIRST + timedelta(1), 5.0, 2, Interval(0.95, 4.0, 6.0, "stated"))
    next_ = FIRST + timedelta(1)
    two = Observed(next_, next_ + timedelta(1), 7.0, 6, Interval(0.9, 6.0, 9.0, "stated"))
    bare = Observed(next_, next_ + timedelta(1), 7.0, 6)
    alone = aggregate([one], "sum")
    assert alone is not None
    assert alone.interval == one.interval
    total = aggregate([one, two], "sum")
    assert total is not None
    assert total.interval == Interval(0.9, 10.0, 15.0, "bounds")
    mean = aggregate([one, two], "mean")
    assert mean is not None
    assert (mean.value, mean.n, mean.interval) == (6.5, 8, Interval(0.9, 5.5, 8.25, "bounds"))
    mixed = aggregate([one, bare], "mean")
    assert mixed is not None
    assert mixed.interval is None
