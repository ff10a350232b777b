"""From rows to what readers may see of them."""

from datetime import datetime
from typing import Literal, get_args

from app.complaints.kinds import KINDS, Kind
from app.complaints.lifecycle import legal_events, needed_fields
from app.complaints.models import Complaint, ComplaintEvent
from app.complaints.rules import Rule
from app.complaints.schemas import Bilingual, ComplaintRead, PublicStatusRead
from app.complaints.states import PUBLIC_LABELS, KeyRole, State, public_status
from app.complaints.timeline_schemas import (
    ComplaintKindList,
    ComplaintKindRead,
    ComplaintMessageRead,
    ComplaintTimelineEntry,
    ComplaintTransitionField,
    ComplaintTransitionList,
    ComplaintTransitionRead,
)
from app.complaints.transitions import ENTRY_LABELS
from app.problems import Text

_ROLES: tuple[KeyRole, ...] = get_args(KeyRole)
_HIDDEN = ("customer", "contact", "on_behalf_of", "order", "response", "external_id")
#: Fields that an event takes only in some cases; the refusal says when.
_CONDITIONAL = {"close": "root_cause", "issue_response": "actor", "propose_response": "actor"}


def bilingual(text: Text) -> Bilingual:
    """Both languages of a text."""
    return Bilingual(zh_cn=text.zh, en=text.en)


def status_read(state: State, language: str) -> PublicStatusRead:
    """The public status of a state, labelled for a reader of `language`."""
    code = public_status(state)
    label = PUBLIC_LABELS[code]
    return PublicStatusRead(code=code, label=label.of(language), labels=bilingual(label))


def complaint_read(complaint: Complaint, *, investigator: bool) -> ComplaintRead:
    """A case for the staff; who is behind a confidential one only for investigators."""
    names = ComplaintRead.model_fields.keys() - {"metadata", "public_status"}
    values = {name: getattr(complaint, name) for name in names}
    values["metadata"] = complaint.details
    values["public_status"] = public_status(complaint.state)
    if complaint.identity_mode == "confidential" and not investigator:
        values |= dict.fromkeys(_HIDDEN) | {"metadata": {}}
    return ComplaintRead.model_validate(values)


def entry_read(entry: ComplaintEvent) -> ComplaintTimelineEntry:
    """An entry of the timeline for the staff."""
    return ComplaintTimelineEntry(
        number=entry.number,
        event=entry.event,
        labels=bilingual(ENTRY_LABELS[entry.event]),
        role=entry.role,
        actor=entry.actor,
        visibility=entry.visibility,
        state_before=entry.state_before,
        state_after=entry.state_after,
        text=entry.text,
        details=entry.details,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
    )


def is_inbound(entry: ComplaintEvent) -> bool:
    """Whether the complainant speaks in it."""
    return entry.role == "complainant" or entry.event == "customer_message"


def message_read(entry: ComplaintEvent) -> ComplaintMessageRead:
    """What was said in an entry."""
    outward: Literal["outbound", "internal"]
    outward = "outbound" if entry.visibility == "public" else "internal"
    return ComplaintMessageRead(
        number=entry.number,
        event=entry.event,
        direction="inbound" if is_inbound(entry) else outward,
        visibility=entry.visibility,
        role=entry.role,
        actor=entry.actor,
        text=entry.text or "",
        occurred_at=entry.occurred_at,
    )


def transitions_read(
    complaint: Complaint, role: KeyRole | None, at: datetime
) -> ComplaintTransitionList:
    """The events that the role (or any that a key can vouch for) may cause now."""
    case = complaint.case
    by_role = {each: legal_events(case, each, at) for each in _ROLES if role in {None, each}}
    rules = {rule.event: rule for legal in by_role.values() for rule in legal}
    return ComplaintTransitionList(
        state=complaint.state,
        data=[
            _transition(complaint, rule, [each for each in by_role if rule in by_role[each]])
            for rule in rules.values()
        ],
    )


def _transition(complaint: Complaint, rule: Rule, roles: list[KeyRole]) -> ComplaintTransitionRead:
    needed = {name for role in roles for name in needed_fields(complaint.case, rule, role)}
    names = [*rule.required, *rule.required_unless_set, *rule.optional, *rule.required_of.values()]
    if (conditional := _CONDITIONAL.get(rule.event)) and conditional not in names:
        names.append(conditional)
    return ComplaintTransitionRead(
        event=rule.event,
        labels=bilingual(rule.label),
        to=list(rule.moves[complaint.state]),
        roles=roles,
        fields=[ComplaintTransitionField(name=name, required=name in needed) for name in names],
    )


def kinds_read() -> ComplaintKindList:
    """The eight kinds."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return ComplaintKindList(data=[_kind(kind) for kind in kinds])


def _kind(kind: Kind) -> ComplaintKindRead:
    profile = KINDS[kind]
    return ComplaintKindRead(
        kind=kind,
        labels=bilingual(profile.label),
        meanings=bilingual(profile.meaning),
        counts_as_complaint=profile.counts_as_complaint,
        anonymous_allowed=profile.anonymous_allowed,
        restricted=profile.restricted,
        withdrawable=profile.withdrawable,
        call_back_required=profile.call_back_required,
        expression_of_dissatisfaction=profile.expression_of_dissatisfaction,
        response_expected=profile.response_expected,
    )
