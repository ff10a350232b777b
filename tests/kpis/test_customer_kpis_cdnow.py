"""The CDNOW purchases (Fader, Hardie and Lee, 2005) through the bulk route and the KPI routes.

The expected numbers are counted here in plain Python from the file; those of the file itself
(2,357 customers, 6,696 customer-days) are published.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
from fastapi import FastAPI

from app.kpis.means import moments, t_interval
from tests.conftest import Tenant, open_tenant

FILE = Path(__file__).parents[3] / "shared" / "data" / "CDNOW_sample.txt"
pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="the CDNOW sample is not beside the repository"
)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shop:
    """The file, and the workspace that holds it."""

    tenant: Tenant
    days: Mapping[str, Mapping[date, Decimal]]
    """What each customer spent on each day."""

    def active(self, start: date, end: date) -> set[str]:
        """Customers with a purchase in [start, end)."""
        return {name for name, own in self.days.items() if any(start <= day < end for day in own)}

    def first(self, start: date, end: date) -> set[str]:
        """Customers whose first purchase lies in [start, end)."""
        return {name for name, own in self.days.items() if start <= min(own) < end}

    async def get(self, path: str, start: date, end: date, **query: str) -> dict[str, Any]:
        """The answer of a KPI route."""
        params = {"from": str(start), "to": str(end), **query}
        answer = await self.tenant.client.get(f"/v1/kpis/{path}", params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture(scope="module")
async def shop(app: FastAPI) -> AsyncIterator[Shop]:
    """All 6,919 transactions, loaded by the bulk route."""
    tenant = await open_tenant(app, "CDNOW", currency="USD")
    days: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    lines = []
    for number, line in enumerate(FILE.read_text().splitlines()):
        _, customer, day, discs, dollars = line.split()
        on = date.fromisoformat(day)
        days[customer][on] += Decimal(dollars)
        order = {
            "external_id": f"t{number}",
            "customer": customer,
            "ordered_on": str(on),
            "amount": dollars,
            "currency": "USD",
            "quantity": int(discs),
        }
        lines.append(json.dumps(order))
    answer = await tenant.client.post(
        "/v1/orders",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    assert len(lines) == 6_919
    yield Shop(tenant, days)
    await tenant.client.aclose()
    await tenant.public.aclose()


def month(number: int) -> date:
    """The first day of a month, counted from January 1997."""
    return date(1997 + number // 12, number % 12 + 1, 1)


async def test_the_file_is_whole(shop: Shop) -> None:
    """2,357 customers bought on 6,696 customer-days (published)."""
    assert len(shop.days) == 2_357
    assert sum(len(own) for own in shop.days.values()) == 6_696
    found = await shop.get("repeat-purchase-rate", month(0), month(18))
    repeated = sum(len(own) >= 2 for own in shop.days.values())
    assert found["denominator"] == {"buyers": 2_357}
    assert found["numerator"] == {"repeat_buyers": repeated}
    assert found["value"] == repeated / 2_357


async def test_repeat_purchases_by_month(shop: Shop) -> None:
    """Each month's buyers and repeat buyers are those of the file."""
    found = await shop.get("repeat-purchase-rate/trend", month(0), month(18), grain="month")
    assert len(found["points"]) == 18
    for number, point in enumerate(found["points"]):
        bought = [
            sum(month(number) <= day < month(number + 1) for day in own)
            for own in shop.days.values()
        ]
        assert point["denominator"] == {"buyers": sum(days >= 1 for days in bought)}
        assert point["numerator"] == {"repeat_buyers": sum(days >= 2 for days in bought)}


@pytest.mark.parametrize("window", [30, 90, 365])
async def test_retention_by_month(shop: Shop, window: int) -> None:
    """S, E, N, retained and reactivated of every month are those of sets from the file."""
    found = await shop.get(
        "retention/trend", month(0), month(18), grain="month", window_days=str(window)
    )
    for number, point in enumerate(found["points"]):
        start, end = month(number), month(number + 1)
        before = shop.active(start - window * DAY, start)
        after = shop.active(end - window * DAY, end)
        new = (shop.first(start, end) & after) - before
        retained = before & after
        assert point["denominator"] == {"S": len(before)}
        assert point["numerator"] == {
            "retained": len(retained),
            "E": len(after),
            "N": len(new),
            "reactivated": len(after - before - new),
        }
        assert point["value"] == (len(retained) / len(before) if before else None)


async def test_acquisition_by_month(shop: Shop) -> None:
    """Everybody in the sample first bought in the first quarter of 1997."""
    found = await shop.get("acquisition/trend", month(0), month(6), grain="month")
    for number, point in enumerate(found["points"]):
        new = shop.first(month(number), month(number + 1))
        assert point["numerator"] == {"new_customers": len(new)}
        at_start = shop.first(month(0), month(number))
        assert point["denominator"] == {"customers_at_start": len(at_start)}
    assert sum(point["numerator"]["new_customers"] for point in found["points"][:3]) == 2_357
    assert found["points"][0]["reason"] == "empty_denominator"


@pytest.mark.parametrize("type_", ["exact", "rolling", "bounded_by"])
async def test_cohorts_by_month(shop: Shop, type_: str) -> None:
    """The triangle of the three cohorts equals counting each customer's months."""
    found = await shop.get(
        "retention/cohorts", month(0), month(3), type=type_, periods="18", tz="Asia/Shanghai"
    )
    assert [each["size"] for each in found["cohorts"]] == [
        len(shop.first(month(number), month(number + 1))) for number in range(3)
    ]
    for number, cohort in enumerate(found["cohorts"]):
        members = shop.first(month(number), month(number + 1))
        for cell in cohort["cells"]:
            at = number + cell["k"]
            start, end = month(at), month(at + 1)
            if cell["k"] == 0:
                active = members
            elif type_ == "exact":
                active = shop.active(start, end)
            elif type_ == "rolling":
                active = shop.active(start, month(24))
            else:
                active = shop.active(month(number + 1), end)
            assert cell["active"] == len(members & active)
            assert cell["complete"]


async def test_lifetime_value(shop: Shop) -> None:
    """Sum, mean, interval, median and deciles of 39 weeks of spending by customer."""
    end = date(1997, 10, 1)
    found = await shop.get("lifetime-value", month(0), end)
    spent = [
        sum((paid for day, paid in own.items() if day < end), Decimal(0))
        for own in shop.days.values()
    ]
    assert (found["n"], found["currency"]) == (2_357, "USD")
    parts = found["components"]
    assert parts["sum"]["value"] == float(sum(spent))
    assert found["value"] == pytest.approx(float(sum(spent)) / 2_357, rel=1e-15)
    expected = t_interval(moments({amount: spent.count(amount) for amount in set(spent)}))
    assert expected is not None
    assert found["interval"]["low"] == pytest.approx(expected.low, rel=1e-12)
    assert found["interval"]["high"] == pytest.approx(expected.high, rel=1e-12)
    cuts = quantiles([float(amount) for amount in spent], n=10, method="inclusive")
    for number, cut in enumerate(cuts, 1):
        assert parts[f"decile_{number}"]["value"] == pytest.approx(cut, abs=1e-9)
