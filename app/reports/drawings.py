"""From the figures of a section to its drawings, each with its numbers in a table."""

from collections.abc import Mapping, Sequence

from app.kpis.schemas import KpiComparison, KpiCount, KpiFigure, KpiPair, KpiPoint, KpiTrend
from app.reports import formats
from app.reports.charts.bars import bar_chart
from app.reports.charts.counts import count_chart
from app.reports.charts.marks import Count, Goal, Mark, Titles, Tone
from app.reports.charts.trend import trend_chart
from app.reports.figures import ReportSection
from app.reports.formats import Measure
from app.reports.view import (
    ChartView,
    answers,
    headline,
    interval,
    measure,
    shown,
    title_of,
    why_not,
)
from app.reports.words import CLOSED, CODES, DIMENSIONS, MEMBERS, WARNINGS, said, word

#: Groups that are drawn; of more, the largest.
MOST_GROUPS = 12
_MOST_PAIRS = 4
_FIGURE_HEADS = ("value", "interval", "answers")


def charts(section: ReportSection, name: str, language: str) -> list[ChartView]:
    """The drawings of a section: over time, by each dimension, by answer."""
    found: list[ChartView] = []
    if section.trend is not None and _says_anything(section.trend.points):
        found.append(_trend(section, section.trend, f"{name}-trend", language))
    for number, comparison in enumerate(section.comparisons, 1):
        if _says_anything(comparison.groups):
            found.append(_groups(section, comparison, f"{name}-by-{number}", language))
    if section.distribution is not None and section.distribution.n:
        found.append(_counts(section, section.distribution.counts, f"{name}-counts", language))
    return found


def _says_anything(figures: Sequence[KpiFigure]) -> bool:
    """Whether there is a figure to be drawn, or one that is withheld."""
    return any(each.value is not None or each.suppressed for each in figures)


def _heads(first: str, language: str) -> list[str]:
    return [word(each, language) for each in (first, *_FIGURE_HEADS)]


def _cells(figure: KpiFigure, written: Measure) -> list[str]:
    language = written.language
    value = shown(figure, written)
    return [value, interval(figure, written) or "–", answers(figure, language)]


def _told(label: str, figure: KpiFigure, written: Measure) -> str:
    """A mark in one sentence."""
    if figure.value is None or figure.suppressed:
        return f"{label}: {why_not(figure, written.language)}"
    limits = interval(figure, written)
    within = f" ({limits})" if limits else ""
    n = answers(figure, written.language)
    return f"{label}: {written.value(figure.value)}{within}, n\u00a0=\u00a0{n}"


def _mark(figure: KpiFigure, label: str, under: str, told: str, written: Measure) -> Mark:
    limits = None if figure.suppressed else figure.interval
    return Mark(
        label=label,
        under=under,
        value=None if figure.suppressed else figure.value,
        shown=shown(figure, written),
        low=limits.low if limits else None,
        high=limits.high if limits else None,
        note=f"n\u00a0=\u00a0{answers(figure, written.language)}",
        told=told,
        withheld=figure.suppressed,
    )


def _written(section: ReportSection, figures: list[KpiFigure], language: str) -> Measure:
    """As the figures are written; with the currency of any that has one."""
    with_currency = [each for each in figures if each.currency is not None]
    return measure(section, (with_currency or figures)[0], language)


def _trend(section: ReportSection, trend: KpiTrend, name: str, language: str) -> ChartView:
    written = _written(section, list(trend.points), language)
    points = [_point(trend, index, written) for index in range(len(trend.points))]
    title = f"{title_of(section, language)}: {word('trend', language)}"
    target = section.value.target if section.value else None
    goal = None
    if target is not None:
        goal = Goal(target.value, f"{word('target', language)} {written.value(target.value)}")
    described = " ".join([headline(section, language).sentence, *(p.told for p in points[-1:])])
    return ChartView(
        title=word("trend", language),
        svg=trend_chart(points, Titles(name, title, described), written.tick, goal),
        heads=_heads("period", language),
        rows=[
            [_span(point, language), *_cells(point, _of(section, point, written))]
            for point in trend.points
        ],
    )


def _of(section: ReportSection, figure: KpiFigure, usual: Measure) -> Measure:
    return measure(section, figure, usual.language) if figure.currency else usual


def _span(point: KpiPoint, language: str) -> str:
    return formats.short_span(point.period.start, point.period.end, language)


def _point(trend: KpiTrend, index: int, written: Measure) -> Mark:
    point = trend.points[index]
    label, under = formats.point(point.period.start, trend.grain, written.language)
    told = _told(_span(point, written.language), point, written)
    if not point.period.complete:
        told += f" ({word('partial', written.language)})"
    mark = _mark(point, label, under, told, written)
    return Mark(**{**vars(mark), "partial": not point.period.complete})


def _groups(
    section: ReportSection, comparison: KpiComparison, name: str, language: str
) -> ChartView:
    written = _written(section, list(comparison.groups), language)
    drawn = comparison.groups[:MOST_GROUPS]
    labels = {
        group.member: _member(comparison.group_by, group.member, language)
        for group in comparison.groups
    }
    marks = [
        _mark(group, labels[group.member], "", _told(labels[group.member], group, written), written)
        for group in drawn
    ]
    title = word("by", language, dimension=said(DIMENSIONS, comparison.group_by, language))
    told = "; ".join(mark.told for mark in marks)
    heading = f"{title_of(section, language)}: {title}"
    return ChartView(
        title=title,
        svg=bar_chart(marks, Titles(name, heading, told), written.tick, _overall(section, written)),
        heads=_heads("group", language),
        rows=[[labels[group.member], *_cells(group, _of(section, group, written))]
              for group in drawn],
        notes=_group_notes(comparison, labels, language),
    )  # fmt: skip


def _member(dimension: str, member: str, language: str) -> str:
    if member == "":
        return word("none_of_it", language)
    return said(MEMBERS, member, language) if dimension in CLOSED and member in MEMBERS else member


def _overall(section: ReportSection, written: Measure) -> Goal | None:
    envelope = section.value
    if envelope is None or envelope.value is None or envelope.suppressed:
        return None
    value = written.value(envelope.value)
    return Goal(envelope.value, word("all", written.language, value=value))


def _group_notes(comparison: KpiComparison, labels: Mapping[str, str], language: str) -> list[str]:
    notes = []
    sure = [pair for pair in comparison.pairwise if pair.verdict in {"higher", "lower"}]
    if sure:
        told = [_pair(pair, labels, language) for pair in sure[:_MOST_PAIRS]]
        if len(sure) > _MOST_PAIRS:
            told.append(word("and_more", language, count=len(sure) - _MOST_PAIRS))
        comma = "，" if language.startswith("zh") else ", "
        notes.append(word("sure_differences", language, pairs=comma.join(told)))
    elif comparison.pairwise:
        notes.append(word("no_sure_difference", language))
    if len(comparison.groups) > MOST_GROUPS:
        more = len(comparison.groups) - MOST_GROUPS
        notes.append(word("more_groups", language, count=more))
    return [*notes, *(said(WARNINGS, each, language) for each in comparison.warnings)]


def _pair(pair: KpiPair, labels: Mapping[str, str], language: str) -> str:
    key = "above" if pair.verdict == "higher" else "below"
    first, second = (labels.get(each, each) for each in (pair.first, pair.second))
    return word(key, language, first=first, second=second)


def _counts(section: ReportSection, counted: list[KpiCount], name: str, language: str) -> ChartView:
    rated = [each for each in counted if each.counted]
    bars = [
        Count(
            label=_code(each, language),
            n=each.n,
            share=each.share or 0.0,
            shown=_share(each, language),
            told=f"{_code(each, language)}: {each.n} ({_share(each, language)})",
            tone=_tone(section.kpi, each.code),
        )
        for each in rated
    ]
    title = f"{title_of(section, language)}: {word('distribution', language)}"
    told = "; ".join(bar.told for bar in bars)
    return ChartView(
        title=word("distribution", language),
        svg=count_chart(bars, Titles(name, title, told)),
        heads=[word(each, language) for each in ("answer", "share", "answers")],
        rows=[[bar.label, bar.shown, formats.count(bar.n)] for bar in bars],
    )


def _code(counted: KpiCount, language: str) -> str:
    wanted = "zh-CN" if language.startswith("zh") else "en"
    label = counted.labels.get(wanted)
    return label if label is not None else said(CODES, counted.code, language)


def _share(counted: KpiCount, language: str) -> str:
    return Measure("ratio", language).value(counted.share or 0.0)


def _tone(kpi: str, code: str) -> Tone:
    """NPS has its own three groups; other scales say in words what is good."""
    if kpi != "nps" or not code.isdecimal():
        return "plain"
    return "good" if int(code) >= 9 else "middle" if int(code) >= 7 else "bad"
