"""A small published survey, made through the API."""

from typing import Any

from tests.conftest import Tenant

NPS = {"type": "nps", "key": "nps", "required": True}
CSAT = {"type": "csat", "key": "csat", "construct": "satisfaction", "allow_not_applicable": True}
REASONS = {
    "type": "multiple_choice",
    "key": "reasons",
    "choices": [
        {"code": "price", "label": {"en": "Price", "zh-CN": "价格"}},
        {"code": "speed", "label": {"en": "Speed", "zh-CN": "速度"}},
    ],
}
WHY = {"type": "long_text", "key": "why"}
#: Whoever reads its text chooses speed.
CHECK = REASONS | {"type": "single_choice", "key": "reads", "attention_check": "speed"}


def definition(*questions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition in two languages with the questions given, or with four usual ones."""
    texts = {"text": {"en": "How was it?", "zh-CN": "您觉得怎么样？"}}
    asked = [texts | question for question in questions or (NPS, CSAT, REASONS, WHY)]
    return {
        "default_language": "zh-CN",
        "languages": ["zh-CN", "en"],
        "title": {"en": "Service", "zh-CN": "服务"},
        "pages": [{"key": "main", "questions": asked}],
        **fields,
    }


async def publish(tenant: Tenant, *questions: dict[str, Any], **fields: Any) -> str:
    """Create and publish a survey; its id."""
    body = {"name": "service", "definition": definition(*questions, **fields)}
    created = await tenant.client.post("/v1/surveys", json=body)
    assert created.status_code == 201, created.text
    survey = str(created.json()["id"])
    published = await tenant.client.post(f"/v1/surveys/{survey}/publish")
    assert published.status_code == 200, published.text
    return survey


def answer(nps: int = 9, **fields: Any) -> dict[str, Any]:
    """A valid submission to the usual survey."""
    return {"answers": {"nps": nps, "csat": 4}, "language": "en", "channel": "web"} | fields
