"""The complaints of the demo's year, and the other kinds of contact: who, when, about what."""

import bisect
import math
import random
from dataclasses import dataclass
from datetime import date, timedelta

from app.complaints.cases import Act
from app.complaints.kinds import KINDS, IdentityMode, Kind, allows
from app.complaints.schemas import ComplaintCreate
from app.complaints.states import Channel, Remedy, Severity
from app.demo.contact_words import MATTERS, OUTAGE, said
from app.demo.handling import Matter, handle
from app.demo.population import Person, Purchase
from app.demo.year import YEAR_DAYS, Calendar, local_day, pick
from app.problems import Text

CONTACTS = 600
_KINDS: dict[Kind, float] = {
    "complaint": 38, "fault_repair": 20, "consulting": 9, "enquiry": 9, "suggestion": 7,
    "opinion": 6, "praise": 8, "report": 3,
}  # fmt: skip
_CHANNELS: dict[Channel, float] = {
    "phone": 38, "web": 18, "mobile": 16, "email": 14, "social": 6, "in_person": 5, "kiosk": 3,
}  # fmt: skip
_SEVERITIES: dict[Severity, float] = {"low": 25, "medium": 52, "high": 19, "critical": 4}
_LIGHT_SEVERITIES: dict[Severity, float] = {"low": 75, "medium": 25}
_SOUGHT: dict[Remedy, float] = {
    "refund": 30, "repair": 20, "exchange": 18, "apology": 14, "compensation": 10, "information": 8,
}  # fmt: skip
#: Contacts of these kinds come from whoever is angry; the others from anybody.
_UPSET: frozenset[Kind] = frozenset({"complaint", "fault_repair", "report"})


@dataclass(frozen=True)
class Contact:
    """A contact as it is filed, and everything that happened to the case since."""

    filed: ComplaintCreate
    acts: tuple[Act, ...]


def contacts(
    stream: random.Random,
    calendar: Calendar,
    customers: list[Person],
    orders: list[Purchase],
    scale: float,
) -> list[Contact]:
    """The contacts of the year in the order of time; every kind is among the first ones drawn."""
    count = round(CONTACTS * scale)
    days = [calendar.start + timedelta(days=number) for number in range(YEAR_DAYS)]
    weights = [
        (0.3 + calendar.business(day, office=True)) * (1 + 2.2 * calendar.trouble(day))
        for day in days
    ]
    kinds = [*KINDS][:count]
    kinds += [pick(stream, _KINDS) for _ in range(count - len(kinds))]
    people = {person.external_id: person for person in customers}
    order_days = [local_day(order.ordered_at) for order in orders]
    found = []
    for kind, day in zip(kinds, stream.choices(days, weights, k=count), strict=True):
        low = bisect.bisect_left(order_days, day - timedelta(days=45))
        recent = orders[low : bisect.bisect_left(order_days, day)]
        found.append(_contact(stream, calendar, kind, day, _who(stream, kind, recent, people)))
    return sorted(found, key=lambda each: (each.filed.received_at, each.filed.description))


def _who(
    stream: random.Random, kind: Kind, recent: list[Purchase], people: dict[str, Person]
) -> tuple[Person, Purchase] | None:
    """Somebody who ordered lately: of eight, for an angry contact, one with little goodwill."""
    if not recent:
        return None
    several = [recent[stream.randrange(len(recent))] for _ in range(8)]
    sign = -1.3 if kind in _UPSET else 1.0 if kind == "praise" else 0.0
    weights = [math.exp(sign * people[order.customer].goodwill) for order in several]
    order = stream.choices(several, weights)[0]
    return people[order.customer], order


def _contact(
    stream: random.Random,
    calendar: Calendar,
    kind: Kind,
    day: date,
    who: tuple[Person, Purchase] | None,
) -> Contact:
    mode = _mode(stream, kind) if who else "anonymous"
    if not allows(kind, mode):
        mode = "identified"
    person, order = who if who and mode != "anonymous" else (None, None)
    language = person.language if person else "zh-CN"
    trouble = calendar.trouble(day)
    category, words, root_cause = _about(stream, kind, trouble)
    severity = pick(stream, _SEVERITIES if kind in _UPSET else _LIGHT_SEVERITIES)
    received_at = calendar.moment(stream, day, office=False)
    filed = ComplaintCreate(
        kind=kind,
        channel=pick(stream, _CHANNELS),
        description=said(words, language),
        category=category,
        severity=severity,
        identity_mode=mode,
        customer=person.external_id if person else None,
        order=order.external_id if order and stream.random() < 0.7 else None,
        occurred_at=received_at - timedelta(hours=stream.expovariate(1 / 20)),
        received_at=received_at,
        remedy_sought=_remedy(stream) if kind == "complaint" else None,
    )
    matter = Matter(
        kind=kind,
        severity=severity,
        category=category,
        root_cause=root_cause,
        language=language,
        known=person is not None,
        trouble=trouble,
        received_at=received_at,
    )
    return Contact(filed, handle(stream, matter, calendar.end))


def _about(stream: random.Random, kind: Kind, trouble: float) -> tuple[str, Text, str | None]:
    """Category, words and root cause; in the bad month mostly the outage."""
    if kind in {"complaint", "fault_repair"} and stream.random() < 0.6 * trouble:
        return OUTAGE
    return stream.choice(MATTERS[kind])


def _remedy(stream: random.Random) -> Remedy:
    return pick(stream, _SOUGHT)


def _mode(stream: random.Random, kind: Kind) -> IdentityMode:
    """Most say who they are; half of those who report misconduct do not want it known."""
    modes: dict[IdentityMode, float] = {"identified": 92, "confidential": 4, "anonymous": 4}
    if KINDS[kind].restricted:
        modes = {"identified": 30, "confidential": 45, "anonymous": 25}
    return pick(stream, modes)
