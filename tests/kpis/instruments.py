"""Surveys that measure loyalty, image, price, value and service quality, for the tests."""

from typing import Any

from app.surveys.questions.base import SERVICE_DIMENSIONS

Asked = dict[str, Any]


def _label(code: str) -> dict[str, str]:
    return {"en": code, "zh-CN": code}


def rating(key: str, construct: str, **fields: Any) -> Asked:
    """An item on ten points."""
    return {"type": "rating", "key": key, "min": 1, "max": 10, "construct": construct} | fields


def coded(*codes: str, **fields: Any) -> list[Asked]:
    """Things with a code and a label."""
    return [{"code": code, "label": _label(code)} | fields for code in codes]


LOYALTY = (
    rating("trust", "trust"),
    rating("again", "repurchase", min=1, max=5),
    rating("often", "repurchase", min=1, max=7, direction="lower", top_box=[1, 2]),
    {"type": "nps", "key": "recommend", "construct": "recommendation"},
)
KNOWS = {"type": "yes_no", "key": "knows", "construct": "awareness"}
COMPLAINED = {"type": "yes_no", "key": "complained", "construct": "complained"}
IMAGE = rating("image", "image", min=1, max=5, allow_not_applicable=True)
BRANDS = {
    "type": "single_choice",
    "key": "brand",
    "construct": "designation",
    "choices": [*coded("us", "us-lite", ours=True), *coded("them", "others")],
}
PRICE = {
    "type": "single_choice",
    "key": "leave",
    "construct": "price",
    "choices": [
        {"code": f"p{percent}", "label": _label(f"{percent} %"), "price_difference": percent}
        for percent in (5, 10, 20)
    ]
    + coded("never"),
}
VALUE = (
    rating("staff", "value", facet="personnel", weight=2),
    rating("product", "value", facet="product"),
    rating("paid", "value", facet="money", direction="lower"),
    rating("waiting", "value", facet="time", direction="lower", weight=3),
)
#: Two items of each dimension but one.
ROWS: list[Asked] = [
    {"code": f"{dimension}-{number}", "label": _label(dimension), "facet": dimension}
    for dimension in SERVICE_DIMENSIONS
    for number in range(1 if dimension == "empathy" else 2)
]
_SERVICE = {"type": "matrix", "min": 1, "max": 7, "rows": ROWS}
EXPECTED = _SERVICE | {"key": "expected", "construct": "expectation"}
PERCEIVED = _SERVICE | {"key": "perceived", "construct": "perception"}
POINTS = {
    "type": "allocation",
    "key": "points",
    "construct": "importance",
    "items": [
        {"code": dimension, "label": _label(dimension), "facet": dimension}
        for dimension in SERVICE_DIMENSIONS
    ],
}
