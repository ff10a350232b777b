"""The words of a case: its states and what of them the complainant sees, roles, outcomes."""

from typing import Literal, get_args

from app.problems import Text

State = Literal[
    "received",
    "in_progress",
    "waiting_customer",
    "waiting_third_party",
    "response_issued",
    "resolved",
    "closed",
    "external_review",
    "withdrawn",
    "rejected",
    "merged",
]
PublicStatus = Literal[
    "received",
    "being_handled",
    "waiting_for_you",
    "answered",
    "resolved",
    "closed",
    "with_external_body",
    "withdrawn",
    "not_accepted",
    "merged",
]
#: Who acts. A key vouches for `agent`, `supervisor`, `quality` and `integration`; the
#: complainant acts through the tracking receipt, the timer is the service itself.
Role = Literal["complainant", "agent", "supervisor", "quality", "integration", "timer"]
KeyRole = Literal["agent", "supervisor", "quality", "integration"]
Severity = Literal["low", "medium", "high", "critical"]
Outcome = Literal[
    "upheld", "partially_upheld", "not_upheld", "not_a_complaint", "withdrawn", "duplicate"
]
#: What a decision may find; `withdrawn` is only ever the complainant's own doing.
Decision = Literal["upheld", "partially_upheld", "not_upheld", "not_a_complaint", "duplicate"]
RejectReason = Literal["out_of_scope", "spam", "malicious", "not_a_complaint", "duplicate"]
Visibility = Literal["public", "internal", "restricted"]
Channel = Literal[
    "web", "mobile", "email", "phone", "sms", "kiosk", "social", "in_person", "postal", "other"
]
#: The remedies of GB/T 19012-2019, in its order.
Remedy = Literal[
    "refund",
    "exchange",
    "repair",
    "substitution",
    "technical_support",
    "information",
    "advice",
    "financial_assistance",
    "other_assistance",
    "compensation",
    "apology",
    "gift",
]

STATES: tuple[State, ...] = get_args(State)
#: Somebody in the house owes the next step, or waits for it.
ACTIVE: frozenset[State] = frozenset(
    {"received", "in_progress", "waiting_customer", "waiting_third_party", "response_issued"}
)
#: Not at an end from the complainant's point of view.
OPEN: frozenset[State] = ACTIVE | {"external_review"}
#: Nothing leaves these, except `reopen` and `refer_external` a closed case.
TERMINAL: frozenset[State] = frozenset({"closed", "withdrawn", "rejected", "merged"})

_PUBLIC: dict[State, PublicStatus] = {
    "received": "received",
    "in_progress": "being_handled",
    "waiting_customer": "waiting_for_you",
    "waiting_third_party": "being_handled",
    "response_issued": "answered",
    "resolved": "resolved",
    "closed": "closed",
    "external_review": "with_external_body",
    "withdrawn": "withdrawn",
    "rejected": "not_accepted",
    "merged": "merged",
}
PUBLIC_LABELS: dict[PublicStatus, Text] = {
    "received": Text("Received", "已受理"),
    "being_handled": Text("Being handled", "处理中"),
    "waiting_for_you": Text("Waiting for you", "待您补充"),
    "answered": Text("Answered", "已答复"),
    "resolved": Text("Resolved", "已解决"),
    "closed": Text("Closed", "已办结"),
    "with_external_body": Text("With an ombudsman or regulator", "外部处理"),
    "withdrawn": Text("Withdrawn", "已撤回"),
    "not_accepted": Text("Not accepted", "不予受理"),
    "merged": Text("Merged with another case", "已合并"),
}
#: The highest level inside the house: 0 front line, 1 supervisor, 2 internal review, 3 executive.
TOP_LEVEL = 3


def public_status(state: State) -> PublicStatus:
    """What the complainant is told: who in the house waits for whom is not their business."""
    return _PUBLIC[state]
