"""A questionnaire that feeds every KPI of answers, and believable answers to it."""

import random
from collections.abc import Iterator
from typing import Any

from app.surveys.questions.base import SERVICE_DIMENSIONS

Asked = dict[str, Any]
CHANNELS = ("web", "mobile", "email", "phone", "kiosk")
PRICES = (5, 10, 20)


def _label(code: str) -> dict[str, str]:
    return {"en": code, "zh-CN": code}


def _rating(key: str, construct: str, **fields: Any) -> Asked:  # noqa: ANN401 - JSON
    return {"type": "rating", "key": key, "min": 1, "max": 10, "construct": construct} | fields


def _choice(key: str, construct: str, choices: list[Asked]) -> Asked:
    return {"type": "single_choice", "key": key, "construct": construct, "choices": choices}


_ROWS = [{"code": name, "label": _label(name), "facet": name} for name in SERVICE_DIMENSIONS]
_SERVICE = {"type": "matrix", "min": 1, "max": 7, "rows": _ROWS}
#: What a business asks again and again: the headline figures and loyalty.
PULSE: tuple[Asked, ...] = (
    {"type": "nps", "key": "recommend", "construct": "recommendation"},
    {"type": "csat", "key": "csat", "construct": "satisfaction"},
    {"type": "ces", "key": "effort"},
    _rating("trust", "trust"),
    _rating("again", "repurchase", min=1, max=5),
)
#: What it asks once a year.
STUDY: tuple[Asked, ...] = (
    *PULSE,
    {"type": "yes_no", "key": "knows", "construct": "awareness"},
    {"type": "yes_no", "key": "complained", "construct": "complained"},
    _rating("image", "image", min=1, max=5),
    _choice(
        "brand",
        "designation",
        [{"code": "us", "label": _label("us"), "ours": True}, {"code": "x", "label": _label("x")}],
    ),
    _choice(
        "leave",
        "price",
        [
            {"code": f"p{percent}", "label": _label(str(percent)), "price_difference": percent}
            for percent in PRICES
        ]
        + [{"code": "never", "label": _label("never")}],
    ),
    _rating("staff", "value", facet="personnel"),
    _rating("paid", "value", facet="money", direction="lower"),
    _SERVICE | {"key": "expected", "construct": "expectation"},
    _SERVICE | {"key": "perceived", "construct": "perception"},
)


def definition(questions: tuple[Asked, ...]) -> Asked:
    """A survey of these questions."""
    text = {"text": {"en": "How was it?", "zh-CN": "您觉得怎么样？"}}
    return {
        "default_language": "zh-CN",
        "languages": ["zh-CN", "en"],
        "title": {"en": "Service", "zh-CN": "服务"},
        "pages": [{"key": "main", "questions": [text | question for question in questions]}],
    }


def submissions(questions: tuple[Asked, ...], count: int, seed: int) -> Iterator[Asked]:
    """Answers to these questions, spread over twelve months, each with an id of its own."""
    rng = random.Random(seed)
    for number in range(count):
        yield {
            "submission_id": f"i{seed}-{number}",
            "answers": {question["key"]: _answer(question, rng) for question in questions},
            "language": rng.choice(("zh-CN", "zh-CN", "en")),
            "channel": rng.choice(CHANNELS),
            "customer": f"C{rng.randrange(200_000):06}",
            "occurred_at": f"2026-{rng.randrange(1, 11):02}-{rng.randrange(1, 29):02}"
            f"T{rng.randrange(24):02}:15:00+08:00",
            "duration_seconds": round(rng.lognormvariate(4.2, 0.7), 3),
            "metadata": {"branch": rng.choice(("east", "west", "north"))},
        }


def _answer(question: Asked, rng: random.Random) -> object:
    """Any answer that fits, by the question's type."""
    match question["type"]:
        case "nps":
            answer: object = rng.choice((9, 10, 8, 7, 10, 9, 6, 3, 0, 5))
        case "csat":
            answer = rng.choice((5, 4, 4, 3, 5, 1))
        case "ces":
            answer = rng.randint(1, 7)
        case "yes_no":
            answer = rng.random() < 0.8
        case "single_choice":
            answer = rng.choice(question["choices"])["code"]
        case "matrix":
            answer = {row["code"]: rng.randint(1, 7) for row in question["rows"]}
        case _:
            answer = rng.randint(question["min"], question["max"])
    return answer
