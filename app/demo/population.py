"""Who the demo's customers are, what they order, and what they send back."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from app.customers.schemas import KeyAccountType
from app.demo.names import name_of
from app.demo.year import BUSIEST, YEAR_DAYS, Calendar, local_day, pick

CUSTOMERS = 5_000
CURRENCY = "CNY"
_CHINESE_SHARE = 0.75


@dataclass(frozen=True)
class Habits:
    """How a segment buys: share of customers, orders a year, and a lognormal basket in CNY."""

    share: float
    orders_a_year: float
    median_basket: float
    spread: float
    """Standard deviation of the logarithm of the basket."""
    warmth: float
    """How much more satisfied than the average the segment is, in the unit of `answers`."""
    is_office: bool
    joins_by: dict[str, float]
    orders_by: dict[str, float]


SEGMENTS: dict[str, Habits] = {
    "consumer": Habits(
        0.72, 5.6, 260, 0.7, 0.05, is_office=False,
        joins_by={"search": 30, "social": 26, "referral": 18, "store": 16, "partner": 10},
        orders_by={"mobile": 52, "web": 30, "store": 14, "phone": 4},
    ),
    "small_business": Habits(
        0.18, 9.5, 1_400, 0.8, -0.1, is_office=True,
        joins_by={"search": 34, "referral": 28, "sales": 20, "partner": 18},
        orders_by={"web": 55, "mobile": 25, "phone": 20},
    ),
    "enterprise": Habits(
        0.07, 13, 9_000, 0.9, 0.2, is_office=True,
        joins_by={"sales": 62, "partner": 25, "referral": 13},
        orders_by={"web": 45, "phone": 35, "sales": 20},
    ),
    "public": Habits(
        0.03, 6, 6_000, 0.7, -0.25, is_office=True,
        joins_by={"tender": 70, "sales": 30},
        orders_by={"phone": 50, "web": 50},
    ),
}  # fmt: skip
REGIONS = {"east": 34.0, "south": 24.0, "north": 20.0, "west": 14.0, "overseas": 8.0}
_KEY_ACCOUNTS: dict[KeyAccountType, float] = {
    "group": 4, "industry": 3, "channel": 3, "strategic": 2,
}  # fmt: skip
_KEY_ACCOUNT_SHARE = {"consumer": 0.0, "small_business": 0.02, "enterprise": 0.3, "public": 0.1}
#: Where somebody hears what a buyer asks for.
_HEARD = ("store", "phone", "sales")
#: Numbers that the British regulator keeps for films: they ring nowhere.
_FICTIONAL_PHONE = "+44 7700 900"


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; `goodwill` (mean 0, standard deviation 1) moves what they answer and buy."""

    external_id: str
    name: str
    email: str | None
    phone: str | None
    segment: str
    key_account_type: KeyAccountType | None
    acquisition_channel: str
    language: str
    region: str
    joined_at: datetime
    survey_consent: bool
    marketing_consent: bool
    goodwill: float


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order, and what was paid back of it."""

    external_id: str
    customer: str
    ordered_at: datetime
    amount: Decimal
    channel: str
    quantity: int
    refunded_at: datetime | None
    refunded: Decimal
    asked_for_brand: bool | None = None


def people(stream: random.Random, calendar: Calendar, scale: float) -> list[Person]:
    """The customers, in the order in which they joined: a little more of them every month."""
    days = sorted(_joining_days(stream, calendar, round(CUSTOMERS * scale)))
    return [_person(stream, calendar, number, day) for number, day in enumerate(days, 1)]


def _joining_days(stream: random.Random, calendar: Calendar, count: int) -> list[date]:
    days = [calendar.beginning + timedelta(days=number) for number in range(2 * YEAR_DAYS)]
    weights = [
        (0.8 + 0.6 * number / len(days))
        * calendar.business(day, office=False)
        * (1 - 0.4 * calendar.trouble(day))
        for number, day in enumerate(days)
    ]
    return stream.choices(days, weights, k=count)


def _person(stream: random.Random, calendar: Calendar, number: int, day: date) -> Person:
    segment = pick(stream, {name: habits.share for name, habits in SEGMENTS.items()})
    habits = SEGMENTS[segment]
    region = pick(stream, REGIONS)
    chinese = stream.random() < (0.05 if region == "overseas" else _CHINESE_SHARE * 1.08)
    language = "zh-CN" if chinese else "en"
    key_account: KeyAccountType | None = None
    if stream.random() < _KEY_ACCOUNT_SHARE[segment]:
        kind = pick(stream, _KEY_ACCOUNTS)
        key_account = kind
    return Person(
        external_id=f"CU-{number:05d}",
        name=name_of(stream, segment, language),
        email=f"cu-{number:05d}@example.com" if stream.random() < 0.9 else None,
        phone=None if chinese else f"{_FICTIONAL_PHONE}{stream.randrange(1_000):03d}",
        segment=segment,
        key_account_type=key_account,
        acquisition_channel=pick(stream, habits.joins_by),
        language=language,
        region=region,
        joined_at=calendar.moment(stream, day, office=habits.is_office),
        survey_consent=stream.random() < 0.93,
        marketing_consent=stream.random() < 0.55,
        goodwill=stream.gauss(0, 1),
    )


def purchases(stream: random.Random, calendar: Calendar, customers: list[Person]) -> list[Purchase]:
    """Everything that was bought, numbered in the order of time.

    After the model behind BG/NBD: each customer has a rate of their own (gamma distributed) and
    leaves after a time of their own (exponential); who is content stays longer.
    """
    bought = sorted(
        ((moment, person) for person in customers for moment in _moments(stream, calendar, person)),
        key=lambda each: (each[0], each[1].external_id),
    )
    orders = [
        _purchase(stream, calendar, number, person, moment)
        for number, (moment, person) in enumerate(bought, 1)
    ]
    return [
        replace(order, asked_for_brand=_asks_for_brand(stream, person))
        if order.channel in _HEARD
        else order
        for order, (_, person) in zip(orders, bought, strict=True)
    ]


def _asks_for_brand(stream: random.Random, person: Person) -> bool:
    """Some two in five ask for the brand by name; more of those who are content."""
    return stream.random() < 1 / (1 + math.exp(0.4 - 0.5 * person.goodwill))


def _moments(stream: random.Random, calendar: Calendar, person: Person) -> Iterator[datetime]:
    """When a customer orders: first on joining, then at uneven intervals while they stay."""
    yield person.joined_at
    habits = SEGMENTS[person.segment]
    shape = 1.3
    # Thinning: too many candidates, of which quiet days keep fewer.
    rate = stream.gammavariate(shape, habits.orders_a_year / shape) / YEAR_DAYS * BUSIEST
    stays_days = stream.expovariate(1 / (1.6 * YEAR_DAYS)) * math.exp(0.45 * person.goodwill)
    elapsed = 0.0
    last = local_day(person.joined_at)
    while True:
        elapsed += stream.expovariate(rate)
        day = local_day(person.joined_at) + timedelta(days=int(elapsed))
        if elapsed > stays_days or day >= calendar.today:
            return
        busy = calendar.business(day, office=habits.is_office) / BUSIEST
        if day > last and stream.random() < busy * (1 - 0.35 * calendar.trouble(day)):
            last = day
            yield calendar.moment(stream, day, office=habits.is_office)


def _purchase(
    stream: random.Random, calendar: Calendar, number: int, person: Person, moment: datetime
) -> Purchase:
    habits = SEGMENTS[person.segment]
    quantity = 1 + min(int(stream.expovariate(0.8)), 11)
    basket = stream.lognormvariate(math.log(habits.median_basket), habits.spread)
    amount = Decimal(max(100, round(basket * 100))) / 100
    refunded_at, refunded = _refund(stream, calendar, moment, amount)
    return Purchase(
        external_id=f"SO-{number:06d}",
        customer=person.external_id,
        ordered_at=moment,
        amount=amount,
        channel=pick(stream, habits.orders_by),
        quantity=quantity,
        refunded_at=refunded_at,
        refunded=refunded,
    )


def _refund(
    stream: random.Random, calendar: Calendar, moment: datetime, amount: Decimal
) -> tuple[datetime | None, Decimal]:
    """Two in a hundred orders come back, three times as many while much is broken."""
    chance = 0.022 * (1 + 2 * calendar.trouble(local_day(moment)))
    if stream.random() >= chance:
        return None, Decimal(0)
    at = moment + timedelta(hours=stream.uniform(20, 14 * 24))
    if at >= calendar.end:
        return None, Decimal(0)
    if stream.random() < 0.7:
        return at, amount
    return at, (amount * stream.randrange(10, 80) / 100).quantize(Decimal("0.01"))
