"""What may happen to a case and what becomes of it: pure functions over the table."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from app.complaints.cases import Act, Case
from app.complaints.effects import EFFECTS
from app.complaints.guards import GUARDS
from app.complaints.rules import Rule
from app.complaints.states import Role, State
from app.complaints.transitions import RULE, RULES
from app.errors import FieldError, Invalid, Problem
from app.problems import Text

_WRONG_ROLE = Text("This role may not do this.", "该角色无权执行此操作。")
_SAME_EYES = Text("Somebody else must decide this.", "须由其他人员作出决定。")
#: Decisions that need no reason: the complainant was right, at least in part.
_GRANTED = ("upheld", "partially_upheld")


def legal_events(case: Case, role: Role, at: datetime) -> tuple[Rule, ...]:
    """The events that the role may cause now, in the order of the table."""
    return tuple(rule for rule in RULES if _legal(case, rule, role, at))


def _legal(case: Case, rule: Rule, role: Role, at: datetime) -> bool:
    possible = case.state in rule.moves and role in rule.roles
    return possible and all(GUARDS[name][0](case, role, at) for name in rule.guards)


def needed_fields(case: Case, rule: Rule, role: Role) -> tuple[str, ...]:
    """The fields that the event must carry, given what the case holds already."""
    names = list(rule.required)
    names += [name for name in rule.required_unless_set if getattr(case, name) is None]
    if (extra := rule.required_of.get(role)) is not None:
        names.append(extra)
    if rule.event == "close" and case.severity in {"high", "critical"} and not case.root_cause:
        names.append("root_cause")
    if _names_its_author(case, rule):
        names.append("actor")
    return tuple(names)


def _names_its_author(case: Case, rule: Rule) -> bool:
    """Where two persons must differ, both must be known."""
    drafts = rule.event in {"propose_response", "issue_response"} and case.regulatory_impact
    return drafts or (rule.event == "issue_response" and case.under_review)


def apply(case: Case, act: Act) -> Case:
    """The case after the event.

    Raises 409 `illegal-transition` with the legal events, or 422 for what the event lacks.
    """
    rule = RULE[act.event]
    _refuse_illegal(case, rule, act)
    _refuse_incomplete(case, rule, act)
    effect = EFFECTS.get(act.event)
    changes: dict[str, Any] = effect(case, act) if effect else {}
    return replace(case, **(changes | {"state": _target(case, rule, act)}))


def _target(case: Case, rule: Rule, act: Act) -> State:
    targets = rule.moves[case.state]
    if act.fields.get("auto_reply"):
        return case.state
    return next((target for target in targets if target == act.fields.get("to")), targets[0])


def _refuse_illegal(case: Case, rule: Rule, act: Act) -> None:
    if case.state not in rule.moves:
        raise illegal(case, act)
    if act.role not in rule.roles:
        raise illegal(case, act, _WRONG_ROLE)
    for name in rule.guards:
        holds, why = GUARDS[name]
        if not holds(case, act.role, act.at):
            raise illegal(case, act, why)
    if act.event == "issue_response":
        _refuse_same_eyes(case, act)


def illegal(case: Case, act: Act, why: Text | None = None) -> Problem:
    """409 with what the same role may do instead."""
    events = [rule.event for rule in legal_events(case, act.role, act.at)]
    return Problem("illegal-transition", explanation=why, extra={"legal_events": events})


def _refuse_same_eyes(case: Case, act: Act) -> None:
    """Nobody reviews their own decision, nor issues their own draft where a regulator may look.

    It is what objectivity means in ISO 10002.
    """
    own_draft = case.regulatory_impact and act.actor == case.proposed_by
    own_decision = case.under_review and act.actor == case.decided_by
    if act.actor is not None and (own_draft or own_decision):
        raise illegal(case, act, _SAME_EYES)


def _refuse_incomplete(case: Case, rule: Rule, act: Act) -> None:
    given = {name for name, value in act.fields.items() if value is not None}
    if act.actor is not None:
        given.add("actor")
    needed = list(needed_fields(case, rule, act.role))
    if act.event == "issue_response" and act.fields.get("outcome") not in _GRANTED:
        needed.append("reason")
    lacking = [FieldError(f"/{name}", "missing-field") for name in needed if name not in given]
    if lacking:
        raise Invalid(*lacking)
