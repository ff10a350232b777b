"""Leads, spend, the market and other systems' figures: as believable as the rest of the year."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import pytest

from app.demo.data import DemoData
from app.demo.goals import observations
from app.demo.market import market
from app.demo.year import Calendar, numbered_stream
from tests.demo.conftest import TODAY


def test_leads_come_by_the_channel_of_their_customers(data: DemoData) -> None:
    """A lead who was won is one customer, of the same channel; most leads were not won."""
    assert len({lead.external_id for lead in data.market.leads}) == 600
    channels = {person.external_id: person.acquisition_channel for person in data.customers}
    won = [lead for lead in data.market.leads if lead.customer is not None]
    assert len({lead.customer for lead in won}) == len(won)
    assert all(lead.channel == channels[lead.customer or ""] for lead in won)
    assert 0.2 < len(won) / len(data.market.leads) < 0.4


def test_leads_come_before_their_customers(data: DemoData) -> None:
    """Who was won was a lead before the first order; nobody becomes a lead after the end."""
    joined = {person.external_id: person.joined_at for person in data.customers}
    for lead in data.market.leads:
        assert lead.created_at is not None
        assert lead.created_at < (joined[lead.customer] if lead.customer else data.calendar.end)


def test_every_day_of_every_channel_has_its_spend(data: DemoData) -> None:
    """Months follow each other without a gap, to the end of the present one; so do the years."""
    by_channel = defaultdict(list)
    for spend in data.market.spend:
        by_channel[spend.channel].append((spend.period_start, spend.period_end))
    assert set(by_channel) == {person.acquisition_channel for person in data.customers}
    years = [(total.period_start, total.period_end) for total in data.market.totals]
    for periods in (*by_channel.values(), years):
        assert periods[0][0] <= data.calendar.start
        assert periods[-1][1] > TODAY
        assert all(one[1] == other[0] for one, other in pairwise(periods))


def test_the_outage_is_felt_at_the_telephone(data: DemoData) -> None:
    """A week of the bad month is the worst; each value lies in its interval."""
    resolved = data.observations["first-contact-resolution"]
    first, after = data.calendar.bad_month
    assert first <= min(resolved, key=lambda each: each.value).start < after
    for each in resolved:
        assert each.interval is not None
        assert each.interval.low <= each.value <= each.interval.high
    assert all(each.end <= TODAY for some in data.observations.values() for each in some)


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2025, 1, 1), date(2026, 12, 31)])
def test_any_day_will_do(today: date) -> None:
    """A year begins or ends: the whole months are observed, and the present one is paid for."""
    calendar = Calendar(today)
    small = market(numbered_stream(1, "market"), calendar, [], [], scale=0.01)
    assert len(small.leads) == 6
    assert small.spend[-1].period_end > today
    found = observations(numbered_stream(1, "observations"), calendar, 0.01)
    assert len(found["first-contact-resolution"]) in {51, 52}
    assert len(found["training-hours"]) in {11, 12}
    assert all(each.end <= today for some in found.values() for each in some)
