"""Hysteresis against an independent count of runs, and what holds for every series."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.hysteresis import State, step

levels = st.sampled_from(["ok", "at_risk", "breached"])
ends = st.sampled_from(["ok", "breached"])
counts = st.integers(1, 4)
_RANK = {"ok": 0, "at_risk": 1, "breached": 2}


def walk(series: list[State], open_after: int, close_after: int) -> list[State]:
    """The state after each level."""
    state: State = "ok"
    recent: list[State] = []
    states: list[State] = []
    for level in series:
        state, recent = step(state, recent, level, open_after=open_after, close_after=close_after)
        states.append(state)
    return states


def test_the_worked_example() -> None:
    """Two to open, three to close: a single bad day does nothing, a single good one neither."""
    bad: State = "breached"
    good: State = "ok"
    series: list[State] = [bad, good, bad, bad, good, good, bad, good, good, good]
    assert walk(series, 2, 3) == [good] * 3 + [bad] * 6 + [good]


def test_it_rises_to_the_mildest_and_falls_to_the_worst() -> None:
    """At risk and breached in a row are at risk; breached twice is breached."""
    assert walk(["at_risk", "breached", "breached"], 2, 1) == ["ok", "at_risk", "breached"]
    falling: list[State] = ["breached", "at_risk", "ok", "ok"]
    assert walk(falling, 1, 2) == ["breached", "breached", "at_risk", "ok"]


@given(st.lists(ends, max_size=40), counts, counts)
@settings(max_examples=120)
def test_it_counts_runs(series: list[State], open_after: int, close_after: int) -> None:
    """Between two levels it is a switch that turns when a run of the other is long enough."""
    state, run, expected = "ok", 0, []
    for level in series:
        run = run + 1 if level != state else 0
        if run == (open_after if state == "ok" else close_after):
            state, run = level, 0
        expected.append(state)
    assert walk(series, open_after, close_after) == expected


@given(st.lists(levels, max_size=40), counts, counts)
@settings(max_examples=120)
def test_it_never_moves_against_the_last_levels(
    series: list[State], open_after: int, close_after: int
) -> None:
    """It gets worse only after enough worse levels in a row, better only after enough better."""
    states: list[State] = ["ok", *walk(series, open_after, close_after)]
    for place, (before, after) in enumerate(pairwise(states)):
        if before == after:
            continue
        sign = 1 if _RANK[after] > _RANK[before] else -1
        needed = open_after if sign > 0 else close_after
        last = series[max(0, place + 1 - needed) : place + 1]
        assert len(last) == needed
        assert all(sign * _RANK[level] >= sign * _RANK[after] for level in last)


@given(levels, st.integers(1, 30), counts, counts)
@settings(max_examples=30)
def test_a_steady_figure_changes_once(
    level: State, length: int, open_after: int, close_after: int
) -> None:
    """However long the same level goes on, there is one change at most."""
    states = ["ok", *walk([level] * length, open_after, close_after)]
    assert sum(before != after for before, after in pairwise(states)) <= 1
