"""The closed lists of words that alerts are kept in."""

from typing import Literal

#: Why a state changed: by the figure, or because the rule was taken away.
Cause = Literal["evaluation", "rule_changed", "rule_deleted"]
DeliveryStatus = Literal["pending", "sending", "delivered", "failed"]
ChannelKind = Literal["webhook", "mail"]
