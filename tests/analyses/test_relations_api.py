"""Correlations, gaps, the loyalty matrix and the stated map over HTTP."""

import random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.analyses.asking import analyse, matrix, refused
from tests.conftest import Tenant
from tests.kpis.feedback import OCTOBER, sent, submit
from tests.responses.builders import publish

CSAT = {"type": "csat", "key": "csat"}
NPS = {"type": "nps", "key": "nps"}
SPEND = {"type": "number", "key": "spend"}


async def test_correlations_are_those_of_scipy(tenant: Tenant) -> None:
    """Each pair of its own responses, or of complete ones; n stated (oracles: scipy)."""
    survey = await publish(tenant, CSAT, NPS, SPEND)
    rng = random.Random(9)
    rows: list[dict[str, Any]] = []
    for number in range(80):
        score = rng.randint(1, 5)
        row: dict[str, Any] = {
            "csat": score,
            "nps": min(10, max(0, 2 * score + rng.randint(-3, 2))),
        }
        if number % 4:
            row["spend"] = round(rng.gauss(10 * score, 20), 2)
        rows.append(row)
    await submit(tenant, survey, [sent(row) for row in rows])
    ask = {"survey": survey, "items": ["csat", "nps", "spend"]}
    names = ["pearson", "spearman", "kendall"]
    found = await analyse(tenant, "correlation", **ask, coefficients=names)
    oracles = [stats.pearsonr, stats.spearmanr, stats.kendalltau]
    for pair in found["pairs"]:
        both = [r for r in rows if pair["first"] in r and pair["second"] in r]
        assert pair["n"] == len(both)
        xs, ys = ([r[pair[side]] for r in both] for side in ("first", "second"))
        for read, oracle in zip(pair["coefficients"], oracles, strict=True):
            expected = oracle(xs, ys)  # type: ignore[operator]
            effect = read["evidence"]["effects"][0]
            assert effect["value"] == pytest.approx(expected.statistic)
            assert read["evidence"]["p"] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
            assert effect["interval"]["low"] < effect["value"] < effect["interval"]["high"]
    listwise = await analyse(tenant, "correlation", **ask, missing="listwise")
    assert {pair["n"] for pair in listwise["pairs"]} == {60}
    twice = await refused(tenant, "correlation", **ask, coefficients=["pearson", "pearson"])
    assert twice[2] == [("/coefficients", "duplicate-item")]


async def test_gaps_are_of_the_same_respondents(tenant: Tenant) -> None:
    """Items, dimensions of several items and the overall mean of dimensions (brute force)."""
    codes = ("room", "staff", "price")
    survey = await publish(
        tenant, matrix("want", *codes, max=7), matrix("got", *codes, max=7), CSAT
    )
    rng = random.Random(3)
    rows = []
    for number in range(50):
        want = {code: rng.randint(4, 7) for code in codes}
        got = {code: rng.randint(2, 7) for code in codes}
        if number % 7 == 0:
            del got["price"]
        rows.append((want, got))
    await submit(tenant, survey, [sent({"want": want, "got": got}) for want, got in rows])
    dimensions = {"room": "tangible", "staff": "human", "price": "tangible"}
    items = [
        {"expectation": f"want.{code}", "perception": f"got.{code}", "dimension": dimension}
        for code, dimension in dimensions.items()
    ]
    found = await analyse(tenant, "expectation-perception", survey=survey, items=items)
    gaps = np.array([[got.get(c, np.nan) - want[c] for c in codes] for want, got in rows])
    for place, item in enumerate(found["items"]):
        own = gaps[~np.isnan(gaps[:, place]), place]
        assert (item["n"], item["gap"]) == (len(own), pytest.approx(own.mean()))
        expected = stats.ttest_1samp(own, 0)
        assert item["evidence"]["p"] == pytest.approx(expected.pvalue, rel=1e-6)
    whole = gaps[~np.isnan(gaps).any(axis=1)]
    tangible = whole[:, [0, 2]].mean(axis=1)
    by_name = {each["dimension"]: each for each in found["dimensions"]}
    assert by_name["tangible"]["gap"] == pytest.approx(tangible.mean())
    assert by_name["tangible"]["standard_deviation"] == pytest.approx(tangible.std(ddof=1))
    overall = (tangible + whole[:, 1]) / 2
    assert found["overall"]["n"] == len(whole)
    assert found["overall"]["gap"] == pytest.approx(overall.mean())
    assert found["overall"]["evidence"]["statistic"] == pytest.approx(
        stats.ttest_1samp(overall, 0).statistic
    )
    other = [{"expectation": "want.room", "perception": "csat"}]
    assert (await refused(tenant, "expectation-perception", survey=survey, items=other))[2] == [
        ("/items/0/perception", "invalid-value")
    ]
    half = [items[0], {k: v for k, v in items[1].items() if k != "dimension"}]
    assert (await refused(tenant, "expectation-perception", survey=survey, items=half))[2] == [
        ("/items/1/dimension", "missing-field")
    ]


async def _loyalty(tenant: Tenant) -> tuple[str, dict[str, Any], list[tuple[int, int]]]:
    survey = await publish(tenant, CSAT, NPS)
    rng = random.Random(5)
    rows = [(rng.randint(1, 5), rng.randint(0, 10)) for _ in range(70)]
    await submit(
        tenant,
        survey,
        [
            sent({"csat": x, "nps": y}, customer=f"c{number % 60:02}" if number < 65 else None)
            for number, (x, y) in enumerate(rows)
        ],
    )
    ask = {"survey": survey, "satisfaction": {"item": "csat"}, "loyalty": {"item": "nps"}}
    return survey, ask, rows


async def test_the_loyalty_matrix(tenant: Tenant) -> None:
    """Cells of two and of three zones equal a recount; cuts are named and can be given."""
    _, ask, rows = await _loyalty(tenant)
    found = await analyse(tenant, "satisfaction-loyalty", **ask)
    counts = {each["zone"]: each["n"] for each in found["cells"]}
    assert counts == {
        "loyalist": sum(x >= 4 and y >= 9 for x, y in rows),
        "mercenary": sum(x >= 4 and y < 9 for x, y in rows),
        "hostage": sum(x < 4 and y >= 9 for x, y in rows),
        "defector": sum(x < 4 and y < 9 for x, y in rows),
    }
    assert (found["n"], found["satisfaction"]["high"]) == (70, [4, 5])
    assert sum(each["share"] for each in found["cells"]) == pytest.approx(1)
    three = ask | {"zones": 3, "satisfaction": {"item": "csat", "low": [1, 2]}}
    cells = (await analyse(tenant, "satisfaction-loyalty", **three))["cells"]
    middle = next(c for c in cells if c["satisfaction"] == c["loyalty"] == "indifferent")
    assert (len(cells), middle["zone"]) == (9, None)
    assert middle["n"] == sum(x == 3 and y in {7, 8} for x, y in rows)
    for axis, pointer, code in (
        ({"item": "csat", "high": [4, 6]}, "/satisfaction/high/1", "number-out-of-range"),
        ({"item": "csat", "low": [1]}, "/satisfaction/low", "unknown-field"),
        ({"item": "nps"}, "/loyalty/item", "duplicate-item"),
    ):
        refusal = await refused(tenant, "satisfaction-loyalty", **ask | {"satisfaction": axis})
        assert refusal[2] == [(pointer, code)]
    missing = await refused(tenant, "satisfaction-loyalty", **ask | {"zones": 3})
    assert missing[2] == [("/satisfaction/low", "missing-field")]


async def test_the_customers_of_a_cell(tenant: Tenant) -> None:
    """Page by page, each customer once, and only with the scope to read responses."""
    _, ask, rows = await _loyalty(tenant)
    cell = {"satisfaction": "low", "loyalty": "low"}
    expected = sorted(
        {f"c{n % 60:02}" for n, (x, y) in enumerate(rows) if n < 65 and x < 4 and y < 9}
    )
    path = "/v1/analyses/satisfaction-loyalty/customers"
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": "7"} | ({"cursor": cursor} if cursor else {})
        answer = await tenant.client.post(path, json=OCTOBER | ask | {"cell": cell}, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [each["customer"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == expected


async def test_small_cells_of_the_matrix_are_withheld(careful: Tenant) -> None:
    """A cell of two hides, and the smallest other with it; too few in all tell nothing."""
    survey = await publish(careful, CSAT, NPS)
    rows = [(5, 10)] * 12 + [(5, 3)] * 9 + [(1, 1)] * 7 + [(1, 10)] * 2
    await submit(careful, survey, [sent({"csat": x, "nps": y}) for x, y in rows])
    ask = {"survey": survey, "satisfaction": {"item": "csat"}, "loyalty": {"item": "nps"}}
    found = await analyse(careful, "satisfaction-loyalty", **ask)
    assert {each["zone"]: each["n"] for each in found["cells"]} == {
        "loyalist": 12, "mercenary": 9, "hostage": None, "defector": None,
    }  # fmt: skip


async def test_the_stated_map(tenant: Tenant) -> None:
    """Quadrants where both intervals allow them, `undetermined` where not (brute force)."""
    codes = ("a", "b", "c")
    survey = await publish(tenant, matrix("good", *codes), matrix("weighs", *codes))
    rng = random.Random(12)
    centres = {"good": (4.6, 1.4, 3.0), "weighs": (4.5, 4.6, 1.3)}
    rows = [
        {
            side: {
                code: min(5, max(1, round(rng.gauss(centre, 0.8))))
                for code, centre in zip(codes, places, strict=True)
            }
            for side, places in centres.items()
        }
        for _ in range(60)
    ]
    await submit(tenant, survey, [sent(row) for row in rows])
    items = [{"performance": f"good.{code}", "importance": f"weighs.{code}"} for code in codes]
    found = await analyse(tenant, "importance-performance", survey=survey, items=items)
    good = np.array([[(row["good"][code] - 1) * 25 for code in codes] for row in rows])
    expected = good - good.mean(axis=1, keepdims=True)
    for place, point in enumerate(found["points"]):
        limits = stats.ttest_1samp(expected[:, place], 0).confidence_interval()
        distance = point["performance_distance"]
        assert distance["value"] == pytest.approx(expected[:, place].mean())
        assert distance["interval"]["low"] == pytest.approx(limits.low)
        assert distance["interval"]["high"] == pytest.approx(limits.high)
    assert [point["quadrant"] for point in found["points"]][:2] == ["keep_up", "concentrate_here"]
    assert found["points"][2]["quadrant"] == "undetermined"
    assert found["cut"]["performance"] == pytest.approx(good.mean())
    median = await analyse(
        tenant, "importance-performance", survey=survey, items=items, crosshair="median"
    )
    assert median["cut"]["performance"] == pytest.approx(np.median(good.mean(axis=0)))
    assert median["points"][2]["performance_distance"]["value"] == 0
    middle = await analyse(
        tenant, "importance-performance", survey=survey, items=items, crosshair="scale_midpoint"
    )
    assert middle["cut"] == {"performance": 50, "importance": 50}
