"""Answering how a survey was answered: its signs of carelessness, and what they do to figures."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis import envelopes
from app.kpis.asking import Asked, default_options, understand
from app.kpis.catalog.response_counts import RESPONSES
from app.kpis.declaration import Kpi, Scope
from app.kpis.disclosing import measure_disclosed
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.schemas import KpiFigure
from app.kpis.selections import BY_ID
from app.responses.cells import histogram
from app.responses.quality import is_doubtful
from app.responses.sign_cells import Told
from app.sampling.formulas import QUALITY, SIGNS
from app.sampling.quality_schemas import (
    FigureRead,
    MissingRead,
    QualityQuery,
    ResponseQualityRead,
    SignRead,
)
from app.sampling.signs import (
    Missing,
    count_missing,
    count_qualities,
    count_signs,
    slice_of,
)
from app.surveys.service import fetch_survey

#: The figures that a survey is judged by; those that it does not ask for are left out.
_HEADLINES = ("satisfaction", "nps", "csat", "ces", "loyalty")
#: The flags that a response keeps from its arrival.
_FLAGS = (
    "speeder", "longstring", "low_variation", "attention_check", "clock_drift", "implausible_time",
)  # fmt: skip
_NOT_COUNTED = ("dismissed", "invalid", "duplicate", "test")
_COUNTED = ("ok", "flagged")


@dataclass(frozen=True)
class Wanted:
    """Who asks about which survey, in which language, and how long each statement may take."""

    workspace_id: UUID
    survey: str
    query: QualityQuery
    language: str
    timeout_ms: int


async def judge_responses(session: AsyncSession, wanted: Wanted) -> ResponseQualityRead:
    """The signs, the questions left open, and the figures with and without what is flagged.

    404 for a survey that the workspace does not have.
    """
    survey = await fetch_survey(session, wanted.workspace_id, wanted.survey)
    moment = now()
    asked = Asked(
        start=wanted.query.start,
        end=wanted.query.end,
        zone=wanted.query.tz,
        compare="none",
        level=wanted.query.level,
        surveys=(str(survey.id),),
    )
    ask = await understand(
        session, RESPONSES, wanted.workspace_id, asked, now=moment, timeout_ms=wanted.timeout_ms
    )
    responses = slice_of(ask.scope, ask.period, survey.id)
    counts = await histogram(session, responses)
    told = await count_signs(session, responses, wanted.query.fast)
    scope = replace(ask.scope, counts=counts)
    qualities, open_ = count_qualities(counts), count_missing(counts)
    n = sum(qualities[each] for each in _COUNTED)
    return ResponseQualityRead(
        definition=QUALITY.of(wanted.language),
        survey=survey.id,
        period=envelopes.dates(ask.period, moment),
        n=n,
        flagged=qualities["flagged"],
        excluded={reason: qualities[reason] for reason in _NOT_COUNTED},
        signs=list(_signs(told, n, wanted)),
        missing=_missing(open_),
        questions=[_question(each) for each in open_],
        figures=[
            figure
            for name in _HEADLINES
            if (figure := await _figure(session, wanted, BY_ID[name], scope, ask.period))
        ],
        as_of=moment,
    )


def _signs(told: Told, n: int, wanted: Wanted) -> Iterator[SignRead]:
    for flag in _FLAGS:
        share = Share(told.flags.get(flag, 0), n)
        yield _sign(flag, share, wanted, doubtful=is_doubtful([flag]))
    yield _sign("fast", Share(told.fast, told.timed), wanted)
    yield _sign("repeated", Share(told.named - told.customers, told.named), wanted)


def _sign(name: str, share: Share, wanted: Wanted, *, doubtful: bool = False) -> SignRead:
    text = SIGNS[name]
    return SignRead(
        sign=name,
        name=text.name.of(wanted.language),
        meaning=text.text.of(wanted.language),
        n=share.count,
        of=share.total,
        share=share.value,
        interval=envelopes.interval(wilson(share, wanted.query.level)),
        doubtful=doubtful,
    )


def _missing(open_: list[Missing]) -> float | None:
    skipped = sum(each.skipped for each in open_)
    shown = skipped + sum(each.answered for each in open_)
    return skipped / shown if shown else None


def _question(each: Missing) -> MissingRead:
    return MissingRead(
        question=each.question,
        skipped=each.skipped,
        answered=each.answered,
        share=each.skipped / (each.skipped + each.answered),
    )


async def _figure(
    session: AsyncSession, wanted: Wanted, kpi: Kpi, scope: Scope, period: Period
) -> FigureRead | None:
    """The KPI with and without what is flagged; None if the survey does not ask for it."""
    scope = replace(scope, options=default_options(kpi))
    (found,) = await measure_disclosed(session, kpi, scope, [period])
    every = envelopes.member_of(found)
    if every.reason in {"not_defined", "no_data"}:
        return None
    (found,) = await measure_disclosed(session, kpi, replace(scope, quality="clean"), [period])
    clean = envelopes.member_of(found)
    known = every.value is not None and clean.value is not None
    return FigureRead(
        kpi=kpi.id,
        name=kpi.name.of(wanted.language),
        direction=kpi.direction,
        all=KpiFigure(**envelopes.figure(kpi, every)),
        clean=KpiFigure(**envelopes.figure(kpi, clean)),
        difference=(clean.value or 0) - (every.value or 0) if known else None,
    )
