"""How the demo's house handles a case: plausible sequences of events from receipt to the end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.complaints.cases import Act
from app.complaints.kinds import KINDS, Kind
from app.complaints.rules import EventName
from app.complaints.states import Role, Severity
from app.demo import contact_words as words
from app.demo.contact_words import said
from app.demo.year import ZONE
from app.problems import Text

#: Kinds that the front line mostly settles at once.
_LIGHT: frozenset[Kind] = frozenset({"consulting", "enquiry", "opinion", "suggestion", "praise"})
_PACE: dict[Severity, float] = {"low": 1.2, "medium": 1.0, "high": 0.6, "critical": 0.35}
_AGENTS = 12
_OPENS, _CLOSES = 8, 18


@dataclass(frozen=True)
class Matter:
    """What a case is about, as far as its handling depends on it."""

    kind: Kind
    severity: Severity
    category: str
    root_cause: str | None
    language: str
    known: bool
    """Whether the complainant can be asked."""
    trouble: float
    """How busy the house was, from 0 to 1."""
    received_at: datetime


@dataclass(frozen=True)
class _Step:
    hours: float
    """After the step before."""
    event: EventName
    role: Role
    actor: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def handle(stream: random.Random, matter: Matter, end: datetime) -> tuple[Act, ...]:
    """Everything that happened to the case before `end`; what comes later has not happened."""
    acts: list[Act] = []
    at = matter.received_at
    pace = _PACE[matter.severity] * (1 + 1.5 * matter.trouble)
    for step in _story(stream, matter):
        slowed = step.hours * (1.0 if step.role == "complainant" else pace)
        at += timedelta(hours=slowed * stream.uniform(0.6, 1.5), seconds=stream.randrange(60))
        if step.role != "complainant":
            at = _at_work(at)
        if at >= end:
            break
        fields = dict(step.fields)
        if step.event == "wait_third_party":
            fields["expected_at"] = at + timedelta(days=7)
        acts.append(Act(step.event, step.role, at, step.actor, fields))
    return tuple(acts)


def _at_work(moment: datetime) -> datetime:
    """The same moment if the office is open, else the next morning at the same minute."""
    local = moment.astimezone(ZONE)
    if _OPENS <= local.hour < _CLOSES:
        return moment
    morning = local.replace(hour=_OPENS) + timedelta(days=1 if local.hour >= _CLOSES else 0)
    return morning.astimezone(moment.tzinfo)


def _story(stream: random.Random, matter: Matter) -> Iterator[_Step]:
    agent = f"agent-{stream.randrange(1, _AGENTS + 1):02d}"
    if matter.kind in _LIGHT and stream.random() < 0.7:
        yield from _settled_at_once(matter, agent)
        return
    yield _Step(2, "acknowledge", "agent", agent, _text(matter, words.ACKNOWLEDGED))
    if matter.kind not in _LIGHT and stream.random() < 0.03:
        reason = {"reason_code": "out_of_scope"} | _text(matter, words.OUT_OF_SCOPE)
        yield _Step(5, "reject", "supervisor", "supervisor-1", reason)
        return
    grave = {"severity": matter.severity, "category": matter.category}
    yield _Step(3, "assess", "agent", agent, grave)
    yield _Step(2, "accept", "agent", agent, {"assignee": agent, "team": _team(matter)})
    if KINDS[matter.kind].withdrawable and stream.random() < 0.03:
        yield _Step(20, "withdraw", "complainant", None, _reason(matter, words.NOT_NEEDED))
        return
    yield from _looked_into(stream, matter, agent)
    yield from _decided(stream, matter, agent)


def _settled_at_once(matter: Matter, agent: str) -> Iterator[_Step]:
    thanks = matter.kind in {"praise", "opinion", "suggestion"}
    text = _text(matter, words.THANKED if thanks else words.SETTLED)
    yield _Step(3, "resolve_now", "agent", agent, {"complainant_agreed": True} | text)
    yield _Step(48, "close", "supervisor", "supervisor-2")


def _looked_into(stream: random.Random, matter: Matter, agent: str) -> Iterator[_Step]:
    if stream.random() < 0.06:
        yield _Step(6, "return", "agent", agent, _reason(matter, words.RETURNED))
        yield _Step(4, "accept", "agent", "agent-20", {"assignee": "agent-20", "team": "quality"})
    if matter.known and stream.random() < 0.15:
        yield _Step(8, "ask_customer", "agent", agent, _text(matter, words.QUESTION))
        yield _Step(20, "customer_message", "complainant", None, _text(matter, words.REPLY))
    if matter.kind == "fault_repair" and stream.random() < 0.3:
        yield _Step(6, "wait_third_party", "agent", agent, _reason(matter, words.SUPPLIER))
        yield _Step(70, "resume", "agent", agent)


def _decided(stream: random.Random, matter: Matter, agent: str) -> Iterator[_Step]:
    """The answer, what the complainant says to it, and the end."""
    answer = _answer(stream, matter)
    yield _Step(80, "issue_response", "agent", agent, answer)
    chance = stream.random()
    if matter.kind in {"complaint", "report"} and chance < 0.04:
        yield from _outside(matter)
        return
    if matter.kind not in _LIGHT and chance < 0.16:
        yield _Step(30, "reject_response", "complainant", None, _reason(matter, words.DISAGREED))
        answer = {"outcome": "partially_upheld"} | _speak(matter, words.REVIEWED)
        answer["remedy"] = said(words.REMEDIES[2], matter.language)
        yield _Step(50, "issue_response", "supervisor", "supervisor-3", answer)
    yield from _ended(stream, matter, agent, promised="remedy" in answer)
    if matter.kind not in _LIGHT and stream.random() < 0.1:
        yield _Step(200, "reopen", "complainant", None, _reason(matter, words.AGAIN))
        again = {"outcome": "upheld"} | _speak(matter, words.UPHELD)
        yield _Step(40, "issue_response", "supervisor", "supervisor-3", again)
        yield from _ended(stream, matter, agent, promised=False)


def _ended(stream: random.Random, matter: Matter, agent: str, *, promised: bool) -> Iterator[_Step]:
    if matter.known and stream.random() < 0.7:
        yield _Step(28, "accept_response", "complainant")
    else:
        evidence = {"evidence": said(words.AGREED, matter.language)}
        yield _Step(36, "accept_response", "agent", agent, evidence)
    if promised:
        yield _Step(48, "deliver_remedy", "integration", None, _text(matter, words.DELIVERED))
    found = {"root_cause": matter.root_cause} if matter.root_cause else {}
    yield _Step(140, "close", "supervisor", "supervisor-2", found)


def _outside(matter: Matter) -> Iterator[_Step]:
    """Once in a while a case goes to an outside body, which takes its time."""
    body = {"external_body": said(words.BODY, matter.language), "external_reference": "12315"}
    yield _Step(60, "refer_external", "complainant", None, body)
    found = {"outcome": "partially_upheld", "to": "closed"}
    yield _Step(700, "external_decision", "integration", None, found)


def _answer(stream: random.Random, matter: Matter) -> dict[str, Any]:
    if matter.kind in _LIGHT:
        because = {"reason": said(words.ANSWERED_REASON, matter.language)}
        return {"outcome": "not_a_complaint"} | because | _speak(matter, words.NO_COMPLAINT)
    chance = stream.random()
    if chance < 0.2:
        because = {"reason": said(words.REASON, matter.language)}
        return {"outcome": "not_upheld"} | because | _speak(matter, words.NOT_UPHELD)
    text, outcome = (words.UPHELD, "upheld") if chance < 0.7 else (words.PARTLY, "partially_upheld")
    answer = {"outcome": outcome} | _speak(matter, text)
    if stream.random() < 0.6:
        answer["remedy"] = said(stream.choice(words.REMEDIES), matter.language)
    return answer


def _speak(matter: Matter, text: Text) -> dict[str, Any]:
    return _text(matter, text) | {"recourse": said(words.RECOURSE, matter.language)}


def _text(matter: Matter, text: Text) -> dict[str, Any]:
    return {"text": said(text, matter.language)}


def _reason(matter: Matter, text: Text) -> dict[str, Any]:
    return {"reason": said(text, matter.language)}


def _team(matter: Matter) -> str:
    return {"fault_repair": "repair", "report": "compliance"}.get(matter.kind, "front-line")
