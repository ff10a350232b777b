"""Charts: whatever is drawn is finite, inside its box, well-formed, labelled and harmless."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reports.charts.bars import bar_chart
from app.reports.charts.bullet import Attainment, bullet_chart
from app.reports.charts.canvas import number, shortened, text_width, wrapped
from app.reports.charts.counts import count_chart
from app.reports.charts.marks import Count, Goal, Mark, Titles
from app.reports.charts.scales import covering
from app.reports.charts.spark import spark_line
from app.reports.charts.trend import trend_chart
from tests.reports.charts.drawings import (
    COUNTS,
    FIGURES,
    GOALS,
    NAMES,
    SVG,
    TITLES,
    marks,
    read,
    tick,
    wrong_with,
)

TITLE = Titles("k1", "NPS", "rising")
few = settings(max_examples=60, deadline=None)


@few
@given(st.lists(marks(), min_size=0, max_size=30), TITLES, GOALS)
def test_trends_are_sound(points: list[Mark], titles: Titles, goal: Goal | None) -> None:
    """Null points, single points, negative and huge values, long and hostile names."""
    assert wrong_with(trend_chart(points, titles, tick, goal)) == []


@few
@given(st.lists(marks(), min_size=0, max_size=40), TITLES, GOALS)
def test_bars_are_sound(groups: list[Mark], titles: Titles, overall: Goal | None) -> None:
    """The same for groups, many of them too."""
    assert wrong_with(bar_chart(groups, titles, tick, overall)) == []


@few
@given(st.lists(COUNTS, min_size=0, max_size=30), TITLES)
def test_counts_are_sound(counts: list[Count], titles: Titles) -> None:
    """The same for distributions, as columns and as rows."""
    assert wrong_with(count_chart(counts, titles)) == []


@few
@given(
    st.lists(st.builds(Attainment, NAMES, st.none() | FIGURES, NAMES, NAMES, NAMES), max_size=12),
    st.lists(st.none() | FIGURES, max_size=20),
    TITLES,
)
def test_bullets_and_sparks_are_sound(
    goals: list[Attainment], values: list[float | None], titles: Titles
) -> None:
    """The same for attainment and for small lines."""
    assert wrong_with(bullet_chart(goals, titles)) == []
    assert wrong_with(spark_line(values, titles)) == []


@few
@given(st.lists(FIGURES, max_size=10), st.booleans())
def test_scales_hold_their_values(values: list[float], zero: bool) -> None:
    """Ticks are few, ordered, and inside; values keep their order and stay inside."""
    scale = covering(values, 0, 100, zero=zero)
    assert scale.low < scale.high
    assert 1 <= len(scale.ticks) <= 12
    assert scale.ticks == sorted(scale.ticks)
    if values:
        tolerance = 1e-6 * max(1, abs(scale.low), abs(scale.high))
        assert scale.low <= min(values) + tolerance
        assert max(values) <= scale.high + tolerance
    drawn = [scale.place(value) for value in sorted(values)]
    assert drawn == sorted(drawn)
    assert all(0 <= place <= 100 for place in drawn)


def test_ticks_are_round() -> None:
    """1, 2, 2.5 and 5 times powers of ten, as people expect at an axis."""
    assert covering([0.11, 0.37], 0, 1).ticks == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert covering([-0.3, 0.62], 0, 1).ticks == pytest.approx([-0.5, -0.25, 0, 0.25, 0.5, 0.75])
    assert covering([812, 1_940], 0, 1, zero=True).ticks == [0, 500, 1_000, 1_500, 2_000]


def test_what_is_not_finite_is_refused() -> None:
    """No coordinate that a reader would choke on is ever written."""
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            number(value)


def test_a_trend_is_drawn_as_it_is() -> None:
    """Higher values stand higher, equal distances are equal, a gap parts the line."""
    values: list[float | None] = [0.1, 0.2, None, 0.4, 0.3]
    points = [Mark(str(index), value, "x") for index, value in enumerate(values)]
    root = read(trend_chart(points, TITLE, tick, Goal(0.35, "goal")))
    circles = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.iter(f"{SVG}circle")]
    assert len(circles) == 4
    heights = [y for _, y in circles]
    assert heights[0] - heights[1] == pytest.approx(heights[3] - heights[2], abs=0.02)
    assert heights[2] < heights[3] < heights[1] < heights[0]
    assert [len(p.attrib["points"].split()) for p in root.iter(f"{SVG}polyline")] == [2, 2]
    dashed = [e for e in root.iter(f"{SVG}line") if "stroke-dasharray" in e.attrib]
    assert len(dashed) == 1
    assert heights[2] < float(dashed[0].attrib["y1"]) < heights[3]


def test_a_withheld_figure_looks_withheld() -> None:
    """What is kept back is a grey column that says why, and not a gap that looks like zero."""
    points = [Mark("a", 1.0, "1"), Mark("b", None, "kept back", withheld=True, told="b: too few")]
    root = read(trend_chart(points, TITLE, tick, None))
    grey = list(root.iter(f"{SVG}rect"))
    assert len(grey) == 1
    assert "b: too few" in [e.text for e in root.iter(f"{SVG}title")]
    bars = read(bar_chart(points, TITLE, tick, None))
    assert "kept back" in [e.text for e in bars.iter(f"{SVG}text")]


def test_negative_bars_run_to_the_left_of_zero() -> None:
    """A bar stands on zero: negative values to the left, whiskers around their ends."""
    groups = [Mark("a", -0.2, "-20", low=-0.3, high=-0.1), Mark("b", 0.4, "40")]
    root = read(bar_chart(groups, TITLE, tick, None))
    negative, positive = [
        (float(e.attrib["x"]), float(e.attrib["width"])) for e in root.iter(f"{SVG}rect")
    ]
    assert negative[0] + negative[1] == pytest.approx(positive[0], abs=0.02)
    assert positive[1] == pytest.approx(2 * negative[1], abs=0.05)


@few
@given(NAMES, st.floats(20, 300))
def test_texts_fit_their_room(text: str, room: float) -> None:
    """A long label is broken and then cut, and says by an ellipsis that it was."""
    lines = wrapped(text, room, 12)
    assert 1 <= len(lines) <= 2
    assert all(text_width(line, 12) <= room + 12 for line in lines)
    assert shortened("短", 100, 12) == "短"
    assert wrapped("客户服务中心" * 20, 60, 12)[-1].endswith("…")
