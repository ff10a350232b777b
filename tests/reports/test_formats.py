"""Figures and dates are written as people write them, in both languages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kpis.calendar_units import Grain
from app.reports import formats
from app.reports.formats import Measure, measure_of

NPS = Measure("ratio", "en", net=True)


@pytest.mark.parametrize(
    ("kpi", "unit", "currency", "value", "en", "zh"),
    [
        ("nps", "ratio", None, 0.2302, "+23", "+23"),
        ("nps", "ratio", None, -0.0649, "−6", "−6"),
        ("nps", "ratio", None, -0.001, "0", "0"),
        ("csat", "ratio", None, 0.8842, "88.4%", "88.4%"),
        ("retention", "ratio", None, 1.0, "100.0%", "100.0%"),
        ("satisfaction", "points", None, 86.06, "86.1", "86.1"),
        ("responses", "count", None, 1234.0, "1,234", "1,234"),
        ("complaint-rate", "per_thousand", None, 17.128, "17.13‰", "17.13‰"),
        ("lifetime-value", "money", "CNY", 10949.482, "CNY 10,949.48", "¥10,949.48"),
        ("lifetime-value", "money", "CNY", -3.5, "CNY −3.50", "−¥3.50"),
        ("payback", "months", None, 7.25, "7.2 months", "7.2 个月"),
        ("ltv-to-cac", "ratio", None, 3.121, "3.12×", "3.12×"),
        ("lifetime-value", "money", "JPY", 1250.0, "JPY 1,250", "JPY 1,250"),
    ],
)
def test_values(kpi: str, unit: str, currency: str | None, value: float, en: str, zh: str) -> None:
    """NPS as a signed whole number, ratios in per cent, money with its currency."""
    assert measure_of(kpi, unit, "en", currency).value(value) == en
    assert measure_of(kpi, unit, "zh-CN", currency).value(value) == zh


def test_changes_have_their_own_units() -> None:
    """A difference of shares is in percentage points, one of net scores in points."""
    assert NPS.change(0.0514) == "+5 points"
    assert Measure("ratio", "zh-CN").change(-0.032) == "−3.2 个百分点"
    assert Measure("points", "en").change(0.0) == "0.0"
    assert Measure("money", "zh-CN", "CNY").change(90.2) == "+¥90.20"
    assert Measure("money", "en", "CNY").change(-90.2) == "−CNY 90.20"


def test_intervals() -> None:
    """Both limits are written like the value."""
    assert NPS.range(0.0804, 0.3703) == "+8 to +37"
    assert Measure("ratio", "zh-CN").range(0.828, 0.924) == "82.8% 至 92.4%"


@pytest.mark.parametrize(
    ("written", "value", "step", "text"),
    [
        (Measure("ratio", "en"), 0.25, 0.05, "25%"),
        (Measure("ratio", "en"), 0.025, 0.025, "2.5%"),
        (NPS, -0.5, 0.25, "−50"),
        (Measure("count", "en"), 1500.0, 500.0, "1.5k"),
        (Measure("count", "zh-CN"), 15000.0, 5000.0, "1.5万"),
        (Measure("count", "en"), 250.0, 250.0, "250"),
        (Measure("points", "en"), 0.0, 1000.0, "0"),
    ],
)
def test_ticks(written: Measure, value: float, step: float, text: str) -> None:
    """A tick has as many digits as its step, and large numbers have names."""
    assert written.tick(value, step) == text


@given(
    st.sampled_from(["ratio", "points", "count", "per_thousand", "money", "another"]),
    st.floats(-1e15, 1e15),
    st.sampled_from(["zh-CN", "en"]),
    st.booleans(),
)
def test_every_number_can_be_written(unit: str, value: float, language: str, net: bool) -> None:
    """Whatever the unit and the size, there is a text, without scientific notation."""
    written = Measure(unit, language, "CNY", net=net)
    for text in (written.value(value), written.change(value)):
        assert text
        assert "e+" not in text


@pytest.mark.parametrize(
    ("start", "end", "en", "zh"),
    [
        ("2026-10-01", "2026-11-01", "October 2026", "2026年10月"),
        ("2026-07-01", "2026-10-01", "Q3 2026", "2026年第三季度"),
        ("2026-01-01", "2027-01-01", "2026", "2026年"),
        ("2026-10-05", "2026-10-06", "5 October 2026", "2026年10月5日"),
        ("2026-10-05", "2026-10-12", "5 October 2026 to 11 October 2026",
         "2026年10月5日至2026年10月11日"),
    ],
)  # fmt: skip
def test_spans(start: str, end: str, en: str, zh: str) -> None:
    """A whole unit of the calendar has its name; other ranges show their first and last day."""
    first, after = date.fromisoformat(start), date.fromisoformat(end)
    assert formats.span(first, after, "en") == en
    assert formats.span(first, after, "zh-CN") == zh


@pytest.mark.parametrize(
    ("grain", "en", "zh"),
    [
        ("day", ("5 Jan", "2026"), ("1/5", "2026年")),
        ("week", ("5 Jan", "2026"), ("1/5", "2026年")),
        ("month", ("Jan", "2026"), ("1月", "2026年")),
        ("quarter", ("Q1", "2026"), ("Q1", "2026年")),
        ("year", ("2026", ""), ("2026年", "")),
    ],
)
def test_labels_of_points(grain: Grain, en: tuple[str, str], zh: tuple[str, str]) -> None:
    """Points are labelled shortly; the year stands below."""
    day = date(2026, 1, 5)
    assert formats.point(day, grain, "en") == en
    assert formats.point(day, grain, "zh-CN") == zh


def test_instants_name_their_zone() -> None:
    """A time is on a clock, and the reader is told on which."""
    at = datetime(2026, 10, 31, 16, 5, tzinfo=UTC)
    shanghai = ZoneInfo("Asia/Shanghai")
    assert formats.instant(at, shanghai, "en") == "1 November 2026 00:05 (Asia/Shanghai)"
    assert formats.instant(at, shanghai, "zh-CN") == "2026年11月1日 00:05 (Asia/Shanghai)"
