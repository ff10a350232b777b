"""Questions on several scales, for the tests of survey KPIs."""

SCORE = {"type": "csat", "key": "score", "construct": "satisfaction", "max": 10}
ROOMS = {
    "type": "matrix",
    "key": "hotel",
    "construct": "satisfaction",
    "allow_not_applicable": True,
    "rows": [{"code": code, "label": {"en": code, "zh-CN": code}} for code in ("room", "meals")],
}
WORRY = {
    "type": "rating",
    "key": "worry",
    "min": 1,
    "max": 7,
    "direction": "lower",
    "construct": "satisfaction",
    "labels": [{"point": 1, "label": {"en": "None", "zh-CN": "没有"}}],
}
