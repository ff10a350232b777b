"""The referral rate: which share of the new customers came by a referral."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.kpis.acquisition import measure_acquisition
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import Figures

REFERRAL = "referral"
"""The channel of acquisition of customers whom others have sent."""
UNKNOWN_CHANNEL = "channel_unknown"
"""Of some new customers nobody said how they came: some of them may have been referred."""
REFERRAL_DIMENSIONS = ("segment", "key_account_type")


async def measure_referrals(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The referral rate of each period and group; see `Kpi.formula` of the catalogue."""
    everybody = await measure_acquisition(session, scope, periods, by)
    only = replace(scope, filters={**scope.filters, "channel": (REFERRAL,)})
    referred = await measure_acquisition(session, only, periods, by)
    unknown = replace(scope, filters={**scope.filters, "channel": ("",)})
    nameless = await measure_acquisition(session, unknown, periods, by)
    return [
        {
            member: _measurement(new, _new(sent.get(member)), _new(lost.get(member)), scope.level)
            for member, new in groups.items()
        }
        for groups, sent, lost in zip(everybody, referred, nameless, strict=True)
    ]


def _new(measured: Measurement | None) -> int:
    return int(measured.numerator["new_customers"]) if measured else 0


def _measurement(new: Measurement, referred: int, nameless: int, level: float) -> Measurement:
    share = Share(referred, _new(new))
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"referred_new_customers": share.count, "without_channel": nameless},
        denominator={"new_customers": share.total},
        excluded=new.excluded,
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        warnings=(UNKNOWN_CHANNEL,) if nameless else (),
        evidence=share,
    )
