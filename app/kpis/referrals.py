"""The referral rate: which share of the new customers came by a referral."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition import measure_acquisition
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import Figures
from app.responses.cells import JOINED

REFERRAL = "referral"
"""The channel of acquisition of customers whom others have sent."""
UNKNOWN_CHANNEL = "channel_unknown"
"""Of some new customers nobody said how they came: some of them may have been referred."""
REFERRAL_DIMENSIONS = ("segment", "key_account_type")


async def measure_referrals(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The referral rate of each period and group; see `Kpi.formula` of the catalogue."""
    # The channel last: of several dimensions joined, members are arrays in their order.
    joined = "channel" if by is None else f"{by}{JOINED}channel"
    return [
        _groups(found, by, scope.level)
        for found in await measure_acquisition(session, scope, periods, joined)
    ]


def _groups(
    found: Mapping[str, Measurement], by: str | None, level: float
) -> dict[str, Measurement]:
    """The rates of the groups, from new customers by group and channel."""
    groups: dict[str, dict[str, Measurement]] = {} if by else {"": {}}
    for member, new in found.items():
        *group, channel = [member] if by is None else json.loads(member)
        name = "" if not group else group[0] if len(group) == 1 else _array(group)
        groups.setdefault(name, {})[channel] = new
    return {name: _measurement(channels, level) for name, channels in groups.items()}


def _array(members: Sequence[str]) -> str:
    """Members of several dimensions, as `measure_acquisition` names them."""
    return json.dumps(list(members), ensure_ascii=False)


def _measurement(channels: Mapping[str, Measurement], level: float) -> Measurement:
    new = {name: int(each.numerator["new_customers"]) for name, each in channels.items()}
    share, nameless = Share(new.get(REFERRAL, 0), sum(new.values())), new.get("", 0)
    refunded = sum(each.excluded["fully_refunded_orders"] for each in channels.values())
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"referred_new_customers": share.count, "without_channel": nameless},
        denominator={"new_customers": share.total},
        excluded={"fully_refunded_orders": refunded},
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        warnings=(UNKNOWN_CHANNEL,) if nameless else (),
        evidence=share,
    )
