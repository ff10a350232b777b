"""The eight kinds of contact and how each behaves. Adding one is one entry here."""

from dataclasses import dataclass
from typing import Literal, get_args

from app.problems import Text

Kind = Literal[
    "fault_repair",
    "consulting",
    "enquiry",
    "complaint",
    "report",
    "opinion",
    "suggestion",
    "praise",
]
IdentityMode = Literal["identified", "confidential", "anonymous"]


@dataclass(frozen=True)
class Profile:
    """What is different about a kind."""

    label: Text
    meaning: Text
    counts_as_complaint: bool = False
    """Counted in the complaint rate by its kind alone; see `models.counting`."""
    anonymous_allowed: bool = True
    restricted: bool = False
    """Never merged with cases of other kinds: who knows of it is itself sensitive."""
    withdrawable: bool = True
    """Whether the complainant's wish alone ends it."""
    call_back_required: bool = False
    expression_of_dissatisfaction: bool = False
    """What is assumed where the intake does not say."""
    response_expected: bool = True
    """What is assumed where the intake does not say."""


KINDS: dict[Kind, Profile] = {
    "fault_repair": Profile(
        Text("Fault repair", "故障报修"),
        Text("Something does not work and must be repaired.", "设备或服务出现故障，需要维修。"),
        anonymous_allowed=False,  # a crew must find somebody
        call_back_required=True,
    ),
    "consulting": Profile(
        Text("Consulting", "业务咨询"),
        Text("A question that needs advice.", "需要解答或建议的业务问题。"),
    ),
    "enquiry": Profile(
        Text("Enquiry", "信息查询"),
        Text("Asking for a fact on record.", "查询已有的信息。"),
    ),
    "complaint": Profile(
        Text("Complaint", "投诉"),
        Text(
            "Dissatisfaction is expressed and an answer expected, justified or not.",
            "表达不满并期望得到答复，无论是否有理。",
        ),
        counts_as_complaint=True,
        call_back_required=True,
        expression_of_dissatisfaction=True,
    ),
    "report": Profile(
        Text("Report of misconduct", "举报"),
        Text("Misconduct is reported.", "对违规或不当行为的举报。"),
        restricted=True,
        withdrawable=False,  # the public has an interest in it
        call_back_required=True,
    ),
    "opinion": Profile(
        Text("Opinion", "意见"),
        Text("A view on how something is done.", "对某项工作的看法。"),
        response_expected=False,
    ),
    "suggestion": Profile(
        Text("Suggestion", "建议"),
        Text("A proposal to do something better.", "改进工作的建议。"),
        response_expected=False,
    ),
    "praise": Profile(
        Text("Praise", "表扬"),
        Text("Somebody did well.", "对良好服务的表扬。"),
        response_expected=False,
    ),
}

#: Kinds that are complaints whatever else is said of them.
COMPLAINT_KINDS: tuple[Kind, ...] = tuple(
    kind for kind in get_args(Kind) if KINDS[kind].counts_as_complaint
)


def allows(kind: Kind, identity_mode: IdentityMode) -> bool:
    """Whether a contact of this kind may come from somebody so little known."""
    return identity_mode != "anonymous" or KINDS[kind].anonymous_allowed


def is_restricted(kind: Kind, identity_mode: IdentityMode) -> bool:
    """Whether only investigators may know who is behind the case."""
    return KINDS[kind].restricted or identity_mode == "confidential"
