"""Attainment: its bounds, its ends, and that it rises with what is better."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.targets.attainment import (
    MOST,
    Direction,
    attainment,
    attainment_of,
    misplaced,
    on_the_wrong_side,
)

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
directions = st.sampled_from(["higher", "lower"])


def test_the_worked_examples() -> None:
    """By hand: NPS .2302 of .30; effort 2.5 on the way from 4 to 2; the ends and beyond."""
    assert attainment(0.2302, target=0.30, floor=None) == pytest.approx(0.767, abs=5e-4)
    assert attainment(2.5, target=2.0, floor=4.0) == 0.75
    assert attainment(0.0, target=0.0, floor=0.1) == 1.0
    assert attainment(5.0, target=2.0, floor=4.0) == 0.0
    assert attainment(9.0, target=1.0, floor=0.0) == MOST


def test_without_a_beginning_there_is_no_way() -> None:
    """No floor and a target of 0, or of a figure where lower is better: nothing is claimed."""
    assert attainment(1.0, target=0.0, floor=None) is None
    assert attainment_of(1.0, target=2.0, direction="lower", floor=None) is None
    assert attainment_of(None, target=2.0, direction="higher", floor=0.0) is None


@given(numbers, numbers, numbers)
@settings(max_examples=80)
def test_it_keeps_its_bounds(value: float, target: float, floor: float) -> None:
    """Always in [0, 1.2]; 0 at the floor and 1 at the target."""
    assume(abs(target - floor) > 1e-3)
    found = attainment(value, target=target, floor=floor)
    assert found is not None
    assert 0.0 <= found <= MOST
    assert attainment(floor, target=target, floor=floor) == 0.0
    assert attainment(target, target=target, floor=floor) == 1.0


@given(numbers, numbers, numbers, numbers, directions)
@settings(max_examples=80)
def test_better_is_never_less(
    one: float, other: float, target: float, floor: float, direction: Direction
) -> None:
    """Of two values the better one never attains less, and reaching 1 is being on the good side."""
    assume(misplaced(target=target, direction=direction, floor=floor, stretch=None) is None)
    worse, better = sorted((one, other), reverse=direction == "lower")
    low = attainment_of(worse, target=target, direction=direction, floor=floor)
    high = attainment_of(better, target=target, direction=direction, floor=floor)
    assert low is not None
    assert high is not None
    assert low <= high
    if on_the_wrong_side(better, target=target, direction=direction):
        assert high <= 1.0


def test_what_stands_on_the_wrong_side() -> None:
    """Floor, target and stretch go from worse to better, whichever way better is."""
    assert misplaced(target=1, direction="higher", floor=1, stretch=2) == "floor"
    assert misplaced(target=1, direction="higher", floor=0, stretch=0.5) == "stretch"
    assert misplaced(target=1, direction="lower", floor=0, stretch=None) == "floor"
    assert misplaced(target=1, direction="lower", floor=2, stretch=1) is None
