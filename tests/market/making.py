"""Bodies that the tests of the market send."""

from typing import Any

Json = dict[str, Any]


def spend(**fields: object) -> Json:
    """Spend of 1,000 CNY on paid search in October 2026."""
    stated = {
        "from": "2026-10-01",
        "to": "2026-11-01",
        "channel": "search",
        "kind": "paid",
        "amount": "1000.00",
        "currency": "CNY",
        "source": "ledger",
    }
    return stated | fields


def total(**fields: object) -> Json:
    """A market of 10,000 CNY in October 2026."""
    stated = {
        "from": "2026-10-01",
        "to": "2026-11-01",
        "basis": "value",
        "amount": "10000.00",
        "currency": "CNY",
        "source": "association",
        "stated_on": "2026-11-10",
    }
    return stated | fields
