"""Verdicts and several tests at once."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from app.kpis.statistics import (
    ChangeVerdict,
    Difference,
    Direction,
    Interval,
    TargetVerdict,
    change_verdict,
    critical_z,
    holm,
    target_verdict,
)


def difference(low: float, high: float, p: float) -> Difference:
    """A difference with these limits at level 0.95."""
    return Difference((low + high) / 2, low, high, 0.95, p, "welch", "welch")


@pytest.mark.parametrize(
    ("change", "direction", "sizes", "expected"),
    [
        (difference(0.1, 0.3, 0.001), "higher", (30, 30), "improved"),
        (difference(0.1, 0.3, 0.001), "lower", (30, 30), "worsened"),
        (difference(-0.3, -0.1, 0.001), "higher", (30, 30), "worsened"),
        (difference(-0.3, -0.1, 0.001), "lower", (30, 30), "improved"),
        (difference(-0.1, 0.3, 0.4), "higher", (300, 300), "no_evidence_of_change"),
        (difference(0.0, 0.3, 0.05), "higher", (300, 300), "no_evidence_of_change"),
        (difference(0.01, 0.3, 0.06), "higher", (300, 300), "no_evidence_of_change"),
        (difference(-0.01, 0.3, 0.04), "higher", (300, 300), "no_evidence_of_change"),
        (difference(0.1, 0.3, 0.001), "higher", (29, 300), "too_few"),
        (difference(0.1, 0.3, 0.001), "higher", (300, 29), "too_few"),
        (None, "higher", (300, 300), "too_few"),
    ],
)
def test_change_verdicts(
    change: Difference | None,
    direction: Direction,
    sizes: tuple[int, int],
    expected: ChangeVerdict,
) -> None:
    """A change is claimed only with enough answers, a small p and an interval without 0."""
    now, before = sizes
    verdict = change_verdict(change, direction=direction, n_now=now, n_before=before)
    assert verdict == expected


@pytest.mark.parametrize(
    ("interval", "target", "direction", "expected"),
    [
        ((0.31, 0.40), 0.30, "higher", "met"),
        ((0.30, 0.40), 0.30, "higher", "met"),
        ((0.29, 0.40), 0.30, "higher", "inconclusive"),
        ((0.20, 0.30), 0.30, "higher", "inconclusive"),
        ((0.20, 0.29), 0.30, "higher", "missed"),
        ((0.20, 0.30), 0.30, "lower", "met"),
        ((0.30, 0.40), 0.30, "lower", "inconclusive"),
        ((0.31, 0.40), 0.30, "lower", "missed"),
        ((0.30, 0.30), 0.30, "higher", "met"),
        ((0.30, 0.30), 0.30, "lower", "met"),
        ((0.0804, 0.3703), 0.30, "higher", "inconclusive"),
        (None, 0.30, "higher", "inconclusive"),
    ],
)
def test_target_verdicts(
    interval: tuple[float, float] | None,
    target: float,
    direction: Direction,
    expected: TargetVerdict,
) -> None:
    """A target is met or missed only when the whole interval says so; reaching it is meeting it."""
    limits = Interval(0.95, *interval, "t") if interval else None
    assert target_verdict(0.3, limits, target=target, direction=direction) == expected


def test_no_value_is_no_data() -> None:
    """Without a value there is nothing to judge."""
    assert target_verdict(None, None, target=1, direction="higher") == "no_data"


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_is_bonferroni_over_every_subset(p_values: list[float]) -> None:
    """Brute force of the closure: the worst Bonferroni p over all subsets that hold the test."""
    everything = range(len(p_values))
    subsets = [set(s) for size in everything for s in combinations(everything, size + 1)]
    expected = [
        max(min(1, len(s) * min(p_values[j] for j in s)) for s in subsets if i in s)
        for i in everything
    ]
    assert holm(p_values) == pytest.approx(tuple(expected))


def test_holm_equals_statsmodels() -> None:
    """Five tests out of order, against an independent implementation."""
    p_values = [0.04, 0.001, 0.9, 0.012, 0.03]
    _, expected, _, _ = multipletests(p_values, method="holm")
    assert holm(p_values) == pytest.approx(tuple(expected))


def test_critical_z_is_the_textbook_value() -> None:
    """The values printed in every table."""
    assert critical_z(0.95) == pytest.approx(1.959964, abs=5e-7)
    assert critical_z(0.99) == pytest.approx(2.575829, abs=5e-7)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.5, math.nan])
def test_impossible_levels_are_refused(level: float) -> None:
    """A level is a fraction strictly between 0 and 1; 95 is a mistake, not 95 percent."""
    with pytest.raises(ValueError, match="level"):
        critical_z(level)


def test_an_interval_knows_its_width() -> None:
    """Width is high minus low, and a difference hands out its limits as an interval."""
    interval = difference(0.1, 0.4, 0.01).interval
    assert interval == Interval(0.95, 0.1, 0.4, "welch")
    assert interval.width == pytest.approx(0.3)
