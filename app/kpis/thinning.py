"""A figure whose answers tell less than their number says: the same value, a wider interval."""

from dataclasses import replace

from app.kpis.declaration import Measurement
from app.kpis.means import Moments, t_interval
from app.kpis.proportions import NpsCounts, NpsMethod, Share, nps_interval, wilson
from app.kpis.statistics import Interval

#: What figures of answers of one kind rest on.
Evidence = Share | NpsCounts | Moments
_NPS_METHODS: dict[str, NpsMethod] = {"adjusted_wald": "adjusted_wald", "wald": "wald"}


def thinned(measured: Measurement, n_effective: float) -> Measurement:
    """The figure as so many independent answers would give it; its components stay.

    Interval and evidence are those of the figure's own method with `n_effective` answers. A mean
    of fewer than two, and a figure that rests on anything but answers of one kind, lose both.
    """
    evidence, interval = measured.evidence, measured.interval
    few = isinstance(evidence, Moments) and n_effective < 2
    if interval is None or few or not isinstance(evidence, Evidence):
        return replace(measured, n_effective=n_effective, interval=None, evidence=None)
    evidence = replace(evidence, n_effective=n_effective)
    return replace(
        measured,
        n_effective=n_effective,
        interval=interval_like(interval, evidence),
        evidence=evidence,
    )


def interval_like(plain: Interval, evidence: Evidence) -> Interval | None:
    """The interval of the evidence by the same method, at the same level, cut at the same ends."""
    match evidence:
        case Share():
            return wilson(evidence, plain.level)
        case NpsCounts():
            return nps_interval(evidence, plain.level, _NPS_METHODS[plain.method])
        case Moments():
            return t_interval(evidence, plain.level, plain.ends)
