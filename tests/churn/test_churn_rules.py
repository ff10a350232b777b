"""Signals, rules and levels: random customers against plain counting, and what time changes."""

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.churn.judging import judge
from app.churn.rules import LEVELS, RULES, level_of, raised
from app.churn.signals import Facts, low_box, measure, median_gap, next_change
from app.kpis.periods import local_date
from app.surveys.questions import Scale
from tests.churn.making import NOW, ZONE, facts

examples = settings(max_examples=150, deadline=None)


def _by_hand(known: Facts) -> dict[str, float | None]:
    """Each measure, worked out in another way."""
    days = list(known.purchase_days)
    gaps = [(days[k] - days[k - 1]).days for k in range(1, len(days))]
    ratio = None
    if len(gaps) >= 2:
        ratio = (date(2018, 11, 10) - days[-1]).days / median(gaps)
    ninety = NOW - timedelta(days=90)
    year = NOW - timedelta(days=365)
    current = [each for each in known.scores if each.at > year]
    told = [each for each in current if each.satisfaction]
    dissatisfied = None
    if told:
        scale, value = told[0].scale, told[0].value
        steps = value - scale.min if scale.direction == "higher" else scale.max - value
        dissatisfied = float(steps < max(1, len(scale.top_box)))
    falls = []
    for name in {each.question for each in known.scores}:
        own = [each for each in known.scores if each.question == name]
        if len(own) >= 2 and own[0].at > year:
            fall = own[1].value - own[0].value
            falls.append(fall if own[0].scale.direction == "higher" else -fall)
    return {
        "overdue_ratio": ratio,
        "p_alive": known.alive.probability if _applies(known) and known.alive else None,
        "open_complaints": sum(each.open for each in known.complaints),
        "recent_complaints": len([each for each in known.complaints if each.received_at > ninety]),
        "recent_reopenings": len(
            [at for each in known.complaints for at in each.reopened_at if at > ninety]
        ),
        "dissatisfied": dissatisfied,
        "score_drop": max(falls, default=None),
    }


def _applies(known: Facts) -> bool:
    """Whether there is a repeat purchase, and none after the run."""
    days = known.purchase_days
    return known.alive is not None and len(days) > 1 and max(days) <= known.alive.known_to


@examples
@given(known=facts())
def test_signals_equal_plain_counting(known: Facts) -> None:
    """Every measure is what counting it another way gives."""
    assert measure(known, NOW, ZONE).values() == pytest.approx(_by_hand(known))


@examples
@given(known=facts())
def test_the_level_is_the_sum_of_the_heaviest_reasons(known: Facts) -> None:
    """Reasons are listed with their values, and their families' heaviest weights make the level."""
    judged = judge(known, NOW, ZONE)
    values = _by_hand(known)
    weights: dict[str, int] = {}
    codes = []
    for rule in RULES:
        value = values[rule.measure]
        if value is not None and (value < rule.enter if rule.below else value >= rule.enter):
            codes.append(rule.code)
            weights[rule.family] = max(weights.get(rule.family, 0), rule.weight)
    assert [each["code"] for each in judged.reasons] == codes
    assert judged.level == LEVELS[min(3, sum(weights.values()))]
    assert (judged.level == "none") == (not judged.reasons)
    for reason in judged.reasons:
        rule = next(rule for rule in RULES if rule.code == reason["code"])
        assert reason["value"] == pytest.approx(values[rule.measure])


@examples
@given(known=facts(), share=st.floats(0, 1))
def test_nothing_changes_before_its_time(known: Facts, share: float) -> None:
    """Up to the next instant that is named, time alone raises no reason and lifts none."""
    now = judge(known, NOW, ZONE)
    held = {reason["code"] for reason in now.reasons}
    turn = next_change(known, now.signals, NOW, ZONE) or NOW + timedelta(days=400)
    before = min(NOW + (turn - NOW) * share, turn - timedelta(microseconds=1))
    later = judge(known, before, ZONE, held)
    assert {reason["code"] for reason in later.reasons} == held


def _walk(values: list[float], measure_: str) -> list[frozenset[str]]:
    """The reasons that stand after each value."""
    held: frozenset[str] = frozenset()
    seen = []
    for value in values:
        measures: Mapping[str, float] = {measure_: value}
        held = frozenset(rule.code for rule in raised(measures, held))
        seen.append(held)
    return seen


def test_a_reason_does_not_flutter() -> None:
    """A value that swings about a threshold changes the state once, until it is clearly back."""
    swings = [0.52, 0.49, 0.51, 0.49, 0.54, 0.5, 0.55, 0.51, 0.54]
    stood = ["fading" in codes for codes in _walk(swings, "p_alive")]
    assert stood == [False, True, True, True, True, True, False, False, False]
    ratios = [1.9, 2.0, 1.9, 1.8, 1.79, 1.9]
    stood = ["overdue" in codes for codes in _walk(ratios, "overdue_ratio")]
    assert stood == [False, True, True, True, False, False]


def test_levels() -> None:
    """One light reason is watch, one heavy or two light of two families at risk, more critical."""
    by_code = {rule.code: rule for rule in RULES}

    def level(*codes: str) -> str:
        return level_of(rule for code, rule in by_code.items() if code in codes)

    assert level() == "none"
    assert level("overdue") == level("dissatisfied", "score_drop") == "watch"
    assert level("long_overdue", "overdue", "fading") == "at_risk"
    assert level("open_complaint", "dissatisfied") == "at_risk"
    assert level("repeated_complaints", "dissatisfied") == "critical"
    assert level("overdue", "open_complaint", "score_drop") == "critical"


@pytest.mark.parametrize(
    ("scale", "low"),
    [
        (Scale(1, 5, "higher", (4, 5)), {1, 2}),
        (Scale(1, 5, "lower", (1, 2)), {4, 5}),
        (Scale(0, 10, "higher", ()), {0}),
    ],
)
def test_the_low_box_mirrors_the_top_box(scale: Scale, low: set[int]) -> None:
    """As many points at the bad end as count as satisfied, at least one."""
    assert low_box(scale) == low


def test_no_rhythm_below_three_purchase_days() -> None:
    """One gap is no median; two are."""
    first = date(2026, 1, 1)
    assert median_gap([first, first + timedelta(days=4)]) is None
    assert median_gap([first + timedelta(days=ago) for ago in (0, 4, 11)]) == 5.5
    assert local_date(NOW, ZONE) == date(2018, 11, 10)
