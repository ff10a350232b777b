"""What is measured of one customer: rhythm of purchases, complaints, scores. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

from app.churn.rules import COMPLAINT_DAYS, MIN_PURCHASE_DAYS, RULES, SCORE_DAYS
from app.kpis.periods import day_starts_at, local_date
from app.surveys.questions import Scale


@dataclass(frozen=True)
class Complained:
    """A complaint that counts."""

    received_at: datetime
    open: bool
    reopened_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Scored:
    """An answer on a scale."""

    survey_id: UUID
    question: str
    """Its name in the tallies: the key, or `<key>.<row>`."""
    scale: Scale
    satisfaction: bool
    """Whether it measures satisfaction."""
    value: int
    at: datetime


@dataclass(frozen=True)
class Alive:
    """The probability of being still a customer, and the model run that says so."""

    probability: float
    model_run: UUID
    known_to: date
    """The last local day that the run knows of."""


@dataclass(frozen=True)
class Facts:
    """What is known of a customer, as far as it bears on leaving."""

    purchase_days: Sequence[date] = ()
    """Local days with a purchase that stands, ascending."""
    complaints: Sequence[Complained] = ()
    scores: Sequence[Scored] = ()
    """Newest first."""
    alive: Alive | None = None


@dataclass(frozen=True)
class Signals:
    """What was measured; None where there is nothing to measure."""

    purchases: int
    days_since_last_purchase: int | None
    median_gap_days: Fraction | None
    p_alive: float | None
    open_complaints: int
    recent_complaints: int
    recent_reopenings: int
    lowest: Scored | None
    """Of the last answers on satisfaction the worst, if it is in the low box of its scale."""
    fallen: tuple[Scored, Scored] | None
    """The largest fall between the last two answers to a question: before, after."""
    satisfaction_known: bool = field(default=False)

    @property
    def overdue_ratio(self) -> Fraction | None:
        """Days since the last purchase over the median gap."""
        if self.median_gap_days is None or self.days_since_last_purchase is None:
            return None
        return self.days_since_last_purchase / self.median_gap_days

    @property
    def score_drop(self) -> int | None:
        """Points lost in the largest fall; None where no question was answered twice."""
        return None if self.fallen is None else loss(*self.fallen)

    def values(self) -> dict[str, float | None]:
        """The measures that the rules judge, by name."""
        ratio = self.overdue_ratio
        dissatisfied = float(self.lowest is not None) if self.satisfaction_known else None
        return {
            "overdue_ratio": None if ratio is None else float(ratio),
            "p_alive": self.p_alive,
            "open_complaints": float(self.open_complaints),
            "recent_complaints": float(self.recent_complaints),
            "recent_reopenings": float(self.recent_reopenings),
            "dissatisfied": dissatisfied,
            "score_drop": None if self.score_drop is None else float(self.score_drop),
        }


def measure(facts: Facts, at: datetime, zone: ZoneInfo) -> Signals:
    """The signals of a customer at an instant, in the local days of a zone."""
    today = local_date(at, zone)
    days = [day for day in facts.purchase_days if day <= today]
    recently = at - timedelta(days=COMPLAINT_DAYS)
    scores = [each for each in facts.scores if each.at <= at]
    valid = [each for each in scores if each.at > at - timedelta(days=SCORE_DAYS)]
    return Signals(
        purchases=len(days),
        days_since_last_purchase=(today - days[-1]).days if days else None,
        median_gap_days=median_gap(days),
        p_alive=_p_alive(facts.alive, days),
        open_complaints=sum(each.open for each in facts.complaints),
        recent_complaints=sum(each.received_at > recently for each in facts.complaints),
        recent_reopenings=sum(
            moment > recently for each in facts.complaints for moment in each.reopened_at
        ),
        lowest=_lowest(valid),
        fallen=_fallen(scores, valid),
        satisfaction_known=any(each.satisfaction for each in valid),
    )


def _p_alive(alive: Alive | None, days: Sequence[date]) -> float | None:
    """The model's probability, where it says something that is still true.

    Of those with one purchase the model says 1, which is no news; and whoever has bought since
    the run was alive then.
    """
    if alive is None or len(days) < 2 or days[-1] > alive.known_to:
        return None
    return alive.probability


def median_gap(days: Sequence[date]) -> Fraction | None:
    """The median number of days between purchases; None below three purchase days."""
    if len(days) < MIN_PURCHASE_DAYS:
        return None
    gaps = [(after - before).days for before, after in pairwise(days)]
    return Fraction(median(gaps))


def low_box(scale: Scale) -> frozenset[int]:
    """As many points at the bad end as the top box has at the good one, at least one."""
    points = range(scale.min, scale.max + 1)
    worst_first = points if scale.direction == "higher" else reversed(points)
    size = max(1, len(scale.top_box))
    return frozenset(list(worst_first)[:size])


def loss(before: Scored, after: Scored) -> int:
    """Points lost from one answer to the next; negative where it got better."""
    fall = before.value - after.value
    return fall if after.scale.direction == "higher" else -fall


def _lowest(valid: Sequence[Scored]) -> Scored | None:
    told = [each for each in valid if each.satisfaction]
    last = [each for each in told if each.at == told[0].at]
    low = [each for each in last if each.value in low_box(each.scale)]
    return min(low, key=lambda each: (each.survey_id, each.question), default=None)


def _fallen(scores: Sequence[Scored], valid: Sequence[Scored]) -> tuple[Scored, Scored] | None:
    """The largest change for the worse between the last two answers to a question."""
    answers: dict[tuple[UUID, str], list[Scored]] = {}
    for each in scores:
        answers.setdefault((each.survey_id, each.question), []).append(each)
    current = set(valid)
    pairs = [(told[1], told[0]) for told in answers.values() if len(told) > 1]
    pairs = [(before, after) for before, after in pairs if after in current]
    # The scale of a question never changes; only its top box may.
    return max(pairs, key=lambda pair: (loss(*pair), pair[1].question), default=None)


def next_change(facts: Facts, signals: Signals, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The next instant at which time alone may change a measure that is judged."""
    return min(_changes(facts, signals, at, zone), default=None)


def _changes(facts: Facts, signals: Signals, at: datetime, zone: ZoneInfo) -> Iterable[datetime]:
    if signals.median_gap_days is not None:
        last = [day for day in facts.purchase_days if day <= local_date(at, zone)][-1]
        for rule in RULES:
            if rule.measure == "overdue_ratio":
                days = math.ceil(Fraction(rule.enter) * signals.median_gap_days)
                yield from _later(day_starts_at(last + timedelta(days=days), zone), at)
    for each in facts.complaints:
        for moment in (each.received_at, *each.reopened_at):
            yield from _later(moment + timedelta(days=COMPLAINT_DAYS), at)
    for score in facts.scores:
        yield from _later(score.at + timedelta(days=SCORE_DAYS), at)


def _later(moment: datetime, at: datetime) -> Iterable[datetime]:
    if moment > at:
        yield moment
