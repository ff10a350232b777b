"""Every event that can happen to a case, as data: from where to where, by whom, with what.

Events that need clocks (deemed acceptance, call-backs) are not here. `lifecycle` gives the
table its meaning; adding an event is one row here and one schema.
"""

from app.complaints.rules import EventName, Rule, by, go, stay
from app.complaints.states import ACTIVE, OPEN, State
from app.problems import Text

_WORKING: tuple[State, ...] = ("received", "in_progress", "waiting_customer", "waiting_third_party")
_LIVE: tuple[State, ...] = (*_WORKING, "response_issued")

RULES: tuple[Rule, ...] = (
    Rule(
        "acknowledge",
        Text("Acknowledge", "确认受理"),
        stay(*_LIVE),
        by("agent", "timer"),
        optional=("text",),
        guards=("not_acknowledged",),
        visibility="public",
    ),
    Rule(
        "assess",
        Text("Assess", "评估"),
        stay(*_WORKING),
        by("agent"),
        optional=("severity",),
        required_unless_set=("category",),
    ),
    Rule(
        "accept",
        Text("Accept", "接单"),
        go(["received"], "in_progress"),
        by("agent"),
        optional=("team",),
        required_unless_set=("assignee",),
        visibility="public",
    ),
    Rule(
        "return",
        Text("Return", "退单"),
        go(["in_progress"], "received"),
        by("agent", "supervisor"),
        required=("reason",),
        optional=("assignee", "team"),
        guards=("may_return",),
    ),
    Rule(
        "ask_customer",
        Text("Ask the complainant", "请求补充"),
        go(["in_progress"], "waiting_customer"),
        by("agent"),
        required=("text",),
        guards=("contactable",),
        visibility="public",
    ),
    Rule(
        "customer_message",
        Text("Message from the complainant", "投诉人留言"),
        go(["waiting_customer"], "in_progress")
        | stay(
            "received",
            "in_progress",
            "waiting_third_party",
            "response_issued",
            "resolved",
            "closed",
            "external_review",
        ),
        by("complainant", "integration"),
        required=("text",),
        optional=("auto_reply",),
        visibility="public",
    ),
    Rule(
        "wait_third_party",
        Text("Wait for a third party", "等待第三方"),
        go(["in_progress"], "waiting_third_party"),
        by("agent"),
        required=("reason", "expected_at"),
    ),
    Rule(
        "resume",
        Text("Resume", "恢复处理"),
        go(["waiting_third_party"], "in_progress"),
        by("agent", "timer"),
    ),
    Rule(
        "propose_response",
        Text("Propose an answer", "拟定答复"),
        stay("in_progress"),
        by("agent"),
        required=("text",),
        optional=("outcome",),
    ),
    Rule(
        "issue_response",
        Text("Answer", "正式答复"),
        go(["in_progress"], "response_issued"),
        by("agent", "supervisor"),
        required=("outcome", "text", "recourse"),
        optional=("reason", "remedy"),
        guards=("four_eyes",),
        visibility="public",
    ),
    Rule(
        "accept_response",
        Text("Accept the answer", "接受答复"),
        go(["response_issued"], "resolved"),
        by("complainant", "agent"),
        required_of={"agent": "evidence"},
        visibility="public",
    ),
    Rule(
        "reject_response",
        Text("Reject the answer", "不接受答复"),
        go(["response_issued"], "in_progress"),
        by("complainant", "agent"),
        optional=("reason",),
        visibility="public",
    ),
    Rule(
        "resolve_now",
        Text("Resolve at first contact", "即时解决"),
        go(["received", "in_progress"], "resolved"),
        by("agent"),
        required=("text", "complainant_agreed"),
        optional=("outcome", "remedy"),
        guards=("never_answered",),
        visibility="public",
    ),
    Rule(
        "deliver_remedy",
        Text("Remedy delivered", "补救已兑现"),
        stay(
            "in_progress", "waiting_customer", "waiting_third_party", "response_issued", "resolved"
        ),
        by("agent", "integration"),
        optional=("text",),
        guards=("remedy_open",),
        visibility="public",
    ),
    Rule(
        "close",
        Text("Close", "办结"),
        go(["resolved"], "closed"),
        by("supervisor", "timer"),
        optional=("text", "root_cause"),
        guards=("remedy_delivered",),
        visibility="public",
    ),
    Rule(
        "reopen",
        Text("Reopen", "重新打开"),
        go(["resolved", "closed"], "in_progress"),
        by("complainant", "agent", "timer"),
        required=("reason",),
        guards=("within_reopen_window",),
        visibility="public",
    ),
    Rule(
        "refer_external",
        Text("Refer to an external body", "转外部机构"),
        go([*_LIVE, "resolved", "closed"], "external_review"),
        by("complainant", "agent", "integration"),
        required=("external_body", "external_reference"),
        optional=("text",),
        visibility="public",
    ),
    Rule(
        "external_decision",
        Text("Decision of the external body", "外部机构决定"),
        go(["external_review"], "in_progress", "closed"),
        by("agent", "integration"),
        required=("outcome", "to"),
        optional=("text",),
        visibility="public",
    ),
    Rule(
        "withdraw",
        Text("Withdraw", "撤回"),
        go(ACTIVE, "withdrawn"),
        by("complainant", "agent"),
        optional=("reason",),
        required_of={"agent": "evidence"},
        guards=("withdrawable",),
        visibility="public",
    ),
    Rule(
        "reject",
        Text("Do not accept", "不予受理"),
        go(["received", "in_progress"], "rejected"),
        by("supervisor"),
        required=("reason_code", "text"),
        visibility="public",
    ),
    Rule(
        "merge_into",
        Text("Merge into another case", "合并"),
        go(ACTIVE, "merged"),
        by("agent", "supervisor"),
        required=("into",),
        optional=("class_case",),
        visibility="public",
    ),
    Rule(
        "escalate",
        Text("Escalate", "升级"),
        stay(*_LIVE, "resolved", "external_review"),
        by("agent", "supervisor", "timer", "complainant"),
        required=("reason",),
        optional=("level",),
        guards=("below_top_level",),
    ),
    Rule(
        "deescalate",
        Text("Deescalate", "降级"),
        stay(*_LIVE, "resolved", "external_review"),
        by("supervisor"),
        required=("reason",),
        optional=("level",),
        guards=("above_front_line",),
    ),
    Rule(
        "retype",
        Text("Change the kind", "变更类型"),
        stay(*sorted(OPEN), "resolved"),
        by("supervisor"),
        required=("kind", "reason"),
    ),
)
RULE: dict[EventName, Rule] = {rule.event: rule for rule in RULES}

#: Entries of the timeline that are no transitions.
ENTRY_LABELS: dict[str, Text] = {
    "file": Text("Received", "受理"),
    "message": Text("Message", "消息"),
    "change": Text("Details changed", "信息变更"),
    "merged_from": Text("Another case was merged into this one", "并入其他案件"),
    "pin_issued": Text("A new PIN was issued", "已签发新的 PIN 码"),
} | {rule.event: rule.label for rule in RULES}
