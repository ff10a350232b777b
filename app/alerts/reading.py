"""From rows to what is shown of them."""

from collections.abc import Sequence

from app.alerts.models import Alert, AlertDelivery, AlertRule, AlertRuleState
from app.alerts.schemas import (
    AlertDetail,
    AlertEvidence,
    AlertRead,
    AlertRuleRead,
    ChannelRead,
    ConditionRead,
    DeliveryRead,
    WatchRead,
)


def rule_read(rule: AlertRule, state: AlertRuleState) -> AlertRuleRead:
    """The rule and where it stands; secrets stay inside."""
    document = rule.document
    return AlertRuleRead(
        rule=rule.name,
        title=document["title"],
        watch=WatchRead.model_validate(document["watch"]),
        condition=ConditionRead.model_validate(document["condition"]),
        every=document["every"],
        window_days=document["window_days"],
        delay_minutes=document["delay_minutes"],
        open_after=document["open_after"],
        close_after=document["close_after"],
        notify_at_risk=document["notify_at_risk"],
        channels=[ChannelRead.model_validate(each) for each in document["channels"]],
        enabled=document["enabled"],
        state=state.state,
        evaluated_to=state.evaluated_to,
        due_at=state.due_at,
        failures=state.failures,
        revision=rule.revision,
        created_at=rule.created_at,
        updated_at=rule.updated_at,
    )


def alert_read(alert: Alert) -> AlertRead:
    """The alert."""
    return AlertRead.model_validate(alert)


def alert_detail(alert: Alert, deliveries: Sequence[AlertDelivery]) -> AlertDetail:
    """The alert and who was told."""
    sent = [DeliveryRead.model_validate(each) for each in deliveries]
    shown = {name: getattr(alert, name) for name in AlertRead.model_fields}
    shown |= {
        "watch": WatchRead.model_validate(alert.watch),
        "evidence": AlertEvidence.model_validate(alert.evidence),
    }
    return AlertDetail(**shown, deliveries=sent)
