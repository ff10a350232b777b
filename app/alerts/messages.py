"""What a person reads about an alert, in Chinese or English, as text and as HTML."""

from collections.abc import Mapping, Sequence
from html import escape

from app.alerts.hysteresis import State
from app.alerts.models import Alert
from app.kpis.selections import stored
from app.problems import Text
from app.scorecards.texts import shown

_STATES: Mapping[State, Text] = {
    "ok": Text("back to normal", "恢复正常"),
    "at_risk": Text("at risk", "存在风险"),
    "breached": Text("out of bounds", "超出界限"),
}
_CAUSES: Mapping[str, Text] = {
    "rule_changed": Text("The rule was changed; it begins anew.", "规则已修改，重新开始评估。"),
    "rule_deleted": Text("The rule was deleted.", "规则已删除。"),
}
_FIGURE = Text("Figure", "指标")
_VALUE = Text("Value", "数值")
_ANSWERS = Text("Counted", "样本量")
_PERIOD = Text("Period", "时间段")
_TARGET = Text("Target", "目标")
_LIMITS = Text("Limits", "控制界限")
_INTERVAL = Text("Interval", "置信区间")
_BEFORE = Text("Before", "此前")
_WHY = Text(
    "You get this because a rule names your address.", "您收到此邮件，因为某条规则登记了您的地址。"
)


def title_of(alert: Alert, language: str) -> str:
    """The rule's title in the language, or in whatever it has, on one line."""
    titles: Mapping[str, str] = alert.title
    prefix = language[:2]
    named = [text for name, text in titles.items() if name.startswith(prefix)]
    return " ".join((named or list(titles.values()) or [alert.rule])[0].split())


def subject(alert: Alert, language: str) -> str:
    """What happened to what, in one line."""
    return f"{title_of(alert, language)}: {_STATES[alert.state].of(language)}"[:200]


def plain(alert: Alert, language: str) -> str:
    """The message as text."""
    lines = [subject(alert, language), ""]
    lines += [f"{name}: {value}" for name, value in _rows(alert, language)]
    return "\n".join([*lines, "", _WHY.of(language), ""])


def html(alert: Alert, language: str) -> str:
    """The same message as HTML; nothing in it is fetched from elsewhere."""
    rows = "".join(
        f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in _rows(alert, language)
    )
    tag = "zh-CN" if language.startswith("zh") else "en"
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"></head><body>'
        f"<h1>{escape(subject(alert, language))}</h1><table>{rows}</table>"
        f"<p>{escape(_WHY.of(language))}</p></body></html>"
    )


def _rows(alert: Alert, language: str) -> Sequence[tuple[str, str]]:
    """Name and value of everything that the alert knows."""
    rows = [(_FIGURE.of(language), _figure(alert, language))]
    evidence = alert.evidence
    if alert.cause != "evaluation":
        return [*rows, ("", _CAUSES[alert.cause].of(language))]
    unit = alert.unit

    def add(name: Text, *values: float | None) -> None:
        known = [shown(value, unit) for value in values if value is not None]
        if known and len(known) == len(values):
            rows.append((name.of(language), " – ".join(known)))

    add(_VALUE, alert.value)
    if alert.n is not None:
        rows.append((_ANSWERS.of(language), f"{alert.n:,}"))
    limits = evidence["interval"] or {"low": None, "high": None}
    add(_INTERVAL, limits["low"], limits["high"])
    add(_TARGET, evidence["target"])
    add(_LIMITS, evidence["low"], evidence["high"])
    add(_BEFORE, evidence["previous"])
    if alert.period_start and alert.period_end:
        dates = f"{alert.period_start.isoformat()} – {alert.period_end.isoformat()}"
        rows.append((_PERIOD.of(language), dates))
    return rows


def _figure(alert: Alert, language: str) -> str:
    watch = alert.watch
    if watch["source"] == "metric":
        return str(watch["metric"])
    selection = stored(watch["kpi"], watch["scope"])
    return selection.kpi.name.of(language) if selection else str(watch["kpi"])
