"""Reads a drawing as a strict reader would, and makes random things to draw."""

import math
import re
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from app.reports.charts.marks import Count, Goal, Mark, Titles

SVG = "{http://www.w3.org/2000/svg}"
#: Names that people give things: long, Chinese, hostile, empty.
NAMES = st.sampled_from(
    [
        "web", "", " ", "线下门店（华东区）客户服务与售后维修联合中心第十二分部", "a" * 300,
        "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "A & B", "]]>", "😀" * 40,
        "Very long name of a branch that nobody could ever fit into a column",
    ]
)  # fmt: skip
FIGURES = st.one_of(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(-1, 1, allow_nan=False),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-9, 100.0, -0.23]),
)


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    """A figure with or without a value and an interval."""
    value = draw(st.none() | FIGURES)
    low, high = None, None
    if value is not None and draw(st.booleans()):
        low, high = value - abs(draw(FIGURES)), value + abs(draw(FIGURES))
    return Mark(
        label=draw(NAMES), value=value, shown=draw(NAMES), low=low, high=high, under=draw(NAMES),
        note=draw(NAMES), told=draw(NAMES), withheld=draw(st.booleans()),
        partial=draw(st.booleans()),
    )  # fmt: skip


COUNTS = st.builds(
    Count, label=NAMES, n=st.integers(0, 10**9), share=st.floats(0, 1), shown=NAMES, told=NAMES,
    tone=st.sampled_from(["plain", "good", "middle", "bad"]),
)  # fmt: skip
GOALS = st.none() | st.builds(Goal, value=FIGURES, shown=NAMES)
TITLES = st.builds(Titles, name=st.just("k1"), title=NAMES, description=NAMES)


def tick(value: float, step: float) -> str:
    """A number at a tick."""
    return f"{value:,.{max(0, -math.floor(math.log10(step)))}f}"[:24]


def read(svg: str) -> ET.Element:
    """The drawing, parsed as XML; well-formed or the test fails."""
    return ET.fromstring(svg)  # noqa: S314 - our own text


def places(root: ET.Element) -> list[tuple[float, float]]:
    """Every coordinate of every shape and text."""
    found: list[tuple[float, float]] = []
    for element in root.iter():
        get = element.attrib.get
        if element.tag == f"{SVG}rect":
            x, y = float(get("x", "")), float(get("y", ""))
            found += [(x, y), (x + float(get("width", "")), y + float(get("height", "")))]
        elif element.tag == f"{SVG}line":
            found += [(float(get("x1", "")), float(get("y1", "")))]
            found += [(float(get("x2", "")), float(get("y2", "")))]
        elif element.tag == f"{SVG}circle":
            x, y, r = (float(get(name, "")) for name in ("cx", "cy", "r"))
            found += [(x - r, y - r), (x + r, y + r)]
        elif element.tag == f"{SVG}text":
            found.append((float(get("x", "")), float(get("y", ""))))
        elif element.tag in {f"{SVG}polyline", f"{SVG}polygon"}:
            for pair in get("points", "").split():
                x_text, y_text = pair.split(",")
                found.append((float(x_text), float(y_text)))
    return found


def wrong_with(svg: str) -> list[str]:
    """What is wrong with a drawing: not finite, outside its box, unlabelled, scripted."""
    root = read(svg)
    left, top, width, height = (float(each) for each in root.attrib["viewBox"].split())
    found = [
        f"{place} lies outside"
        for place in places(root)
        if not (left - 0.1 <= place[0] <= left + width + 0.1)
        or not (top - 0.1 <= place[1] <= top + height + 0.1)
    ]
    if re.search(r'="[^"]*(nan|inf)[^"]*"', re.sub(r">[^<]*<", "><", svg), re.IGNORECASE):
        found.append("a number is not finite")
    labels = root.attrib["aria-labelledby"].split()
    ids = {element.attrib.get("id") for element in root.iter()}
    if root.attrib.get("role") != "img" or not set(labels) <= ids:
        found.append("it is not labelled")
    known = {"svg", "title", "desc", "g", "rect", "line", "circle", "text", "polyline", "polygon"}
    found += [
        f"{element.tag} does not belong here"
        for element in root.iter()
        if element.tag.removeprefix(SVG) not in known
        or any(name.startswith("on") or name in {"style", "href"} for name in element.attrib)
    ]
    return found
