"""CDNOW (Fader, Hardie and Lee, 2005): every KPI of customers, recomputed from the log."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.acceptance import oracle
from tests.acceptance.bodies import Json
from tests.acceptance.loads import Loaded
from tests.acceptance.oracle import agrees, near
from tests.acceptance.shop import DAY, Shop, month, shop
from tests.acceptance.sources import NEW_YORK, purchases

MONTHS = 18


def _period(start: date, end: date) -> dict[str, str]:
    return {"from_": str(start), "to": str(end)}


async def test_the_log_arrives_whole(loaded: Loaded) -> None:
    """6,919 transactions of 2,357 customers on 6,696 customer-days (published), to the cent."""
    assert len(purchases()) == 6_919
    assert loaded.reports["orders"]["created"] == 6_919
    stored = await loaded.everything("orders", to="1999-01-01T00:00:00-05:00")
    assert len(stored) == 6_919
    assert len({each["customer"] for each in stored}) == 2_357
    days = {
        (each["customer"], datetime.fromisoformat(each["ordered_at"]).astimezone(NEW_YORK).date())
        for each in stored
    }
    assert days == {(each.customer, each.day) for each in purchases()}
    assert len(days) == 6_696
    assert sum(Decimal(each["amount"]) for each in stored) == sum(
        each.amount for each in purchases()
    )
    assert sum(each["amount"] == "0.00" for each in stored) == 8


async def test_customers_keep_what_they_were_sent_with(loaded: Loaded) -> None:
    """2,357 customers with their segments; ids with leading zeros are still text."""
    stored = await loaded.everything("customers")
    assert len(stored) == 2_357
    assert {each["external_id"]: each["segment"] for each in stored} == {
        name: f"{min(own):%Y-%m}" for name, own in shop().days.items()
    }
    masters = {each.customer: each.master_id for each in purchases()}
    assert {each["external_id"]: each["attributes"]["master_id"] for each in stored} == masters
    found = await loaded.everything("segments")
    assert {each["segment"]: each["customers"] for each in found} == {
        segment: len(names) for segment, names in shop().segments().items()
    }


def _sets(shop: Shop, start: date, end: date, window: int) -> dict[str, set[str]]:
    before = shop.active(start - window * DAY, start)
    after = shop.active(end - window * DAY, end)
    new = (after - before) - shop.known(start)
    return {"S": before, "E": after, "N": new, "retained": before & after,
            "reactivated": after - before - new}  # fmt: skip


def _retained(found: Json, sets: Mapping[str, set[str]]) -> None:
    size = {name: len(members) for name, members in sets.items()}
    assert size["E"] == size["retained"] + size["N"] + size["reactivated"]
    agrees(
        found,
        value=oracle.ratio(size["retained"], size["S"]),
        numerator={name: n for name, n in size.items() if name != "S"},
        denominator={"S": size["S"]},
        interval=oracle.wilson(size["retained"], size["S"]),
        method="wilson",
    )
    classic = found["components"]["classic"]["value"]
    assert classic == near(oracle.ratio(size["E"] - size["N"], size["S"]))


@pytest.mark.parametrize("window", [30, 90, 365])
async def test_retention_of_every_month(loaded: Loaded, window: int) -> None:
    """S, E, N, retained and reactivated are sets of customers; so is (E - N) / S beside them."""
    found = await loaded.kpi(
        "retention/trend", **_period(month(0), month(MONTHS)), grain="month", window_days=window
    )
    assert len(found["points"]) == MONTHS
    for number, point in enumerate(found["points"]):
        _retained(point, _sets(shop(), month(number), month(number + 1), window))


async def test_retention_against_the_month_before(loaded: Loaded) -> None:
    """October 1997 is compared with September by Newcombe's method."""
    found = await loaded.kpi("retention", **_period(month(9), month(10)))
    now = _sets(shop(), month(9), month(10), 90)
    before = _sets(shop(), month(8), month(9), 90)
    _retained(found, now)
    shares = [(len(each["retained"]), len(each["S"])) for each in (now, before)]
    assert found["previous"]["value"] == near(oracle.ratio(*shares[1]))
    oracle.agrees_on_change(found["previous"], oracle.newcombe(*shares), "newcombe")


async def test_retention_of_segments(loaded: Loaded) -> None:
    """By month of the first purchase, compared and filtered alike, with Holm's adjustment."""
    period = _period(month(6), month(9))
    found = await loaded.kpi("retention/compare", **period, group_by="segment")
    shares = {}
    assert {group["member"] for group in found["groups"]} == set(shop().segments())
    for group in found["groups"]:
        own = shop().of(shop().segments()[group["member"]])
        sets = _sets(own, month(6), month(9), 90)
        _retained(group, sets)
        shares[group["member"]] = (len(sets["retained"]), len(sets["S"]))
        alone = await loaded.kpi("retention", **period, segment=group["member"], compare="none")
        assert {name: alone[name] for name in ("value", "n", "numerator", "interval")} == {
            name: group[name] for name in ("value", "n", "numerator", "interval")
        }
    oracle.agrees_on_pairs(found, shares, oracle.newcombe, "newcombe")


@pytest.mark.parametrize("kind", ["exact", "rolling", "bounded_by"])
async def test_cohorts_of_months(loaded: Loaded, kind: str) -> None:
    """Of the three cohorts, who is active k calendar months later; column means by sums."""
    found = await loaded.kpi(
        "retention/cohorts", **_period(month(0), month(3)), grain="month", periods=16, type=kind
    )
    totals: dict[int, list[int]] = {}
    assert [row["start"] for row in found["cohorts"]] == [str(month(each)) for each in range(3)]
    for number, row in enumerate(found["cohorts"]):
        members = shop().gained(month(number), month(number + 1))
        assert (row["size"], len(row["cells"])) == (len(members), 16)
        for k, cell in enumerate(row["cells"]):
            first = {"exact": number + k, "rolling": number + k, "bounded_by": number + 1}[kind]
            end = date.max if kind == "rolling" else month(number + k + 1)
            active = len(members & shop().active(month(first), end)) if k else len(members)
            assert (cell["k"], cell["active"], cell["complete"]) == (k, active, True)
            assert cell["rate"] == near(oracle.ratio(active, len(members)))
            limits = oracle.wilson(active, len(members))
            oracle.agrees_on_limits(cell["interval"], limits, "wilson")
            total = totals.setdefault(k, [0, 0])
            total[0] += active
            total[1] += len(members)
    assert [(each["active"], each["size"]) for each in found["mean"]] == [
        tuple(total) for total in totals.values()
    ]
    assert [each["rate"] for each in found["mean"]] == [
        near(oracle.ratio(*total)) for total in totals.values()
    ]


@pytest.mark.parametrize(("grain", "step"), [("month", 1), ("quarter", 3), ("year", 12)])
async def test_repeat_purchases(loaded: Loaded, grain: str, step: int) -> None:
    """Buyers on two or more local days of all buyers; lines of one day are one purchase."""
    end = 24 if grain == "year" else MONTHS
    found = await loaded.kpi(
        "repeat-purchase-rate/trend", **_period(month(0), month(end)), grain=grain
    )
    assert len(found["points"]) == end // step
    for number, point in enumerate(found["points"]):
        span = month(number * step), month((number + 1) * step)
        buyers, again = shop().active(*span), shop().repeating(*span)
        agrees(
            point,
            value=oracle.ratio(len(again), len(buyers)),
            numerator={"repeat_buyers": len(again)},
            denominator={"buyers": len(buyers)},
            interval=oracle.wilson(len(again), len(buyers)),
            method="wilson",
        )


async def test_acquisition(loaded: Loaded) -> None:
    """All 2,357 were gained in the first quarter of 1997, none of them from nothing."""
    found = await loaded.kpi("acquisition/trend", **_period(month(0), month(MONTHS)), grain="month")
    for number, point in enumerate(found["points"]):
        new = len(shop().gained(month(number), month(number + 1)))
        there = len(shop().known(month(number)))
        agrees(
            point,
            value=oracle.ratio(new, there),
            numerator={"new_customers": new},
            denominator={"customers_at_start": there},
            interval=oracle.garwood(new, there),
            method="garwood",
        )
    assert sum(point["numerator"]["new_customers"] for point in found["points"]) == 2_357


async def test_acquisition_against_the_month_before(loaded: Loaded) -> None:
    """March 1997 is compared with February as two Poisson rates."""
    found = await loaded.kpi("acquisition", **_period(month(2), month(3)))
    counts = [
        (len(shop().gained(month(each), month(each + 1))), len(shop().known(month(each))))
        for each in (2, 1)
    ]
    assert found["value"] == near(oracle.ratio(*counts[0]))
    tested = oracle.rates(counts[0], counts[1])
    oracle.agrees_on_change(found["previous"], tested, "poisson_conditional_exact", "mover_garwood")


async def test_acquisition_by_channel(loaded: Loaded) -> None:
    """The log names no channel: there is one group, of those who have none."""
    found = await loaded.kpi(
        "acquisition/compare", **_period(month(0), month(3)), group_by="channel"
    )
    (group,) = found["groups"]
    assert (group["member"], group["numerator"]) == ("", {"new_customers": 2_357})
    assert group["reason"] == "empty_denominator"
