"""Figures and dates as people write them, in Chinese and in English: for display only.

Rounding happens here and nowhere else; what is stored and answered keeps every digit.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.kpis.calendar_units import Grain, whole_units
from app.problems import Text

_MINUS = "\u2212"
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_QUARTERS_ZH = "一二三四"
_CURRENCY_SIGNS = {"CNY": "¥"}
_WHOLE_CURRENCIES = {"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF"}
_SCALES_ZH = ((1e8, "亿"), (1e4, "万"))
_SCALES_EN = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
#: Net scores are read in points of a hundred with their sign, not in per cent.
_NET_SCORES = frozenset({"nps"})
#: Ratios of two amounts are read as multiples.
_MULTIPLES = frozenset({"ltv-to-cac"})


@dataclass(frozen=True)
class Form:
    """How a number is written: multiplied, rounded, and with what behind it."""

    times: float
    decimals: int
    suffix: Text


_NOTHING = Text("", "")
_FORMS = {
    "ratio": Form(100, 1, Text("%", "%")),
    "per_thousand": Form(1, 2, Text("‰", "‰")),
    "months": Form(1, 1, Text(" months", " 个月")),
    "days": Form(1, 1, Text(" days", " 天")),
    "multiple": Form(1, 2, Text("×", "×")),
}
_POINTS = Text(" points", " 分")
_SHARE_POINTS = Text(" pp", " 个百分点")


@dataclass(frozen=True)
class Measure:
    """How the figures of one KPI are written."""

    unit: str
    language: str
    currency: str | None = None
    net: bool = False

    def value(self, value: float) -> str:
        """The figure, as +23, 82.4%, 1,204 or ¥310.50."""
        if self.net:
            return signed(value * 100, 0)
        if self.unit == "money":
            return money(value, self.currency, self.language)
        form = self._form(value)
        return f"{_grouped(value * form.times, form.decimals)}{form.suffix.of(self.language)}"

    def range(self, low: float, high: float) -> str:
        """An interval."""
        to = Text(" to ", " 至 ").of(self.language)
        return f"{self.value(low)}{to}{self.value(high)}"

    def change(self, change: float) -> str:
        """A difference of two figures, with its sign and its own unit."""
        if self.net:
            return signed(change * 100, 0) + _POINTS.of(self.language)
        if self.unit == "money":
            return f"{_sign(change)}{money(abs(change), self.currency, self.language)}"
        form = self._form(change)
        suffix = _SHARE_POINTS if self.unit == "ratio" else form.suffix
        return f"{signed(change * form.times, form.decimals)}{suffix.of(self.language)}"

    def _form(self, value: float) -> "Form":
        """How a figure of the unit is written; a count of whole things has no decimals."""
        if self.unit == "count" and float(value).is_integer():
            return Form(1, 0, _NOTHING)
        return _FORMS.get(self.unit, Form(1, 1, _NOTHING))

    def tick(self, value: float, step: float) -> str:
        """A round number at an axis whose ticks are `step` apart."""
        if self.net:
            return signed(value * 100, _decimals(step * 100))
        if self.unit == "ratio":
            return f"{_grouped(value * 100, _decimals(step * 100))}%"
        scales = _SCALES_ZH if self.language.startswith("zh") else _SCALES_EN
        for size, name in scales:
            if step >= size / 2 and value:
                return f"{_grouped(value / size, _decimals(step / size))}{name}"
        return _grouped(value, _decimals(step))


def measure_of(kpi: str, unit: str, language: str, currency: str | None) -> Measure:
    """How the figures of a KPI are written."""
    if kpi in _MULTIPLES and unit == "ratio":
        unit = "multiple"
    return Measure(unit, language, currency, net=kpi in _NET_SCORES and unit == "ratio")


def _decimals(step: float) -> int:
    """As many decimals as tell neighbouring ticks apart; at most six."""
    for decimals in range(6):
        if abs(round(step, decimals) - step) <= 1e-9 * step:
            return decimals
    return 6


def _grouped(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return _MINUS + text if negative else text


def _sign(value: float) -> str:
    return _MINUS if value < 0 else "+"


def signed(value: float, decimals: int) -> str:
    """A number with its sign; zero has none."""
    text = _grouped(value, decimals)
    is_zero = not any(digit in "123456789" for digit in text)
    return text if is_zero or text.startswith(_MINUS) else f"+{text}"


def money(amount: float, currency: str | None, language: str) -> str:
    """An amount with its currency: ¥1,204.50 in Chinese, CNY 1,204.50 in English."""
    text = _grouped(amount, 0 if currency in _WHOLE_CURRENCIES else 2)
    if currency is None:
        return text
    if language.startswith("zh") and currency in _CURRENCY_SIGNS:
        sign, digits = (_MINUS, text[1:]) if text.startswith(_MINUS) else ("", text)
        return f"{sign}{_CURRENCY_SIGNS[currency]}{digits}"
    return f"{currency} {text}"


def count(number: int) -> str:
    """A number of things."""
    return _grouped(number, 0)


def day(value: date, language: str) -> str:
    """A date: 2026年10月5日, 5 October 2026."""
    if language.startswith("zh"):
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime, zone: ZoneInfo, language: str) -> str:
    """A time on the clock of a zone, which is named."""
    local = value.astimezone(zone)
    return f"{day(local.date(), language)} {local:%H:%M} ({zone.key})"


def span(start: date, end: date, language: str) -> str:
    """A half-open range of dates by its usual name: October 2026, Q3 2026, or its ends."""
    units = whole_units(start, end)
    if units is not None and units[1] == 1 and units[0] != "week":
        return _unit(start, units[0], language)
    last = end - timedelta(days=1)
    if last == start:
        return day(start, language)
    to = Text(" to ", "至").of(language)
    return f"{day(start, language)}{to}{day(last, language)}"


def _unit(start: date, grain: Grain, language: str) -> str:
    quarter = (start.month - 1) // 3
    if grain == "year":
        return Text(f"{start.year}", f"{start.year}年").of(language)
    if grain == "quarter":
        zh = f"{start.year}年第{_QUARTERS_ZH[quarter]}季度"
        return Text(f"Q{quarter + 1} {start.year}", zh).of(language)
    return Text(
        f"{_MONTHS[start.month - 1]} {start.year}", f"{start.year}年{start.month}月"
    ).of(language)  # fmt: skip


def point(start: date, grain: Grain, language: str) -> tuple[str, str]:
    """The label of a point of a trend, and its year."""
    zh = language.startswith("zh")
    year = f"{start.year}年" if zh else str(start.year)
    if grain == "year":
        return year, ""
    if grain == "quarter":
        return f"Q{(start.month - 1) // 3 + 1}", year
    if grain == "month":
        return f"{start.month}月" if zh else _MONTHS[start.month - 1][:3], year
    return (
        f"{start.month}/{start.day}" if zh else f"{start.day} {_MONTHS[start.month - 1][:3]}",
        year,
    )


def short_span(start: date, end: date, language: str) -> str:
    """As `span`, and as short as a column of a table wants it."""
    units = whole_units(start, end)
    if units is not None and units[1] == 1 and units[0] != "week":
        if units[0] == "month" and not language.startswith("zh"):
            return f"{_MONTHS[start.month - 1][:3]} {start.year}"
        return _unit(start, units[0], language)
    last = end - timedelta(days=1)
    if last == start:
        return start.isoformat()
    return f"{start.isoformat()} – {last:%m-%d}"
