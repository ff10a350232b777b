"""A small line without axes: the shape of the last periods beside a figure."""

from collections.abc import Sequence
from itertools import groupby

from app.reports.charts import theme
from app.reports.charts.canvas import drawing, number, tag
from app.reports.charts.marks import Titles
from app.reports.charts.scales import covering

WIDTH, HEIGHT, _EDGE = 120.0, 34.0, 5.0


def spark_line(values: Sequence[float | None], titles: Titles) -> str:
    """The values from left to right, with gaps, and a dot at the last."""
    scale = covering(values, HEIGHT - _EDGE, _EDGE)
    apart = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    places = [
        None if value is None else (_EDGE + index * apart, scale.place(value))
        for index, value in enumerate(values)
    ]
    parts = []
    for known, run in groupby(places, lambda place: place is not None):
        if known:
            path = " ".join(f"{number(x)},{number(y)}" for x, y in filter(None, run))
            parts.append(
                tag("polyline", points=path, fill="none", stroke=theme.ACCENT, stroke_width=1.6)
            )
    if places and places[-1] is not None:
        x, y = places[-1]
        parts.append(tag("circle", cx=x, cy=y, r=3, fill=theme.ACCENT))
    return drawing(titles.name, WIDTH, HEIGHT, titles.title, titles.description, *parts)
