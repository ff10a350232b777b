"""The demo's data, made from a number and a date alone: the same two make the same data."""

from dataclasses import dataclass
from datetime import date

from app.demo.contacts import Contact, contacts
from app.demo.goals import observations
from app.demo.market import Market, market
from app.demo.population import Person, Purchase, people, purchases
from app.demo.submissions import Submission, submissions
from app.demo.year import Calendar, numbered_stream
from app.scorecards.metric_schemas import ObservationPut


@dataclass(frozen=True)
class DemoData:
    """A year of a company that nobody runs; each list in the order of time."""

    calendar: Calendar
    customers: list[Person]
    orders: list[Purchase]
    submissions: list[Submission]
    contacts: list[Contact]
    market: Market
    observations: dict[str, list[ObservationPut]]
    """By metric."""


def generate(*, seed: int, today: date, scale: float = 1.0) -> DemoData:
    """Generate everything: 5,000 customers, some 25,000 orders, 20,000 responses, 600 contacts.

    And 600 leads. Pure: neither the clock nor the order of a set or the hash of a text has any
    influence. `today` is the first day without data. `scale` multiplies all counts.
    """
    calendar = Calendar(today)
    customers = people(numbered_stream(seed, "customers"), calendar, scale)
    orders = purchases(numbered_stream(seed, "orders"), calendar, customers)
    return DemoData(
        calendar=calendar,
        customers=customers,
        orders=orders,
        submissions=submissions(seed, calendar, customers, orders, scale),
        contacts=contacts(numbered_stream(seed, "contacts"), calendar, customers, orders, scale),
        market=market(numbered_stream(seed, "market"), calendar, customers, orders, scale),
        observations=observations(numbered_stream(seed, "observations"), calendar, scale),
    )
