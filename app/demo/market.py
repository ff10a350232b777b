"""What winning the demo's customers cost, who might become one, and how large the market is."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from app.demo.population import CURRENCY, CUSTOMERS, SEGMENTS, Person, Purchase
from app.demo.year import YEAR_DAYS, Calendar, local_day, month_start, pick
from app.market.schemas import (
    AcquisitionSpendPut,
    Competitor,
    LeadLine,
    MarketTotalPut,
    SpendKind,
)

LEADS = 600
_WON = 0.3
"""The share of the leads who became customers."""
_MARKET_SHARE = Decimal("0.08")
_COMPETITORS = {"Astra": Decimal("0.23"), "Borealis": Decimal("0.16"), "Cirrus": Decimal("0.11")}


@dataclass(frozen=True)
class Channel:
    """What one new customer of a channel costs, in CNY, and which campaigns its leads name."""

    cost: int
    kind: SpendKind
    campaigns: tuple[str, ...] = ()


CHANNELS: dict[str, Channel] = {
    "search": Channel(180, "paid", ("brand", "spring", "autumn")),
    "social": Channel(150, "paid", ("creators", "singles-day")),
    "partner": Channel(320, "paid"),
    "sales": Channel(2_400, "paid", ("trade-fair",)),
    "tender": Channel(3_200, "paid"),
    "referral": Channel(70, "organic", ("friends",)),
    "store": Channel(90, "organic"),
}


@dataclass(frozen=True)
class Market:
    """What is known of acquisition and of the market, besides the customers themselves."""

    spend: list[AcquisitionSpendPut]
    totals: list[MarketTotalPut]
    leads: list[LeadLine]


def market(
    stream: random.Random,
    calendar: Calendar,
    customers: list[Person],
    orders: list[Purchase],
    scale: float,
) -> Market:
    """Spend by month and channel, a total for each calendar year, and leads in order of time."""
    return Market(
        spend=_spend(stream, calendar, scale),
        totals=_totals(calendar, orders),
        leads=_leads(stream, calendar, customers, scale),
    )


def _spend(stream: random.Random, calendar: Calendar, scale: float) -> list[AcquisitionSpendPut]:
    """What is budgeted follows the customers that are expected, not those who come.

    The last month is that of `today`, as a whole: its budget is known before it is over.
    """
    found = []
    for month in _months(calendar):
        after = month_start(month, 1)
        growth = 0.8 + 0.6 * ((month - calendar.beginning).days / (2 * YEAR_DAYS))
        for name, channel in CHANNELS.items():
            expected = CUSTOMERS * scale * _joining_share(name) / 24 * growth
            amount = max(1, round(expected * channel.cost * stream.uniform(0.85, 1.15)))
            found.append(
                AcquisitionSpendPut.model_validate(
                    {
                        "from": month,
                        "to": after,
                        "channel": name,
                        "kind": channel.kind,
                        "amount": Decimal(amount),
                        "currency": CURRENCY,
                        "source": "Marketing ledger",
                    }
                )
            )
    return found


def _months(calendar: Calendar) -> list[date]:
    """The first days of the months with answers, and of that of `today`."""
    return calendar.months(to=month_start(calendar.today, 1))


def _joining_share(channel: str) -> float:
    """The share of all customers who join by the channel."""
    return sum(
        habits.share * habits.joins_by.get(channel, 0) / sum(habits.joins_by.values())
        for habits in SEGMENTS.values()
    )


def _totals(calendar: Calendar, orders: list[Purchase]) -> list[MarketTotalPut]:
    """The market of each calendar year since the first answer, growing by a fifteenth a year."""
    year = [each for each in orders if local_day(each.ordered_at) >= calendar.start]
    own = sum((each.amount - each.refunded for each in year), Decimal(0))
    found = []
    for number in range(calendar.start.year, calendar.today.year + 1):
        growth = Decimal(15) / Decimal(16) if number < calendar.today.year else Decimal(1)
        total = Decimal(max(1, round(own / _MARKET_SHARE * growth / 1_000)) * 1_000)
        found.append(
            MarketTotalPut.model_validate(
                {
                    "from": date(number, 1, 1),
                    "to": date(number + 1, 1, 1),
                    "basis": "value",
                    "amount": total,
                    "currency": CURRENCY,
                    "source": "Industry association, yearly estimate",
                    "stated_on": date(number, 1, 1),
                    "error_margin": Decimal("0.05"),
                    "competitors": [
                        Competitor(name=name, amount=(total * share).quantize(Decimal(1)))
                        for name, share in _COMPETITORS.items()
                    ],
                }
            )
        )
    return found


def _leads(
    stream: random.Random, calendar: Calendar, customers: list[Person], scale: float
) -> list[LeadLine]:
    """Some who joined in the year, some days before they did; and many who have not come."""
    count = round(LEADS * scale)
    joined = [each for each in customers if local_day(each.joined_at) >= calendar.start]
    won = stream.sample(joined, min(len(joined), round(count * _WON)))
    found: list[tuple[datetime, str, str | None]] = [
        (_before(stream, each.joined_at), each.acquisition_channel, each.external_id)
        for each in won
    ]
    weights = {name: _joining_share(name) for name in CHANNELS}
    for _ in range(count - len(won)):
        day = calendar.start + timedelta(days=stream.randrange(YEAR_DAYS))
        found.append((calendar.moment(stream, day, office=False), pick(stream, weights), None))
    found.sort(key=lambda lead: (lead[0], lead[1]))
    return [
        LeadLine(
            external_id=f"LD-{number:05d}",
            created_at=at,
            channel=channel,
            campaign=stream.choice((None, *CHANNELS[channel].campaigns)),
            customer=customer,
        )
        for number, (at, channel, customer) in enumerate(found, 1)
    ]


def _before(stream: random.Random, joined_at: datetime) -> datetime:
    return joined_at - timedelta(hours=stream.expovariate(1 / 240))
