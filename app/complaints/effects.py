"""What each event changes on a case beside its state."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app.complaints.cases import Act, Case
from app.complaints.kinds import Kind, allows
from app.complaints.rules import EventName
from app.complaints.states import TOP_LEVEL, Outcome, RejectReason
from app.complaints.transitions import RULE
from app.errors import field_error

#: Longest announced wait for somebody outside: longer is a decision to be made again.
LONGEST_WAIT = timedelta(days=60)

_Effect = Callable[[Case, Act], dict[str, Any]]


def _given(act: Act, *names: str) -> dict[str, Any]:
    return {name: act.fields[name] for name in names if act.fields.get(name) is not None}


def _spoken(case: Case, act: Act) -> dict[str, Any]:
    """The first public word of a person in the house; a machine's does not count."""
    by_person = act.role in {"agent", "supervisor", "quality"}
    return {"first_responded_at": case.first_responded_at or (act.at if by_person else None)}


def _assess(case: Case, act: Act) -> dict[str, Any]:
    return {"assessed_at": case.assessed_at or act.at} | _given(act, "severity", "category")


def _accept(case: Case, act: Act) -> dict[str, Any]:
    return {"accepted_at": case.accepted_at or act.at} | _given(act, "assignee", "team")


def _return(case: Case, act: Act) -> dict[str, Any]:
    back = {"return_count": case.return_count + 1, "assignee": None}
    return back | _given(act, "assignee", "team")


def _wait(_: Case, act: Act) -> dict[str, Any]:
    expected: datetime = act.fields["expected_at"]
    if not timedelta(0) < expected - act.at <= LONGEST_WAIT:
        raise field_error("/expected_at", "implausible-time")
    return {"waiting_until": expected}


def _issue(case: Case, act: Act) -> dict[str, Any]:
    decided = {"outcome": act.fields["outcome"], "decided_by": act.actor, "under_review": False}
    moments = {"responded_at": case.responded_at or act.at}
    return decided | moments | _spoken(case, act) | _promise(case, act)


def _promise(_: Case, act: Act) -> dict[str, Any]:
    if act.fields.get("remedy") is None:
        return {}
    return {"remedy_promised_at": act.at, "remedy_delivered_at": None}


def _resolve(case: Case, act: Act) -> dict[str, Any]:
    return {"first_resolved_at": case.first_resolved_at or act.at, "resolved_at": act.at}


def _resolve_now(case: Case, act: Act) -> dict[str, Any]:
    found = _resolve(case, act) | _given(act, "outcome") | {"decided_by": act.actor}
    return found | _spoken(case, act) | _promise(case, act)


def _dispute(case: Case, _: Act) -> dict[str, Any]:
    """A rejected answer goes one level up, to somebody other than who decided it."""
    level = max(case.escalation_level, min(case.escalation_level + 1, TOP_LEVEL))
    return {"escalation_level": level, "under_review": True, "proposed_by": None}


def _reopen(case: Case, _: Act) -> dict[str, Any]:
    again = {"reopen_count": case.reopen_count + 1, "proposed_by": None}
    return again | {"resolved_at": None, "closed_at": None}


def _external(case: Case, act: Act) -> dict[str, Any]:
    outcome = act.fields["outcome"]
    if act.fields["to"] not in RULE["external_decision"].moves["external_review"]:
        raise field_error("/to", "unknown-value")
    overturned = case.outcome is not None and case.outcome != outcome
    found = {"outcome": outcome, "overturned": overturned}
    if act.fields["to"] == "closed":
        return found | {"closed_at": act.at}
    return found | {"resolved_at": None, "closed_at": None}


_REJECTED_AS: dict[RejectReason, Outcome] = {
    "spam": "not_a_complaint",
    "not_a_complaint": "not_a_complaint",
    "duplicate": "duplicate",
}


def _reject(_: Case, act: Act) -> dict[str, Any]:
    reason: RejectReason = act.fields["reason_code"]
    return {"reject_reason": reason, "outcome": _REJECTED_AS.get(reason)}


def _level(case: Case, act: Act) -> dict[str, Any]:
    step = 1 if act.event == "escalate" else -1
    level: int = act.fields.get("level", case.escalation_level + step)
    if (level - case.escalation_level) * step <= 0 or not 0 <= level <= TOP_LEVEL:
        raise field_error("/level", "number-out-of-range")
    return {"escalation_level": level}


def _retype(case: Case, act: Act) -> dict[str, Any]:
    kind: Kind = act.fields["kind"]
    if kind == case.kind or not allows(kind, case.identity_mode):
        raise field_error("/kind", "invalid-value")
    return {"kind": kind}


EFFECTS: dict[EventName, _Effect] = {
    "acknowledge": lambda _case, act: {"acknowledged_at": act.at},
    "assess": _assess,
    "accept": _accept,
    "return": _return,
    "ask_customer": _spoken,
    "wait_third_party": _wait,
    "resume": lambda _case, _act: {"waiting_until": None},
    "propose_response": lambda _case, act: {"proposed_at": act.at, "proposed_by": act.actor},
    "issue_response": _issue,
    "accept_response": _resolve,
    "reject_response": _dispute,
    "resolve_now": _resolve_now,
    "deliver_remedy": lambda _case, act: {"remedy_delivered_at": act.at},
    "close": lambda _case, act: {"closed_at": act.at} | _given(act, "root_cause"),
    "reopen": _reopen,
    "refer_external": lambda _case, act: _given(act, "external_body", "external_reference"),
    "external_decision": _external,
    "withdraw": lambda _case, _act: {"outcome": "withdrawn"},
    "reject": _reject,
    "escalate": _level,
    "deescalate": _level,
    "retype": _retype,
}
