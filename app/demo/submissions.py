"""The responses of the demo's year: who answers which survey, when, through which channel."""

import bisect
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.demo.answers import Mind, Pen, fill, pens
from app.demo.population import REGIONS, SEGMENTS, Person, Purchase
from app.demo.year import YEAR_DAYS, Calendar, local_day, numbered_stream, pick
from app.responses.schemas import AnswerValue, Channel, Method, Status
from app.surveys.templates import TEMPLATES

RESPONSES = 20_000
_TEST_SHARE = 0.002
_PARTIAL_SHARE = 0.06
_SPEEDER_SHARE = 0.01
_CHINESE_SHARE = 0.75


@dataclass(frozen=True)
class Way:
    """How a survey reaches people by one channel."""

    share: float
    method: Method
    identified: float
    """How many are known as customers."""
    warmth: float
    """People are kinder to a voice than to a form."""
    dismissed: float
    """How many close it without an answer."""
    seconds_an_answer: float
    talkative: float
    is_office: bool = False


@dataclass(frozen=True)
class Plan:
    """How a survey is used: its share of all responses, its ways, and how it meets an outage."""

    template: str
    share: float
    ways: dict[Channel, Way]
    busier_in_trouble: float
    after_order_days: int
    """Whom it asks: customers who ordered at most so many days ago."""


PLANS = (
    Plan(
        "service-call-back", 0.43,
        {
            "phone": Way(0.56, "call_back", 0.97, 0.15, 0.02, 20, 0.30, is_office=True),
            "kiosk": Way(0.22, "questionnaire", 0.05, 0.0, 0.01, 5, 0.03, is_office=True),
            "mobile": Way(0.13, "questionnaire", 0.80, -0.05, 0.05, 6, 0.15),
            "web": Way(0.09, "questionnaire", 0.65, -0.12, 0.06, 8, 0.22),
        },
        busier_in_trouble=0.6, after_order_days=30,
    ),
    Plan(
        "relationship-loyalty", 0.57,
        {
            "email": Way(0.40, "questionnaire", 1.0, 0.0, 0.01, 10, 0.26),
            "mobile": Way(0.28, "questionnaire", 0.80, -0.05, 0.06, 6, 0.12),
            "web": Way(0.24, "questionnaire", 0.60, -0.12, 0.07, 8, 0.20),
            "phone": Way(0.08, "call_back", 1.0, 0.15, 0.01, 18, 0.30, is_office=True),
        },
        busier_in_trouble=0.0, after_order_days=180,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Submission:
    """One response, as the bulk route takes it; `template` says to which survey."""

    template: str
    submission_id: str
    status: Status
    answers: dict[str, AnswerValue]
    language: str
    channel: Channel
    method: Method
    customer: str | None
    occurred_at: datetime
    duration_seconds: float
    metadata: dict[str, str]
    test: bool
    mood: float
    """What the answers were made from; nobody sends it."""


class _Buyers:
    """Finds somebody who ordered shortly before a day."""

    def __init__(self, customers: list[Person], orders: list[Purchase]) -> None:
        self._by_id = {person.external_id: person for person in customers}
        self._orders = orders
        self._days = [local_day(order.ordered_at) for order in orders]

    def pick(self, stream: random.Random, day: date, within_days: int) -> Person | None:
        """A customer who may be asked; None where nobody bought."""
        low = bisect.bisect_left(self._days, day - timedelta(days=within_days))
        high = bisect.bisect_left(self._days, day)
        for _ in range(5):
            if low >= high:
                return None
            person = self._by_id[self._orders[stream.randrange(low, high)].customer]
            if person.survey_consent:
                return person
        return None


def submissions(
    seed: int,
    calendar: Calendar,
    customers: list[Person],
    orders: list[Purchase],
    scale: float,
) -> list[Submission]:
    """The responses of the year to each survey, in the order of time."""
    total = round(RESPONSES * scale)
    counts = [round(total * plan.share) for plan in PLANS[:-1]]
    counts.append(total - sum(counts))
    buyers = _Buyers(customers, orders)
    found = []
    for plan, count in zip(PLANS, counts, strict=True):
        stream = numbered_stream(seed, f"responses/{plan.template}")
        with_pens = pens(TEMPLATES[plan.template].definition)
        asker = _Asker(plan, stream, calendar, buyers, with_pens)
        days = sorted(stream.choices(*_weighted_days(calendar, plan), k=count))
        for number, day in enumerate(days, 1):
            found.append(asker.ask(day, f"{plan.template}-{number:06d}"))
    return found


def _weighted_days(calendar: Calendar, plan: Plan) -> tuple[list[date], list[float]]:
    """The days of the year, and how many answers each brings: more every month."""
    days = [calendar.start + timedelta(days=number) for number in range(YEAR_DAYS)]
    office = plan.ways["phone"].share > 0.5
    weights = [
        (0.85 + 0.3 * number / YEAR_DAYS)
        * (0.4 + 0.6 * calendar.business(day, office=office))
        * (1 + plan.busier_in_trouble * calendar.trouble(day))
        for number, day in enumerate(days)
    ]
    return days, weights


@dataclass(frozen=True)
class _Asker:
    """Puts the questions of one survey to people."""

    plan: Plan
    stream: random.Random
    calendar: Calendar
    buyers: _Buyers
    with_pens: dict[str, Pen]

    def ask(self, day: date, submission_id: str) -> Submission:
        """What comes back on a day from whoever is asked."""
        stream, plan = self.stream, self.plan
        channel = pick(stream, {name: way.share for name, way in plan.ways.items()})
        way = plan.ways[channel]
        person = None
        if stream.random() < way.identified:
            person = self.buyers.pick(stream, day, plan.after_order_days)
        mood = _mood(stream, self.calendar, day, person) + way.warmth
        language = _language(stream, person)
        mind = Mind(mood, language, self.calendar.trouble(day), way.talkative)
        status, answers = _answers(stream, self.with_pens, mind, way)
        return Submission(
            template=plan.template,
            submission_id=submission_id,
            status=status,
            answers=answers,
            language=language,
            channel=channel,
            method=way.method,
            customer=person.external_id if person else None,
            occurred_at=self.calendar.moment(stream, day, office=way.is_office),
            duration_seconds=_duration(stream, way, len(answers)),
            metadata={"branch": person.region if person else pick(stream, REGIONS)},
            test=stream.random() < _TEST_SHARE,
            mood=mood,
        )


def _mood(stream: random.Random, calendar: Calendar, day: date, person: Person | None) -> float:
    """The person, the days, and the hour."""
    own = stream.gauss(0, 0.75)
    if person is not None:
        own = 0.5 * person.goodwill + SEGMENTS[person.segment].warmth + stream.gauss(0, 0.55)
    return own + calendar.mood(day)


def _language(stream: random.Random, person: Person | None) -> str:
    if person is not None:
        return person.language
    return "zh-CN" if stream.random() < _CHINESE_SHARE else "en"


def _answers(
    stream: random.Random, with_pens: dict[str, Pen], mind: Mind, way: Way
) -> tuple[Status, dict[str, AnswerValue]]:
    """To the end, a part of the way, or not at all."""
    if stream.random() < way.dismissed:
        return "dismissed", {}
    answers = fill(stream, with_pens, mind)
    if stream.random() >= _PARTIAL_SHARE:
        return "complete", answers
    reached = stream.randrange(1, len(with_pens) - 1)
    asked = list(with_pens)[:reached]
    kept = {key: answer for key, answer in answers.items() if key in asked}
    return ("partial", kept) if kept else ("dismissed", {})


def _duration(stream: random.Random, way: Way, answered: int) -> float:
    if stream.random() < _SPEEDER_SHARE:
        return round(0.5 * answered, 1)
    return round((answered + 1) * way.seconds_an_answer * stream.lognormvariate(0, 0.35), 1)
