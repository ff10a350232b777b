"""The CDNOW sample (Fader, Hardie and Lee), loaded through the API."""

import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from tests.conftest import Tenant

FILE = Path(__file__).parents[3] / "shared" / "data" / "CDNOW_sample.txt"
#: The end of the published calibration of 39 weeks, and of the holdout of another 39.
CALIBRATED, HELD = "1997-09-30", "1998-06-30"


def purchases() -> dict[str, dict[date, float]]:
    """What each customer of the sample spent on each day."""
    found: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in FILE.read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        found[customer][date.fromisoformat(day)] += float(dollars)
    return found


async def load(tenant: Tenant) -> None:
    """All 6,919 transactions, by the bulk route."""
    lines = []
    for number, line in enumerate(FILE.read_text().splitlines()):
        _, customer, day, discs, dollars = line.split()
        order = {
            "external_id": f"t{number}",
            "customer": customer,
            "ordered_on": str(date.fromisoformat(day)),
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


async def segment(tenant: Tenant) -> None:
    """Put the first 400 customers into one segment, and the others into another."""
    lines = [
        json.dumps({"external_id": name, "segment": "vip" if int(name) <= 400 else "plain"})
        for name in purchases()
    ]
    answer = await tenant.client.post(
        "/v1/customers",
        content="\n".join(lines).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text


def parameters(model: dict[str, Any]) -> dict[str, float]:
    """The values of a fitted model by their names."""
    return {each["name"]: each["value"] for each in model["parameters"]}
