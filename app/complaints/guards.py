"""What must be true of a case, beside its state, before an event may happen."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.complaints.cases import Case
from app.complaints.kinds import KINDS
from app.complaints.rules import GuardName
from app.complaints.states import TOP_LEVEL, Role
from app.problems import Text

REOPEN_WINDOW = timedelta(days=30)
#: Returns (退单) that an agent may make; the next is the supervisor's.
MAX_RETURNS = 2

_Guard = Callable[[Case, Role, datetime], bool]


def _within_window(case: Case, _: Role, at: datetime) -> bool:
    ended = [moment for moment in (case.resolved_at, case.closed_at) if moment is not None]
    return bool(ended) and at - max(ended) <= REOPEN_WINDOW


#: Each guard: the test, and the reason that a refusal gives.
GUARDS: dict[GuardName, tuple[_Guard, Text]] = {
    "not_acknowledged": (
        lambda case, _role, _at: case.acknowledged_at is None,
        Text("It was acknowledged before.", "该案件已确认受理。"),
    ),
    "may_return": (
        lambda case, role, _at: role == "supervisor" or case.return_count < MAX_RETURNS,
        Text("It was returned too often: ask a supervisor.", "退单次数已达上限，请联系主管。"),
    ),
    "contactable": (
        lambda case, _role, _at: case.contactable,
        Text("There is no way to reach the complainant.", "无法联系到投诉人。"),
    ),
    "four_eyes": (
        lambda case, _role, _at: not case.regulatory_impact or case.proposed_by is not None,
        Text(
            "It may concern a regulator: somebody must propose the answer and another issue it.",
            "该案件涉及监管：须由一人拟定答复、另一人签发。",
        ),
    ),
    "never_answered": (
        lambda case, _role, _at: case.responded_at is None and case.reopen_count == 0,
        Text("Only at first contact, before any answer.", "仅限首次接触且尚未答复时使用。"),
    ),
    "remedy_open": (
        lambda case, _role, _at: (
            case.remedy_promised_at is not None and case.remedy_delivered_at is None
        ),
        Text("No remedy is outstanding.", "没有待兑现的补救措施。"),
    ),
    "remedy_delivered": (
        lambda case, _role, _at: (
            case.remedy_promised_at is None or case.remedy_delivered_at is not None
        ),
        Text("The promised remedy is not delivered yet.", "承诺的补救措施尚未兑现。"),
    ),
    "within_reopen_window": (
        _within_window,
        Text("It ended more than 30 days ago: file a new case.", "已超过 30 天，请另行提交。"),
    ),
    "withdrawable": (
        lambda case, _role, _at: KINDS[case.kind].withdrawable,
        Text("A report of misconduct cannot be withdrawn.", "举报不可撤回。"),
    ),
    "below_top_level": (
        lambda case, _role, _at: case.escalation_level < TOP_LEVEL,
        Text("It is at the highest level already.", "已处于最高级别。"),
    ),
    "above_front_line": (
        lambda case, _role, _at: case.escalation_level > 0,
        Text("It is at the lowest level already.", "已处于最低级别。"),
    ),
}
