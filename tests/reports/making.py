"""A workspace with a month of feedback, and reports asked for through the API."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, sent, submit
from tests.responses.builders import CSAT, NPS, publish

Json = dict[str, Any]
Drain = Callable[[], Awaitable[int]]
#: A name that would run as a script wherever it is not escaped.
HOSTILE = "</text></svg><script>alert(1)</script>\"' onload=alert(1) &amp;"


async def feedback(tenant: Tenant, number: int = 120, *, shop: str = "north") -> str:
    """A survey with answers of October by web and phone, and of September; its id."""
    survey = await publish(tenant, NPS, CSAT, hidden_fields=["shop"])
    dice = random.Random(7)
    responses = []
    for index in range(number):
        day = f"2026-{'09' if index % 3 == 0 else '10'}-{1 + index % 28:02}T10:00:00+08:00"
        answers = {"nps": dice.choice([3, 6, 7, 8, 9, 9, 10]), "csat": dice.randint(1, 5)}
        channel = "web" if index % 2 else "phone"
        place = shop if index % 4 else "south"
        responses.append(
            sent(answers, occurred_at=day, channel=channel, hidden_fields={"shop": place})
        )
    await submit(tenant, survey, responses)
    return survey


def definition(**fields: object) -> Json:
    """A definition of two KPIs."""
    usual: Json = {
        "title": {"zh-CN": "门店月报", "en": "Shops, monthly"},
        "period": "month",
        "sections": [
            {"kpi": "nps", "compare_by": ["channel"], "distribution": True, "trend": 3},
            {"kpi": "csat", "trend": 0, "title": {"zh-CN": "满意", "en": "Content"}},
        ],
    }
    return usual | fields


async def put(tenant: Tenant, name: str, status: int = 201, **fields: object) -> Json:
    """Put a definition and expect the status."""
    answer = await tenant.client.put(f"/v1/report-definitions/{name}", json=definition(**fields))
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    return body


async def made(tenant: Tenant, drain: Drain, **wanted: object) -> Json:
    """A report of October that a worker has made."""
    answer = await tenant.client.post("/v1/reports", json=OCTOBER | wanted)
    assert answer.status_code == 202, answer.text
    assert await drain() >= 1
    found = await tenant.client.get(answer.headers["location"])
    assert found.status_code == 200, found.text
    report: Json = found.json()
    assert report["status"] == "ready"
    return report


async def document(tenant: Tenant, report: Json, format_: str, language: str) -> bytes:
    """A document of a report."""
    answer = await tenant.client.get(
        f"/v1/reports/{report['id']}/document", params={"format": format_, "language": language}
    )
    assert answer.status_code == 200, answer.text
    return answer.content
