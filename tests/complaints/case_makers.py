"""Cases and the fields of events, for the tests of the pure rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.complaints.cases import Case
from app.complaints.states import State
from app.complaints.transitions import RULE

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
#: Every field that any event takes, with a value that fits.
FIELDS: dict[str, Any] = {
    "text": "text", "reason": "reason", "category": "billing", "severity": "high",
    "assignee": "agent-1", "team": "north", "expected_at": NOW + timedelta(days=3),
    "outcome": "upheld", "recourse": "the ombudsman", "remedy": "a refund",
    "evidence": "recording 7", "complainant_agreed": True, "root_cause": "training",
    "external_body": "regulator", "external_reference": "R-1", "reason_code": "spam",
    "into": "C-...", "class_case": False, "kind": "opinion",
}  # fmt: skip


def case_in(state: State, **facts: object) -> Case:
    """A case in a state, of which every guard holds unless `facts` say otherwise."""
    usual: dict[str, Any] = {
        "state": state, "kind": "complaint", "identity_mode": "identified", "contactable": True,
        "received_at": NOW - timedelta(days=2), "resolved_at": NOW - timedelta(days=1),
        "remedy_promised_at": None, "escalation_level": 1,
    }  # fmt: skip
    return Case(**(usual | facts))


def fields_for(event: str, target: str) -> dict[str, Any]:
    """Values for all the fields of an event."""
    rule = RULE[event]  # type: ignore[index]
    names = [*rule.required, *rule.required_unless_set, *rule.optional]
    names += rule.required_of.values()
    chosen = {name: FIELDS[name] for name in names if name in FIELDS}
    return chosen | ({"to": target} if "to" in names else {})
