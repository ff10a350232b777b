"""Lead conversion: which share of the leads of a period bought for the first time in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import now
from app.kpis.declaration import Measurement, Option, Scope
from app.kpis.periods import Period, local_date
from app.kpis.proportions import Share, wilson
from app.kpis.purchases import Figures, chosen, member_of, read, timelines
from app.market.lead_counts import Group, Groups, Wanted, count_leads
from app.market.verdicts import Counts
from app.problems import Text

WITHIN = Option(
    "within_days",
    Text(
        "Local days after the lead's own within which the first purchase must lie.",
        "首次购买须发生在线索产生之后的这么多个当地日之内。",
    ),
    default="90",
    low=0,
)
INCOMPLETE = "incomplete_cohort"
"""Some leads that were not won have time left: the share may still rise."""
LEAD_DIMENSIONS: Mapping[str, str] = {
    "channel": "l.channel",
    "campaign": "coalesce(l.campaign, '')",
}

# Orders by local days. An order that was fully refunded before the days were over is no purchase;
# one that was refunded later stays one, so that a cohort that is complete does not change.
_COHORT = """
WITH cohort AS (
    SELECT width_bucket(l.created_at, CAST(:points AS timestamptz[])) AS point,
        {member} AS member, l.customer, l.created_at, l.external_id,
        CAST(l.created_at AT TIME ZONE :time_zone AS date) AS day
    FROM leads l
    WHERE l.workspace_id = :workspace_id
        AND l.created_at >= CAST(:first AS timestamptz)
        AND l.created_at < CAST(:last AS timestamptz) {conditions}
),
judged AS MATERIALIZED (
    SELECT c.point, c.member, c.day + CAST(:within AS int) < CAST(:today AS date) AS over,
        EXISTS (
            SELECT FROM leads e
            WHERE e.workspace_id = :workspace_id AND e.customer = c.customer
                AND (e.created_at, e.external_id) < (c.created_at, c.external_id)
        ) AS repeated,
        coalesce(bought.first_day < c.day, false) AS known,
        coalesce(bought.first_day >= c.day, false) AS won
    FROM cohort c
    LEFT JOIN LATERAL (
        SELECT min(CAST(o.ordered_at AT TIME ZONE :time_zone AS date)) AS first_day
        FROM customers k
        JOIN orders o ON o.workspace_id = k.workspace_id AND o.customer_id = k.id
        WHERE k.workspace_id = :workspace_id AND k.external_id = c.customer
            AND CAST(o.ordered_at AT TIME ZONE :time_zone AS date)
                <= c.day + CAST(:within AS int)
            AND (
                o.refunded < o.amount OR o.amount = 0
                OR c.day + CAST(:within AS int) < (
                    SELECT CAST(
                        max(greatest(r.refunded_at, o.ordered_at)) AT TIME ZONE :time_zone AS date)
                    FROM refunds r
                    WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
                )
            )
    ) AS bought ON c.customer IS NOT NULL
)
SELECT point, member,
    count(*) FILTER (WHERE repeated) AS repeated,
    count(*) FILTER (WHERE known AND NOT repeated) AS known,
    count(*) FILTER (WHERE NOT known AND NOT repeated) AS leads,
    count(*) FILTER (WHERE won AND NOT repeated) AS won,
    count(*) FILTER (WHERE over AND NOT known AND NOT repeated) AS over,
    count(*) FILTER (WHERE over AND won AND NOT repeated) AS over_won
FROM judged GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Cohort:
    """The leads of one period and group. Those counted are neither repeated nor known."""

    leads: int = 0
    won: int = 0
    over: int = 0
    """Of `leads`, those whose days are over."""
    over_won: int = 0
    repeated: int = 0
    """Further leads of a customer who has an earlier one."""
    known: int = 0
    """Leads of customers who had bought before."""


async def measure_lead_conversion(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> Figures:
    """The conversion of each period's leads; see `Kpi.formula` of the catalogue."""
    today, within = local_date(now(), periods[0].zone), int(chosen(scope, WITHIN))
    wanted = Wanted(within, today.toordinal() - within, by, scope.filters)
    windows = [(each.start.toordinal(), each.end.toordinal()) for each in periods]
    kept = await count_leads(session, scope.workspace_id, periods[0].zone, windows, wanted)
    if kept is not None:
        found = [_cohorts(groups) for groups in kept]
    else:
        found = await _from_rows(session, scope, periods, by)
    nobody = {} if by else {"": Cohort()}
    return [
        {member: _measurement(cohort, scope.level) for member, cohort in (nobody | groups).items()}
        for groups in found
    ]


def _cohorts(groups: Groups) -> dict[str, Cohort]:
    """By member, with those whose days are over told apart."""
    found = {}
    for member in {group.member for group in groups}:
        over, waiting = (groups.get(Group(member, is_over), Counts()) for is_over in (True, False))
        found[member] = Cohort(
            leads=over.leads - over.known + waiting.leads - waiting.known,
            won=over.won + waiting.won,
            over=over.leads - over.known,
            over_won=over.won,
            repeated=over.repeated + waiting.repeated,
            known=over.known + waiting.known,
        )
    return {member: cohort for member, cohort in found.items() if cohort != Cohort()}


async def _from_rows(
    session: AsyncSession, scope: Scope, periods: Sequence[Period], by: str | None
) -> list[dict[str, Cohort]]:
    """The same from all leads of the periods and the orders of their customers."""
    found: list[dict[str, Cohort]] = [{} for _ in periods]
    conditions = " ".join(
        f"AND {LEAD_DIMENSIONS[name]} = ANY(CAST(:values{number} AS text[]))"
        for number, name in enumerate(scope.filters)
    )
    statement = _COHORT.format(member=member_of(by, LEAD_DIMENSIONS), conditions=conditions)
    for timeline in timelines(periods):
        rows = await read(
            session,
            statement,
            scope,
            timeline,
            within=int(chosen(scope, WITHIN)),
            today=local_date(now(), timeline.zone),
        )
        for row in rows:
            place = timeline.periods.get(row["point"])
            if place is not None:
                found[place][row["member"]] = _cohort(row)
    return found


def _cohort(row: RowMapping) -> Cohort:
    return Cohort(**{name: row[name] for name in Cohort.__dataclass_fields__})


def _measurement(cohort: Cohort, level: float) -> Measurement:
    share, over = Share(cohort.won, cohort.leads), Share(cohort.over_won, cohort.over)
    waiting = cohort.leads - cohort.won - (cohort.over - cohort.over_won)
    complete = _share(over, level)
    return Measurement(
        value=share.value,
        n=cohort.leads,
        numerator={"new_customers": cohort.won},
        denominator={"leads": cohort.leads},
        excluded={
            "repeated_leads": cohort.repeated,
            "leads_of_existing_customers": cohort.known,
        },
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        warnings=(INCOMPLETE,) if waiting else (),
        components={"complete": complete},
        evidence=share,
    )


def _share(share: Share, level: float) -> Measurement:
    return Measurement(
        value=share.value,
        n=share.total,
        numerator={"new_customers": share.count},
        denominator={"leads": share.total},
        interval=wilson(share, level),
        reason=None if share.total else "empty_denominator",
        unit="ratio",
    )
