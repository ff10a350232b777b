"""The table of transitions, row by row, and what no sequence of events can do."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.complaints import event_schemas
from app.complaints.cases import Act, Case
from app.complaints.kinds import IdentityMode
from app.complaints.lifecycle import apply, legal_events
from app.complaints.rules import EventName
from app.complaints.states import ACTIVE, STATES, TERMINAL, Role, State
from app.complaints.transitions import ENTRY_LABELS, RULE, RULES
from app.errors import Invalid, Problem
from tests.complaints.case_makers import NOW, case_in, fields_for

ROLES: tuple[Role, ...] = get_args(Role)
LIVE = "received in_progress waiting_customer waiting_third_party response_issued"
WORKING = "received in_progress waiting_customer waiting_third_party"
NOT_ENDED = f"{LIVE} resolved external_review"
WRITABLE = (
    "received in_progress waiting_third_party response_issued resolved closed external_review"
)

#: Transcribed from the domain reference, independently of `transitions`: event, sources,
#: target ("=" stays), who (C complainant, A agent, S supervisor, I integration, T timer).
TABLE = [
    ("acknowledge", LIVE, "=", "AT"),
    ("assess", WORKING, "=", "A"),
    ("accept", "received", "in_progress", "A"),
    ("return", "in_progress", "received", "AS"),
    ("ask_customer", "in_progress", "waiting_customer", "A"),
    ("customer_message", "waiting_customer", "in_progress", "CI"),
    ("customer_message", WRITABLE, "=", "CI"),
    ("wait_third_party", "in_progress", "waiting_third_party", "A"),
    ("resume", "waiting_third_party", "in_progress", "AT"),
    ("propose_response", "in_progress", "=", "A"),
    ("issue_response", "in_progress", "response_issued", "AS"),
    ("accept_response", "response_issued", "resolved", "CA"),
    ("reject_response", "response_issued", "in_progress", "CA"),
    ("resolve_now", "received in_progress", "resolved", "A"),
    ("deliver_remedy", f"{LIVE[9:]} resolved", "=", "AI"),
    ("close", "resolved", "closed", "ST"),
    ("reopen", "resolved closed", "in_progress", "CAT"),
    ("refer_external", f"{LIVE} resolved closed", "external_review", "CAI"),
    ("external_decision", "external_review", "in_progress", "AI"),
    ("external_decision", "external_review", "closed", "AI"),
    ("withdraw", LIVE, "withdrawn", "CA"),
    ("reject", "received in_progress", "rejected", "S"),
    ("merge_into", LIVE, "merged", "AS"),
    ("escalate", NOT_ENDED, "=", "ASTC"),
    ("deescalate", NOT_ENDED, "=", "S"),
    ("retype", NOT_ENDED, "=", "S"),
]
LETTERS: dict[str, Role] = {
    "C": "complainant", "A": "agent", "S": "supervisor", "I": "integration", "T": "timer",
}  # fmt: skip


def ready(event: str, state: State) -> Case:
    """A case in which the guards of the event hold."""
    remedy = {"remedy_promised_at": NOW} if event == "deliver_remedy" else {}
    return case_in(state, **remedy)


@pytest.mark.parametrize(("event", "sources", "target", "who"), TABLE)
def test_each_row_of_the_table(event: EventName, sources: str, target: str, who: str) -> None:
    """The event leads from each of its states to its target, for each of its actors."""
    for letter in who:
        for source in sources.split():
            state: State = source  # type: ignore[assignment]
            act = Act(event, LETTERS[letter], NOW, "somebody", fields_for(event, target))
            after = apply(ready(event, state), act)
            assert after.state == (source if target == "=" else target)


@pytest.mark.parametrize("event", get_args(EventName)[1:])
def test_each_event_is_refused_everywhere_else(event: EventName) -> None:
    """In any other state, and by any other role, it is refused with the events that are legal."""
    allowed = {
        (state, LETTERS[letter])
        for name, sources, _, who in TABLE
        if name == event
        for state in sources.split()
        for letter in who
    }
    for state in STATES:
        for role in ROLES:
            if (state, role) in allowed:
                continue
            case = ready(event, state)
            with pytest.raises(Problem) as refusal:
                apply(case, Act(event, role, NOW, "somebody", fields_for(event, "closed")))
            assert refusal.value.code == "illegal-transition"
            legal = [rule.event for rule in legal_events(case, role, NOW)]
            assert refusal.value.extra == {"legal_events": legal}
            assert event not in legal


def test_every_event_has_its_rule_its_schema_and_its_words() -> None:
    """One row for each event, with the fields of its schema, and labels in both languages."""
    assert [rule.event for rule in RULES] == list(get_args(EventName)[1:])
    union = get_args(get_args(event_schemas.ComplaintEventCreate)[0])
    schemas: dict[str, type[BaseModel]] = {
        get_args(schema.model_fields["event"].annotation)[0]: schema for schema in union
    }
    assert schemas.keys() == RULE.keys()
    common = {"event", "role", "actor", "occurred_at", "note"}
    for rule in RULES:
        fields = schemas[rule.event].model_fields
        names = {*rule.required, *rule.required_unless_set, *rule.optional}
        assert fields.keys() - common == names | set(rule.required_of.values()), rule.event
        required = {name for name, field in fields.items() if field.is_required()} - common
        assert required == set(rule.required), rule.event
    assert all(text.en and text.zh for text in ENTRY_LABELS.values())


acts = st.tuples(
    st.sampled_from(get_args(EventName)[1:]),
    st.sampled_from(ROLES),
    st.sampled_from(["ann", "bob", None]),
    st.sampled_from(["upheld", "not_upheld", "not_a_complaint"]),
    st.sampled_from(["complaint", "report", "praise", "fault_repair"]),
    st.integers(0, 20),
)


@given(st.lists(acts, max_size=40), st.sampled_from(["identified", "anonymous"]))
def test_a_random_walk_stays_in_the_house(walk: list[Any], mode: IdentityMode) -> None:
    """Whatever is tried: known states only, ends stay ends, and legal_events tells the truth."""
    case = case_in("received", identity_mode=mode, escalation_level=0, resolved_at=None)
    at = NOW
    for event, role, actor, outcome, kind, days in walk:
        at += timedelta(days=days)
        fields = fields_for(event, "closed") | {"expected_at": at + timedelta(days=9)}
        fields |= {"outcome": outcome, "kind": kind}
        offered = event in {rule.event for rule in legal_events(case, role, at)}
        try:
            after = apply(case, Act(event, role, at, actor, fields))
        except Invalid:
            assert offered
            continue
        except Problem as problem:
            assert problem.code == "illegal-transition"  # noqa: PT017 - many acts, some refused
            assert not offered or event == "issue_response"  # the other pair of eyes
            continue
        assert offered
        assert after.state in STATES
        if case.state in TERMINAL and after.state != case.state:
            assert case.state == "closed"
            assert event in {"reopen", "refer_external"}
        assert 0 <= after.escalation_level <= 3
        assert (after.escalation_level >= case.escalation_level) or event == "deescalate"
        assert not (mode == "anonymous" and after.kind == "fault_repair")
        case = after


def test_active_states_are_those_that_can_be_withdrawn() -> None:
    """The two readings of "active" in the domain reference agree."""
    assert set(RULE["withdraw"].moves) == ACTIVE == set(LIVE.split())
