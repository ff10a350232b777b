"""How much of what was wanted has been reached: the goals of the KPIs, and a scorecard."""

from collections.abc import Sequence

from app.kpis.schemas import KpiTarget
from app.reports.charts.bullet import Attainment, bullet_chart
from app.reports.charts.marks import Titles, Tone
from app.reports.figures import ReportFigures, ReportSection
from app.reports.formats import Measure, measure_of
from app.reports.view import ChartView, measure, shown, text_of, title_of
from app.reports.words import TARGETS, said, word
from app.scorecards.schemas import IndicatorResult, PerspectiveResult, ScorecardResult

_TONES: dict[str, Tone] = {"met": "good", "missed": "bad", "inconclusive": "middle"}
_HEADS = ("kpi", "value", "goal", "attainment", "verdict")


def charts(figures: ReportFigures, language: str) -> list[ChartView]:
    """The goals of the sections that have one, then the scorecard by its perspectives."""
    found = []
    aimed = [each for each in figures.sections if each.value and each.value.target]
    if aimed:
        found.append(_goals(aimed, language))
    if figures.scorecard is not None:
        found += _scorecard(figures.scorecard, language)
    return found


def _share(attainment: float | None, language: str) -> str:
    if attainment is None:
        return "–"
    return f"{Measure('ratio', language).value(attainment)}"


def _chart(
    name: str, title: str, rows: Sequence[tuple[Attainment, list[str]]], language: str,
    notes: Sequence[str] = (),
) -> ChartView:  # fmt: skip
    told = "; ".join(goal.told for goal, _ in rows)
    return ChartView(
        title=title,
        svg=bullet_chart([goal for goal, _ in rows], Titles(name, title, told)),
        heads=[word(each, language) for each in _HEADS],
        rows=[cells for _, cells in rows],
        notes=notes,
    )


def _goals(sections: Sequence[ReportSection], language: str) -> ChartView:
    rows = []
    for section in sections:
        envelope = section.value
        if envelope is None or envelope.target is None:
            continue
        written = measure(section, envelope, language)
        name = title_of(section, language)
        rows.append(_goal(name, shown(envelope, written), envelope.target, written))
    return _chart("goals", word("kpi", language), rows, language)


def _goal(
    name: str, value: str, target: KpiTarget, written: Measure
) -> tuple[Attainment, list[str]]:
    language = written.language
    share = _share(target.attainment, language)
    goal = written.value(target.value)
    verdict = said(TARGETS, target.verdict, language)
    drawn = Attainment(
        label=name,
        share=target.attainment,
        shown=share,
        note=verdict,
        told=f"{name}: {value}, {word('goal', language)} {goal}, {verdict}",
        tone=_TONES.get(target.verdict, "plain"),
    )
    return drawn, [name, value, goal, share, verdict]


def _scorecard(result: ScorecardResult, language: str) -> list[ChartView]:
    """One drawing for each perspective, with the score of all before them."""
    wanted = "zh-CN" if language.startswith("zh") else "en"
    title = result.title.get(wanted) or next(iter(result.title.values()))
    parts = [_perspective(each, language) for each in result.perspectives]
    rows = [
        _weighed(text_of(each.name, language), each, result, language)
        for each in result.perspectives
    ]
    heading = f"{word('scorecard', language)}: {title}"
    overall = _chart("scorecard", heading, rows, language, [text_of(result.text, language)])
    return [overall, *parts]


def _weighed(
    name: str, part: PerspectiveResult, result: ScorecardResult, language: str
) -> tuple[Attainment, list[str]]:
    share = _share(part.score, language)
    total = sum(each.weight for each in result.perspectives)
    weighs = word("weighs", language, share=_share(part.weight / total, language))
    verdict = said(TARGETS, part.verdict, language)
    told = f"{name}: {share}, {verdict}"
    tone = _TONES.get(part.verdict, "plain")
    drawn = Attainment(name, part.score, share, note=weighs, told=told, tone=tone)
    return drawn, [name, share, "100.0%", share, verdict]


def _perspective(part: PerspectiveResult, language: str) -> ChartView:
    rows = [_indicator(each, language) for each in part.indicators]
    name = text_of(part.name, language)
    texts = [text_of(part.text, language)]
    return _chart(f"scorecard-{part.perspective}", name, rows, language, texts)


def _indicator(indicator: IndicatorResult, language: str) -> tuple[Attainment, list[str]]:
    wanted = "zh-CN" if language.startswith("zh") else "en"
    names = indicator.name
    name = names.get(wanted) or next(iter(names.values()), indicator.key)
    written = _written(indicator, language)
    value = word("no_value", language)
    if indicator.value is not None:
        value = written.value(indicator.value)
    share = _share(indicator.attainment, language)
    goal = written.value(indicator.target.value)
    verdict = said(TARGETS, indicator.verdict, language)
    drawn = Attainment(
        label=name,
        share=indicator.attainment,
        shown=share,
        note=verdict,
        told=f"{name}: {text_of(indicator.text, language)}",
        tone=_TONES.get(indicator.verdict, "plain"),
    )
    return drawn, [name, value, goal, share, verdict]


def _written(indicator: IndicatorResult, language: str) -> Measure:
    return measure_of(indicator.kpi or "", indicator.unit, language, indicator.currency)
