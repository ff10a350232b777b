"""Renders a report as one page of HTML: self-contained, without scripts, safe to mail or print."""

from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.kpis.schemas import KpiEnvelope
from app.reports import formats, goals
from app.reports.drawings import charts
from app.reports.figures import ReportFigures, ReportSection
from app.reports.view import Cover, SectionView, headline, overview, text_of, title_of
from app.reports.words import DIMENSIONS, EXCLUSIONS, METHODS, WARNINGS, said, word

_LOADER = PackageLoader("app.reports")
_TEMPLATES = Environment(
    loader=_LOADER,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CSS = _LOADER.get_source(_TEMPLATES, "report.css")[0]
_STYLE_HASH = b64encode(sha256(_CSS.encode()).digest()).decode()
#: Goes with the page as a header, and stands in it for who opens a saved copy.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)


def render(cover: Cover, figures: ReportFigures, language: str) -> str:
    """The page in one language."""
    return _TEMPLATES.get_template("report.html").render(
        language=language,
        css=Markup(_CSS),  # noqa: S704 - our own file
        policy=POLICY,
        word=lambda key, **values: word(key, language, **values),
        drawn=Markup,
        title=text_of(cover.title, language),
        workspace=figures.workspace,
        period=formats.span(cover.start, cover.end, language),
        made=formats.instant(cover.made_at, cover.zone, language),
        headlines=overview(figures, language),
        goals=goals.charts(figures, language),
        sections=[
            _section(section, number, language)
            for number, section in enumerate(figures.sections, 1)
        ],
    )


def _section(section: ReportSection, number: int, language: str) -> SectionView:
    anchor = f"s{number}"
    warnings = section.value.warnings if section.value else []
    return SectionView(
        anchor=anchor,
        title=title_of(section, language),
        headline=headline(section, language),
        charts=charts(section, anchor, language),
        warnings=[said(WARNINGS, each, language) for each in warnings],
        method=_method(section, language),
    )


def _method(section: ReportSection, language: str) -> list[tuple[str, str]]:
    """How the figure came to be: its name, formula, what was counted and what left out."""
    rows = [
        (word("kpi", language), _named(section, language)),
        (word("formula", language), text_of(section.formula, language)),
        (word("counted", language), text_of(section.numerator, language)),
        (word("out_of", language), text_of(section.denominator, language)),
    ]
    if section.value is not None:
        if section.value.value is not None:
            rows.append((word("method", language), _interval(section.value, language)))
        left_out = _left_out(section.value, language)
        if left_out:
            rows.append((word("left_out", language), left_out))
        rows.append((word("scope", language), _scope(section.value, language)))
    return rows


def _named(section: ReportSection, language: str) -> str:
    parts = [text_of(section.name, language)]
    if section.value is not None:
        version = section.value.definition.version
        parts.append(word("definition_version", language, version=version))
        if section.value.model_run is not None:
            parts.append(word("estimated", language, run=section.value.model_run))
    return _listed(parts, language)


def _interval(envelope: KpiEnvelope, language: str) -> str:
    if envelope.interval is None:
        return word("no_interval", language)
    level = f"{envelope.interval.level * 100:g}"
    method = said(METHODS, envelope.interval.method, language)
    return word("level", language, level=level, method=method)


def _left_out(envelope: KpiEnvelope, language: str) -> str:
    if envelope.suppressed:
        return word("withheld", language)
    return _listed(
        [f"{said(EXCLUSIONS, name, language)} {formats.count(n)}"
         for name, n in envelope.excluded.items() if n],
        language,
    )  # fmt: skip


def _scope(envelope: KpiEnvelope, language: str) -> str:
    scope = envelope.scope
    parts = [
        f"{said(DIMENSIONS, name, language)}: {_listed(values, language)}"
        for name, values in scope.filters.items()
    ]
    if scope.surveys:
        parts.append(word("only_surveys", language, count=len(scope.surveys)))
    if scope.question is not None:
        parts.append(word("only_question", language, question=scope.question))
    if scope.quality == "clean":
        parts.append(word("clean_only", language))
    return "; ".join(parts) or word("everything", language)


def _listed(parts: list[str], language: str) -> str:
    return ("、" if language.startswith("zh") else ", ").join(parts)
