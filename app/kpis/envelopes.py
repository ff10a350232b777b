"""From measurements to what is answered: envelopes, points, groups, counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.kpis.asking import Ask
from app.kpis.declaration import Kpi, Measurement
from app.kpis.period_schemas import KpiPeriod, PeriodRead
from app.kpis.periods import Bucket, Period
from app.kpis.schemas import (
    BilingualText,
    KpiComponent,
    KpiCount,
    KpiDefinition,
    KpiInterval,
    KpiOption,
    KpiPart,
    KpiPaths,
    KpiPrevious,
    KpiRead,
    KpiScope,
    KpiSource,
)
from app.kpis.statistics import DEFAULT_MIN_N, Difference, Interval, change_verdict
from app.kpis.weight_schemas import KpiWeighting, KpiWeights
from app.problems import Text

#: The figure stands on so few answers that its interval says more than its value.
FEW_ANSWERS = "few_answers"
#: The interval has no width: all answers agree, and the method cannot say more.
NO_SPREAD = "no_spread"
#: A group or period in which nothing was found at all.
NOTHING = Measurement(value=None, n=0, reason="no_data")


def header(
    kpi: Kpi, ask: Ask, language: str, figures: Iterable[Measurement] = ()
) -> dict[str, Any]:
    """The members of `KpiHeader`; of estimated figures it names the last one's model run."""
    scope = ask.scope
    estimated = [each for each in figures if each.estimated]
    runs = [each.model_run for each in estimated if each.model_run is not None]
    surveys = list(scope.survey_ids or ())
    return {
        "kpi": kpi.id,
        "definition": KpiDefinition(
            version=kpi.version,
            name=kpi.name.of(language),
            formula=kpi.formula.of(language),
        ),
        "scope": KpiScope(
            survey=surveys[0] if len(surveys) == 1 else None,
            surveys=surveys,
            question=scope.question,
            filters={name: list(values) for name, values in scope.filters.items()},
            quality=scope.quality,
            dedupe=scope.dedupe,
            clustered=scope.clustered,
            weighting=None
            if scope.weighting is None
            else KpiWeighting(scheme=scope.weighting.name, revision=scope.weighting.revision),
            options=dict(scope.options),
        ),
        "unit": kpi.unit,
        "direction": kpi.direction,
        "kind": "estimated" if estimated else "exact",
        "model_run": runs[-1] if runs else None,
        "as_of": ask.now,
    }


def figure(kpi: Kpi, measured: Measurement) -> dict[str, Any]:
    """The members of `KpiFigure`."""
    return {
        "value": measured.value,
        "n": number(measured),
        "n_effective": None if measured.suppressed else measured.tells_as_much_as,
        "weights": measured.weights and KpiWeights.model_validate(measured.weights),
        "numerator": dict(measured.numerator),
        "denominator": dict(measured.denominator),
        "excluded": dict(measured.excluded),
        "interval": interval(measured.interval),
        "currency": measured.currency,
        "components": {name: _component(kpi, each) for name, each in measured.components.items()},
        "suppressed": measured.suppressed,
        "reason": measured.reason,
        "warnings": warnings(kpi, measured),
        "sources": [KpiSource.model_validate(each) for each in measured.sources],
    }


def number(measured: Measurement) -> int | None:
    """How many the figure stands on; of a withheld one that is not said either."""
    return None if measured.suppressed else measured.n


def warnings(kpi: Kpi, measured: Measurement) -> list[str]:
    """What to mind, by its code."""
    found = list(measured.warnings)
    if kpi.interval != "none" and 0 < measured.judged_as < DEFAULT_MIN_N:
        found.append(FEW_ANSWERS)
    if measured.interval is not None and measured.interval.width == 0:
        found.append(NO_SPREAD)
    return found


def interval(limits: Interval | None) -> KpiInterval | None:
    """The interval as it is answered."""
    if limits is None:
        return None
    return KpiInterval(level=limits.level, low=limits.low, high=limits.high, method=limits.method)


def interval_of(change: Difference) -> KpiInterval:
    """The interval of a difference."""
    return KpiInterval(level=change.level, low=change.low, high=change.high, method=change.method)


def _component(kpi: Kpi, measured: Measurement) -> KpiComponent:
    parts = {name: KpiPart(**_part(kpi, each)) for name, each in measured.components.items()}
    return KpiComponent(**_part(kpi, measured), components=parts)


def _part(kpi: Kpi, measured: Measurement) -> dict[str, Any]:
    return {
        "value": measured.value,
        "unit": measured.unit or kpi.unit,
        "direction": measured.direction or kpi.direction,
        "n": measured.n,
        "n_effective": measured.tells_as_much_as,
        "numerator": dict(measured.numerator),
        "denominator": dict(measured.denominator),
        "excluded": dict(measured.excluded),
        "interval": interval(measured.interval),
        "currency": measured.currency,
        "reason": measured.reason,
    }


def dates(covered: Period | Bucket, now: datetime) -> PeriodRead:
    """The period, and whether it is over; a bucket is complete only if it is a whole unit."""
    return PeriodRead(**_dates(covered, now))


def period(covered: Period | Bucket, now: datetime, restated_at: datetime | None) -> KpiPeriod:
    """The period of a figure; `restated_at` as `restating.restated` tells it."""
    return KpiPeriod(**_dates(covered, now), restated_at=restated_at)


def _dates(covered: Period | Bucket, now: datetime) -> dict[str, Any]:
    days = covered.period if isinstance(covered, Bucket) else covered
    return {
        "start": days.start,
        "end": days.end,
        "tz": days.zone.key,
        "complete": covered.complete(now),
    }


def previous(
    kpi: Kpi, ask: Ask, now: Measurement, before: Measurement, earlier: KpiPeriod
) -> KpiPrevious | None:
    """The earlier period with the KPI's own test of the change; None if either is withheld."""
    if now.suppressed or before.suppressed:
        return None
    change = kpi.compare(now, before, ask.scope.level)
    plain = None
    if now.value is not None and before.value is not None and now.currency == before.currency:
        plain = now.value - before.value
    verdict = None
    if kpi.interval != "none":
        verdict = change_verdict(
            change, direction=kpi.direction, n_now=now.judged_as, n_before=before.judged_as
        )
    return KpiPrevious(
        period=earlier,
        value=before.value,
        n=before.n,
        n_effective=before.tells_as_much_as,
        difference=change.difference if change else plain,
        interval=interval_of(change) if change else None,
        p=change.p if change else None,
        test=change.test if change else None,
        verdict=verdict,
    )


def counts(measured: Measurement) -> list[KpiCount]:
    """The distribution: shares of what counts, and what was left out without a share."""
    given = {code: n for code, n in measured.counts.items() if not code.startswith("~")}
    counted = sum(given.values())
    shares = measured.shares or {code: n / counted for code, n in given.items() if counted}
    return [
        KpiCount(
            code=code.removeprefix("~"),
            labels=dict(measured.labels.get(code, {})),
            n=n,
            counted=not code.startswith("~"),
            share=shares.get(code),
        )
        for code, n in measured.counts.items()
    ]


def catalogue_entry(kpi: Kpi) -> KpiRead:
    """A declaration as the catalogue shows it."""
    path = f"/v1/kpis/{kpi.id}"
    return KpiRead(
        id=kpi.id,
        version=kpi.version,
        family=kpi.family,
        name=_bilingual(kpi.name),
        formula=_bilingual(kpi.formula),
        numerator=_bilingual(kpi.numerator),
        denominator=_bilingual(kpi.denominator),
        unit=kpi.unit,
        direction=kpi.direction,
        interval_method=None if kpi.interval == "none" else kpi.interval,
        dimensions=list(kpi.dimensions),
        options=[
            KpiOption(
                name=option.name,
                description=_bilingual(option.description),
                values=list(option.values),
                default=option.default,
                minimum=None if option.values else option.low,
                maximum=None if option.values else option.high,
            )
            for option in kpi.options
        ],
        takes_survey=kpi.takes_survey,
        takes_question=kpi.takes_question,
        takes_weighting=kpi.takes_weighting,
        paths=KpiPaths(
            value=path,
            trend=f"{path}/trend",
            compare=f"{path}/compare",
            distribution=f"{path}/distribution" if kpi.has_distribution else None,
        ),
    )


def _bilingual(text: Text) -> BilingualText:
    return BilingualText(zh_cn=text.zh, en=text.en)


def member_of(found: Mapping[str, Measurement]) -> Measurement:
    """The figure of everybody."""
    return found.get("", NOTHING)
