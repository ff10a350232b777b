"""The form of one row of the table of transitions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.complaints.states import Role, State, Visibility
from app.problems import Text

EventName = Literal[
    "file",
    "acknowledge",
    "assess",
    "accept",
    "return",
    "ask_customer",
    "customer_message",
    "wait_third_party",
    "resume",
    "propose_response",
    "issue_response",
    "accept_response",
    "reject_response",
    "resolve_now",
    "deliver_remedy",
    "close",
    "reopen",
    "refer_external",
    "external_decision",
    "withdraw",
    "reject",
    "merge_into",
    "escalate",
    "deescalate",
    "retype",
]
GuardName = Literal[
    "not_acknowledged",
    "may_return",
    "contactable",
    "four_eyes",
    "never_answered",
    "remedy_open",
    "remedy_delivered",
    "within_reopen_window",
    "withdrawable",
    "below_top_level",
    "above_front_line",
]


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    `moves` names, for each state in which the event is legal, where it may lead: the state
    itself for a milestone, two states where the event's `to` chooses. `required` fields stand in
    the event; `required_unless_set` may stand on the case already; `required_of` adds what only
    one role must give (an agent who speaks for the complainant brings evidence). `text` is what
    the complainant reads if the event is public.
    """

    event: EventName
    label: Text
    moves: Mapping[State, tuple[State, ...]]
    roles: frozenset[Role]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    required_unless_set: tuple[str, ...] = ()
    required_of: Mapping[Role, str] = field(default_factory=dict)
    guards: tuple[GuardName, ...] = ()
    visibility: Visibility = "internal"


def stay(*states: State) -> dict[State, tuple[State, ...]]:
    """Legal in these states, and leaves the case in them."""
    return {state: (state,) for state in states}


def go(sources: Iterable[State], *targets: State) -> dict[State, tuple[State, ...]]:
    """Leads from any of the sources to the target (the first, unless the event says `to`)."""
    return dict.fromkeys(sorted(sources), targets)


def by(*roles: Role) -> frozenset[Role]:
    """Who may cause it."""
    return frozenset(roles)
