"""What a page of a report shows: texts and drawings, ready to be put into the template."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.kpis.schemas import BilingualText, KpiEnvelope, KpiFigure
from app.reports import formats
from app.reports.charts.marks import Titles
from app.reports.charts.spark import spark_line
from app.reports.figures import ReportFigures, ReportSection
from app.reports.formats import Measure, measure_of
from app.reports.words import CHANGES, REASONS, TARGETS, said, word


@dataclass(frozen=True)
class Cover:
    """What a report is called and of when it is."""

    title: BilingualText
    start: date
    end: date
    zone: ZoneInfo
    made_at: datetime


@dataclass(frozen=True)
class ChangeView:
    """A change in words, with the direction and whether it is good news."""

    arrow: str
    tone: str
    change: str
    since: str
    verdict: str


@dataclass(frozen=True)
class Headline:
    """A figure with what it takes to judge it."""

    name: str
    shown: str
    known: bool
    interval: str
    n: str
    change: ChangeView | None
    target: str
    sentence: str
    spark: str = ""


@dataclass(frozen=True)
class ChartView:
    """A drawing with its numbers in a table beside it."""

    title: str
    svg: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class SectionView:
    """One KPI: its headline, its drawings, and how it was computed."""

    anchor: str
    title: str
    headline: Headline
    charts: Sequence[ChartView]
    warnings: Sequence[str]
    method: Sequence[tuple[str, str]] = field(default_factory=tuple)


def text_of(text: BilingualText, language: str) -> str:
    """One of the two."""
    return text.zh_cn if language.startswith("zh") else text.en


def title_of(section: ReportSection, language: str) -> str:
    """The title that the definition gives the section, else the KPI's name."""
    return text_of(section.title or section.name, language)


def measure(section: ReportSection, figure: KpiFigure, language: str) -> Measure:
    """How a figure of the section is written."""
    unit = section.value.unit if section.value else "count"
    return measure_of(section.kpi, unit, language, figure.currency)


def shown(figure: KpiFigure, written: Measure) -> str:
    """The value, or that there is none or that it is withheld."""
    if figure.suppressed:
        return word("withheld", written.language)
    if figure.value is None:
        return word("no_value", written.language)
    return written.value(figure.value)


def interval(figure: KpiFigure, written: Measure) -> str:
    """The limits of the interval; empty where there is none."""
    limits = figure.interval
    return written.range(limits.low, limits.high) if limits else ""


def answers(figure: KpiFigure, language: str) -> str:
    """How many the figure stands on; withheld with it."""
    if figure.suppressed or figure.n is None:
        return word("withheld", language)
    return formats.count(figure.n)


def why_not(figure: KpiFigure, language: str) -> str:
    """Why there is no value."""
    if figure.reason is not None:
        return said(REASONS, figure.reason, language)
    return word("withheld" if figure.suppressed else "no_value", language)


def headline(section: ReportSection, language: str, spark: str = "") -> Headline:
    """The figure of the period in words."""
    name, envelope = title_of(section, language), section.value
    if envelope is None:
        reason = word("not_made", language)
        none = word("sentence_none", language, name=name, reason=reason)
        return Headline(name, word("no_value", language), known=False, interval="", n="",
                        change=None, target="", sentence=none)  # fmt: skip
    written = measure(section, envelope, language)
    change = _change(envelope, written)
    target = _target(envelope, written)
    return Headline(
        name=name,
        shown=shown(envelope, written),
        known=envelope.value is not None and not envelope.suppressed,
        interval=interval(envelope, written),
        n=answers(envelope, language),
        change=change,
        target=target,
        sentence=_sentence(name, envelope, written, change, target),
        spark=spark,
    )


def _sentence(
    name: str, envelope: KpiEnvelope, written: Measure, change: ChangeView | None, target: str
) -> str:
    language = written.language
    if envelope.value is None or envelope.suppressed:
        return word("sentence_none", language, name=name, reason=why_not(envelope, language))
    between = ""
    if envelope.interval is not None:
        low, high = written.value(envelope.interval.low), written.value(envelope.interval.high)
        between = word("sentence_interval", language, low=low, high=high)
    parts = [
        word("sentence", language, name=name, value=written.value(envelope.value),
             interval=between, n=answers(envelope, language))
    ]  # fmt: skip
    if change is not None and change.verdict:
        parts.append(
            word("sentence_change", language, change=change.change, previous=change.since,
                 verdict=change.verdict)
        )  # fmt: skip
    if target:
        parts.append(target)
    return ("" if language.startswith("zh") else " ").join(parts)


def _change(envelope: KpiEnvelope, written: Measure) -> ChangeView | None:
    before = envelope.previous
    if before is None or before.difference is None or envelope.suppressed:
        return None
    language = written.language
    tone = {"improved": "good", "worsened": "bad"}.get(before.verdict or "", "middle")
    since = formats.span(before.period.start, before.period.end, language)
    arrow = "▲" if before.difference > 0 else "▼" if before.difference < 0 else "■"
    return ChangeView(
        arrow=arrow,
        tone=tone,
        change=written.change(before.difference),
        since=word("previous", language, period=since),
        verdict=said(CHANGES, before.verdict, language) if before.verdict else "",
    )


def _target(envelope: KpiEnvelope, written: Measure) -> str:
    target = envelope.target
    if target is None:
        return ""
    verdict = said(TARGETS, target.verdict, written.language)
    goal = written.value(target.value)
    return word("sentence_target", written.language, target=goal, verdict=verdict)


def sparks(section: ReportSection, name: str, language: str) -> str:
    """A small line of the trend, for the overview; empty without one."""
    trend = section.trend
    if trend is None or sum(point.value is not None for point in trend.points) < 2:
        return ""
    values = [None if point.suppressed else point.value for point in trend.points]
    title = f"{title_of(section, language)}: {word('trend', language)}"
    described = headline(section, language).sentence
    return spark_line(values, Titles(name, title, described))


def overview(figures: ReportFigures, language: str) -> list[Headline]:
    """The headlines of all sections."""
    return [
        headline(section, language, sparks(section, f"spark-{number}", language))
        for number, section in enumerate(figures.sections, 1)
    ]
