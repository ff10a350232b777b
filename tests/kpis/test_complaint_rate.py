"""The complaint rate: random complaints and orders against counting by hand; over HTTP."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints.kinds import Kind
from app.complaints.models import Complaint, counting, is_complaint
from app.complaints.states import Outcome, State
from app.customers.models import Customer, PurchaseChange
from app.db import Database, new_id
from app.kpis.catalog.complaints import COMPLAINT_RATE
from app.kpis.complaint_counts import EXCLUSIONS, fate
from app.kpis.complaint_rate import PER, measure_complaint_rate
from app.kpis.declaration import Measurement, Scope
from app.kpis.periods import Period
from app.kpis.proportions import Share, newcombe
from app.kpis.rates import Rate, rate_difference
from app.purchases.book import open_book
from app.purchases.fold import fold
from tests.kpis.shops import SEGMENTS, ZONE, Sale, Shop, instants, opened, period_lists, shops

OUTCOMES: tuple[Outcome | None, ...] = (None, *get_args(Outcome))


@dataclass(frozen=True)
class Contact:
    """A contact of any kind, as little of it as the rate looks at."""

    kind: Kind
    dissatisfied: bool
    answer_expected: bool
    state: State
    outcome: Outcome | None
    occurred_at: datetime | None
    received_at: datetime
    customer: str | None
    channel: str = "phone"
    order: str | None = None

    @property
    def complains(self) -> bool:
        """A complaint by its kind, or by what it says."""
        return self.kind == "complaint" or (self.dissatisfied and self.answer_expected)

    @property
    def left_out(self) -> str | None:
        """Why a complaint does not count."""
        if self.state == "merged":
            return "merged"
        return self.outcome if self.outcome in {"duplicate", "not_a_complaint"} else None

    def inside(self, period: Period) -> bool:
        """Whether it happened in the period."""
        return period.starts_at <= (self.occurred_at or self.received_at) < period.ends_at

    def about(self, shop: Shop) -> Sale | None:
        """The order that it is about."""
        return next((s for n, s in enumerate(shop.sales) if self.order == f"o{n}"), None)


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    """Contacts of known, unknown and unnamed customers."""
    return Contact(
        kind=draw(st.sampled_from(["complaint", "complaint", "praise", "enquiry"])),
        dissatisfied=draw(st.booleans()),
        answer_expected=draw(st.booleans()),
        state=draw(st.sampled_from(["received", "closed", "merged"])),
        outcome=draw(st.sampled_from(OUTCOMES)),
        occurred_at=draw(st.none() | instants()),
        received_at=draw(instants()),
        customer=draw(st.sampled_from([None, "stranger", *SEGMENTS])),
        channel=draw(st.sampled_from(["phone", "web"])),
        order=draw(st.sampled_from([None, "unknown", *(f"o{number}" for number in range(9))])),
    )


async def _store(session: AsyncSession, scope: Scope, told: Sequence[Contact]) -> None:
    """Rows as the lifecycle leaves them: to get there by events takes a whole case each."""
    first: Complaint | None = None
    for number, each in enumerate([_PARENT, *told]):
        row = Complaint(
            workspace_id=scope.workspace_id,
            reference=f"{scope.workspace_id}-{number}",
            kind=each.kind,
            channel=each.channel,
            severity="low",
            description="?",
            expression_of_dissatisfaction=each.dissatisfied,
            response_expected=each.answer_expected,
            occurred_at=each.occurred_at,
            received_at=each.received_at,
            received_at_effective=each.received_at,
            identity_mode="identified",
            customer=each.customer,
            order=each.order,
            content_hash="",
            details={},
            state=each.state,
            outcome=each.outcome,
            merged_into=first.id if first is not None and each.state == "merged" else None,
            revision=1,
        )
        session.add(row)
        await session.flush()
        first = first or row


#: What merged cases were merged into: praise, which no rate counts.
_PARENT = Contact(
    kind="praise",
    dissatisfied=False,
    answer_expected=False,
    state="received",
    outcome=None,
    occurred_at=None,
    received_at=datetime(2018, 1, 1, tzinfo=UTC),
    customer=None,
)


def _by_hand(
    shop: Shop, told: Sequence[Contact], period: Period, basis: str
) -> tuple[int, int, dict[str, int]]:
    """Events, exposure and exclusions of one period."""
    inside = [each for each in told if each.complains and each.inside(period)]
    counted = [each for each in inside if each.left_out is None]
    reasons = Counter(each.left_out for each in inside if each.left_out)
    excluded = {name: reasons[name] for name in EXCLUSIONS}
    orders = [sale for sale in shop.sales if period.starts_at <= sale.at < period.ends_at]
    if basis == "orders":
        return len(counted), len(orders), excluded
    active = {sale.customer for sale in orders}
    named = {each.customer for each in counted if each.customer in SEGMENTS}
    excluded["without_customer"] = sum(each.customer not in SEGMENTS for each in counted)
    excluded["without_order"] = len(named - active)
    return len(named & active), len(active), excluded


def _by_order(shop: Shop, told: Sequence[Contact], period: Period) -> tuple[int, int, set[str]]:
    """Complaints about orders of the period, those about none that is known, and who ordered."""
    counted = [each for each in told if each.complains and each.left_out is None]
    about = [sale for each in counted if (sale := each.about(shop)) is not None]
    inside = [sale for sale in about if period.starts_at <= sale.at < period.ends_at]
    unknown = [each for each in counted if each.inside(period) and each.about(shop) is None]
    return len(inside), len(unknown), {sale.customer for sale in inside}


def _counts(measured: Measurement) -> tuple[float, float, Mapping[str, int]]:
    (events,) = measured.numerator.values()
    (exposure,) = measured.denominator.values()
    return events, exposure, measured.excluded


async def _keep(session: AsyncSession, scope: Scope, listed: set[str]) -> None:
    """Fold all orders, and list some customers as if they had changed since."""
    while await fold(session, scope.workspace_id):
        pass
    chosen = select(Customer.id).where(
        Customer.workspace_id == scope.workspace_id, Customer.external_id.in_(listed)
    )
    ids = list(await session.scalars(chosen))
    session.add(PurchaseChange(workspace_id=scope.workspace_id, id=new_id(), customers=ids))
    await session.flush()
    assert await open_book(session, scope.workspace_id, scope.time_zone) is not None


@settings(max_examples=60, deadline=None)
@given(
    shop=shops(),
    told=st.lists(contacts(), max_size=12),
    periods=period_lists(),
    basis=st.sampled_from(["orders", "customers"]),
    listed=st.none() | st.sets(st.sampled_from(sorted(SEGMENTS))),
)
async def test_the_rate_equals_counting_by_hand(
    database: Database,
    shop: Shop,
    told: list[Contact],
    periods: list[Period],
    basis: str,
    listed: set[str] | None,
) -> None:
    """Events, exposure and exclusions of everybody, of a segment, of a channel and filtered.

    From the orders, or from what is kept of them but for customers who are listed as changed.
    """
    async with opened(database, shop) as (session, scope):
        await _store(session, scope, told)
        if listed is not None:
            await _keep(session, scope, listed)
        scopes = replace(scope, options={"basis": basis})
        found = await measure_complaint_rate(session, scopes, periods, None)
        segments = await measure_complaint_rate(session, scopes, periods, "segment")
        channels = await measure_complaint_rate(session, scopes, periods, "channel")
        narrow = replace(scopes, filters={"segment": ("gold",), "channel": ("web",)})
        filtered = await measure_complaint_rate(session, narrow, periods, None)
    names = {
        segment: [name for name, own in SEGMENTS.items() if own == segment]
        for segment in SEGMENTS.values()
    }
    by_segment = {
        segment: [each for each in told if SEGMENTS.get(each.customer or "", "") == segment]
        for segment in names
    }
    for place, period in enumerate(periods):
        assert _counts(found[place][""]) == _by_hand(shop, told, period, basis)
        for segment, members in names.items():
            expected = _by_hand(shop.of(members), by_segment[segment], period, basis)
            if segment in segments[place]:
                assert _counts(segments[place][segment]) == expected
            else:
                assert expected[:2] == (0, 0)
        for channel, measured in channels[place].items():
            own = [each for each in told if each.channel == channel]
            assert _counts(measured) == _by_hand(shop, own, period, basis)
        gold = [each for each in by_segment["gold"] if each.channel == "web"]
        expected = _by_hand(shop.of(names["gold"]), gold, period, basis)
        assert _counts(filtered[place][""]) == expected


@settings(max_examples=30, deadline=None)
@given(shop=shops(), told=st.lists(contacts(), max_size=12), periods=period_lists())
async def test_complaints_count_with_their_orders(
    database: Database, shop: Shop, told: list[Contact], periods: list[Period]
) -> None:
    """By the day of the order: complaints and customers of everybody, and by segment.

    The same where orders are kept, but for a customer who is listed as changed.
    """
    async with opened(database, shop) as (session, scope):
        await _store(session, scope, told)
        options = {"attribution": "order"}
        by_orders = await measure_complaint_rate(
            session, replace(scope, options=options), periods, None
        )
        segments = await measure_complaint_rate(
            session, replace(scope, options=options), periods, "segment"
        )
        by_customers = await measure_complaint_rate(
            session, replace(scope, options=options | {"basis": "customers"}), periods, None
        )
        await _keep(session, scope, {"c0"})
        for basis, counted in (("orders", by_orders), ("customers", by_customers)):
            kept = await measure_complaint_rate(
                session, replace(scope, options=options | {"basis": basis}), periods, None
            )
            assert [_counts(each[""]) for each in kept] == [_counts(each[""]) for each in counted]
    for place, period in enumerate(periods):
        events, unknown, customers = _by_order(shop, told, period)
        measured = by_orders[place][""]
        assert measured.numerator == {"complaints": events}
        assert measured.excluded["without_known_order"] == unknown
        assert by_customers[place][""].numerator == {"complaining_customers": len(customers)}
        of_groups = [each.numerator["complaints"] for each in segments[place].values()]
        assert sum(of_groups) == events
        assert customers == set() or any(of_groups)


async def test_what_is_left_out_is_what_the_lifecycle_leaves_out(database: Database) -> None:
    """Of every combination of kind, wording, state and outcome: `counting`, and the rest named."""
    at = datetime(2018, 10, 1, tzinfo=UTC)
    yes_no = (False, True)
    kinds: list[Kind] = ["complaint", "praise"]
    states: list[State] = ["received", "rejected", "merged"]
    every = [
        Contact(kind, unhappy, waits, state, outcome, None, at, None)
        for kind, unhappy, waits, state, outcome in itertools.product(
            kinds, yes_no, yes_no, states, OUTCOMES
        )
    ]
    async with opened(database, Shop([])) as (session, scope):
        await _store(session, scope, every)
        rows = await session.execute(
            select(Complaint, is_complaint(), fate(), counting())
            .where(Complaint.workspace_id == scope.workspace_id)
            .order_by(Complaint.id)
        )
        found = [(said, why, counts) for _, said, why, counts in rows][1:]
    for each, (said, why, counts) in zip(every, found, strict=True):
        assert said == each.complains
        assert counts == (each.complains and each.left_out is None)
        if said:
            assert why == (each.left_out or "counted")


def _period(days: int) -> Period:
    return Period(date(2018, 10, 1), date(2018, 10, 1) + timedelta(days=days), ZONE)


async def test_nothing_is_null_with_a_reason(database: Database) -> None:
    """Without orders the rate is null, whatever was complained of, on both bases."""
    at = datetime(2018, 10, 3, tzinfo=UTC)
    told = replace(_PARENT, kind="complaint", occurred_at=at, customer="c0")
    async with opened(database, Shop([])) as (session, scope):
        await _store(session, scope, [told])
        for basis in ("orders", "customers"):
            only = replace(scope, options={"basis": basis})
            (found,) = await measure_complaint_rate(session, only, [_period(9)], None)
            assert found[""].value is None
            assert found[""].interval is None
            assert found[""].reason == "empty_denominator"


def test_rates_and_shares_have_their_own_tests() -> None:
    """Rates by the exact conditional test, shares of customers by Newcombe's, per thousand."""
    now, before = Rate(9, 500), Rate(2, 400)
    compare = COMPLAINT_RATE.compare
    some = Measurement(value=0.0, n=1)
    assert compare(
        replace(some, evidence=now), replace(some, evidence=before), 0.9
    ) == rate_difference(now, before, 0.9)
    many, few = Share(9, 500), Share(2, 400)
    change = compare(replace(some, evidence=many), replace(some, evidence=few), 0.9)
    plain = newcombe(many, few, 0.9)
    assert plain is not None
    assert change == replace(
        plain, difference=plain.difference * PER, low=plain.low * PER, high=plain.high * PER
    )
    assert compare(some, some, 0.9) is None
