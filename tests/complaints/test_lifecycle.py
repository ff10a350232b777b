"""The rules beside the table: guards, milestones, and the fields that events need."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.complaints.cases import Act, Case
from app.complaints.lifecycle import apply, needed_fields
from app.complaints.rules import EventName
from app.complaints.states import Role
from app.complaints.transitions import RULE
from app.errors import Problem
from tests.complaints.case_makers import NOW, case_in, fields_for


def refusal(case: Case, event: EventName, role: Role = "agent", **fields: object) -> Problem:
    """What an event that must fail is told."""
    actor = fields.pop("actor", None)
    assert actor is None or isinstance(actor, str)
    with pytest.raises(Problem) as caught:
        apply(case, Act(event, role, NOW, actor, fields_for(event, "closed") | fields))
    return caught.value


def pointers(problem: Problem) -> list[str]:
    """The fields that a refusal names."""
    return [error.pointer for error in problem.errors]


def test_milestones_happen_once() -> None:
    """A case is acknowledged once; assessing again keeps the first time."""
    case = apply(case_in("received"), Act("acknowledge", "agent", NOW))
    assert case.acknowledged_at == NOW
    assert refusal(case, "acknowledge").code == "illegal-transition"
    once = apply(case, Act("assess", "agent", NOW, fields={"category": "a", "severity": "low"}))
    later = NOW + timedelta(hours=1)
    twice = apply(once, Act("assess", "agent", later, fields={"severity": "critical"}))
    assert (twice.assessed_at, twice.severity, twice.category) == (NOW, "critical", "a")


def test_fields_may_stand_on_the_case_already() -> None:
    """Accepting needs an assignee and assessing a category, from the event or from the case."""
    bare = case_in("received")
    assert pointers(refusal(bare, "accept", assignee=None)) == ["/assignee"]
    assert pointers(refusal(bare, "assess", category=None)) == ["/category"]
    owned = replace(bare, assignee="ann")
    assert apply(owned, Act("accept", "agent", NOW)).assignee == "ann"


def test_an_agent_returns_twice_and_a_supervisor_always() -> None:
    """The third return (退单) is the supervisor's; each frees the case and is counted."""
    case = case_in("in_progress", assignee="ann", return_count=1)
    back = apply(case, Act("return", "agent", NOW, fields={"reason": "not ours"}))
    assert (back.return_count, back.assignee) == (2, None)
    again = replace(back, state="in_progress")
    assert refusal(again, "return").code == "illegal-transition"
    third = apply(again, Act("return", "supervisor", NOW, fields={"reason": "x", "team": "b"}))
    assert (third.return_count, third.team) == (3, "b")


def test_somebody_who_cannot_be_reached_is_not_asked() -> None:
    """A question needs somebody to answer it."""
    refused = refusal(case_in("in_progress", contactable=False), "ask_customer")
    assert refused.code == "illegal-transition"


@pytest.mark.parametrize("days", [0, -1, 61])
def test_a_wait_has_an_end_in_sight(days: int) -> None:
    """A third party is waited for until a time ahead, at most 60 days."""
    wrong = refusal(
        case_in("in_progress"), "wait_third_party", expected_at=NOW + timedelta(days=days)
    )
    assert pointers(wrong) == ["/expected_at"]


def test_an_automatic_reply_resumes_nothing() -> None:
    """A holiday notice leaves the case waiting for its complainant."""
    fields = {"text": "away until Monday", "auto_reply": True}
    case = apply(case_in("waiting_customer"), Act("customer_message", "integration", NOW, None,
                                                  fields))  # fmt: skip
    assert case.state == "waiting_customer"


def test_an_answer_against_the_complainant_has_a_reason() -> None:
    """Upheld, or in part, needs none (a partly upheld complaint counts as upheld)."""
    case = case_in("in_progress")
    for outcome in ("not_upheld", "not_a_complaint", "duplicate"):
        wrong = refusal(case, "issue_response", outcome=outcome, reason=None)
        assert pointers(wrong) == ["/reason"]
    fields = fields_for("issue_response", "") | {"outcome": "partially_upheld", "reason": None}
    assert apply(case, Act("issue_response", "agent", NOW, None, fields)).responded_at == NOW


def test_nobody_reviews_their_own_decision() -> None:
    """A rejected answer goes a level up, and whoever gave it cannot give the next one."""
    fields = fields_for("issue_response", "")
    answered = apply(case_in("in_progress"), Act("issue_response", "agent", NOW, "ann", fields))
    disputed = apply(answered, Act("reject_response", "complainant", NOW))
    assert disputed.escalation_level == 2
    assert refusal(disputed, "issue_response", actor="ann").code == "illegal-transition"
    assert pointers(refusal(disputed, "issue_response")) == ["/actor"]
    assert apply(disputed, Act("issue_response", "agent", NOW, "bob", fields)).decided_by == "bob"


def test_four_eyes_where_a_regulator_may_look() -> None:
    """Such an answer needs a draft, and another person to issue it."""
    case = case_in("in_progress", regulatory_impact=True)
    assert refusal(case, "issue_response", actor="bob").code == "illegal-transition"
    assert pointers(refusal(case, "propose_response")) == ["/actor"]
    draft = apply(case, Act("propose_response", "agent", NOW, "ann", {"text": "draft"}))
    assert refusal(draft, "issue_response", actor="ann").code == "illegal-transition"
    fields = fields_for("issue_response", "")
    answered = apply(draft, Act("issue_response", "supervisor", NOW, "bob", fields))
    assert answered.decided_by == "bob"


def test_a_promise_is_kept_before_the_case_is_closed() -> None:
    """A promised remedy holds the case open until it is delivered, once."""
    fields = {"text": "we refund", "complainant_agreed": True, "remedy": "refund"}
    case = apply(case_in("received"), Act("resolve_now", "agent", NOW, None, fields))
    assert refusal(case, "close", "supervisor").code == "illegal-transition"
    kept = apply(case, Act("deliver_remedy", "integration", NOW))
    assert refusal(kept, "deliver_remedy").code == "illegal-transition"
    assert apply(kept, Act("close", "supervisor", NOW)).closed_at == NOW


def test_a_grave_case_closes_with_its_cause() -> None:
    """High and critical need a root cause; it may stand on the case already."""
    case = case_in("resolved", severity="critical")
    assert "root_cause" in needed_fields(case, RULE["close"], "supervisor")
    assert pointers(refusal(case, "close", "supervisor", root_cause=None)) == ["/root_cause"]
    closed = apply(replace(case, root_cause="x"), Act("close", "supervisor", NOW))
    assert closed.state == "closed"


def test_a_case_is_reopened_for_thirty_days() -> None:
    """Up to exactly 30 days after its end; it counts, and the first resolution stays."""
    first = NOW - timedelta(days=40)
    ended = {"first_resolved_at": first, "resolved_at": first}
    case = case_in("closed", closed_at=NOW - timedelta(days=30), **ended)
    back = apply(case, Act("reopen", "complainant", NOW, None, {"reason": "again"}))
    assert (back.reopen_count, back.first_resolved_at, back.resolved_at) == (1, first, None)
    late = replace(case, closed_at=NOW - timedelta(days=30, seconds=1))
    assert refusal(late, "reopen").code == "illegal-transition"
    assert refusal(back, "resolve_now").code == "illegal-transition"


def test_an_agent_who_speaks_for_the_complainant_brings_evidence() -> None:
    """Accepting and withdrawing by an agent name where it is recorded; the complainant need not."""
    answered = case_in("response_issued")
    assert pointers(refusal(answered, "accept_response", evidence=None)) == ["/evidence"]
    assert pointers(refusal(answered, "withdraw", evidence=None)) == ["/evidence"]
    assert apply(answered, Act("accept_response", "complainant", NOW)).resolved_at == NOW
    withdrawn = apply(answered, Act("withdraw", "complainant", NOW))
    assert withdrawn.outcome == "withdrawn"


def test_a_report_of_misconduct_is_not_withdrawn() -> None:
    """The public has an interest in it."""
    assert refusal(case_in("received", kind="report"), "withdraw").code == "illegal-transition"


def test_an_external_body_may_overturn() -> None:
    """Its outcome replaces ours, and it is noted that they differ."""
    fields = {"outcome": "upheld", "to": "closed"}
    case = case_in("external_review", outcome="not_upheld")
    after = apply(case, Act("external_decision", "agent", NOW, None, fields))
    assert (after.outcome, after.overturned, after.closed_at) == ("upheld", True, NOW)
    same = apply(replace(case, outcome="upheld"), Act("external_decision", "agent", NOW, None,
                                                      fields | {"to": "in_progress"}))  # fmt: skip
    assert (same.state, same.overturned) == ("in_progress", False)


@pytest.mark.parametrize(("reason", "outcome"), [
    ("spam", "not_a_complaint"), ("not_a_complaint", "not_a_complaint"),
    ("duplicate", "duplicate"), ("malicious", None), ("out_of_scope", None),
])  # fmt: skip
def test_a_rejection_says_whether_it_was_a_complaint(reason: str, outcome: str | None) -> None:
    """What was no complaint, or one that is counted elsewhere, is left out of the rate."""
    fields = {"reason_code": reason, "text": "elsewhere"}
    assert apply(case_in("received"), Act("reject", "supervisor", NOW, None, fields)).outcome == (
        outcome
    )


def test_levels_rise_and_fall_within_bounds() -> None:
    """Escalating goes up, deescalating down, to the level named or by one; never beyond."""
    case = case_in("in_progress", escalation_level=1)
    up = apply(case, Act("escalate", "agent", NOW, None, {"reason": "x", "level": 3}))
    assert up.escalation_level == 3
    assert refusal(up, "escalate").code == "illegal-transition"
    assert pointers(refusal(case, "escalate", level=1)) == ["/level"]
    assert pointers(refusal(up, "deescalate", "supervisor", level=3)) == ["/level"]
    down = apply(up, Act("deescalate", "supervisor", NOW, None, {"reason": "x"}))
    assert down.escalation_level == 2
    bottom = replace(case, escalation_level=0)
    assert refusal(bottom, "deescalate", "supervisor").code == "illegal-transition"


def test_a_kind_changes_to_another_that_fits() -> None:
    """Not to the same kind, and not to one that an anonymous contact cannot have."""
    case = case_in("received", identity_mode="anonymous")
    assert pointers(refusal(case, "retype", "supervisor", kind="complaint")) == ["/kind"]
    assert pointers(refusal(case, "retype", "supervisor", kind="fault_repair")) == ["/kind"]
    fields = {"kind": "report", "reason": "x"}
    assert apply(case, Act("retype", "supervisor", NOW, None, fields)).kind == "report"
