"""CDNOW: lifetime values, recomputed from the log in exact decimals."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from tests.acceptance import oracle
from tests.acceptance.bodies import Json
from tests.acceptance.loads import Loaded
from tests.acceptance.oracle import agrees, near
from tests.acceptance.shop import month, shop

END = date(1997, 10, 1)
"""The end of the 39 weeks on which the published models are fitted."""


def _agrees(found: Json, spent: Sequence[Decimal], margin: Decimal = Decimal(1)) -> None:
    values = [float(each * margin) for each in spent]
    agrees(
        found,
        value=float(sum(spent) * margin / len(spent)),
        denominator={"customers": len(spent)},
        interval=oracle.student(values),
        method="t",
    )
    assert found["currency"] == "USD"
    assert found["numerator"]["value"] == near(float(sum(spent) * margin))


def _agrees_on_spread(found: Json, spent: Sequence[Decimal], margin: float = 1.0) -> None:
    parts = {name: part["value"] for name, part in found["components"].items()}
    cuts = oracle.deciles([float(each) * margin for each in spent])
    assert parts["sum"] == near(float(sum(spent)) * margin)
    assert parts["median"] == near(cuts[4])
    assert [parts[f"decile_{number}"] for number in range(1, 10)] == [near(cut) for cut in cuts]


async def test_lifetime_value(loaded: Loaded) -> None:
    """Sum, mean, interval, median and deciles of 39 weeks, and Welch's test of the last quarter."""
    found = await loaded.kpi("lifetime-value", from_="1997-07-01", to=str(END))
    now, before = (shop().spent(shop().known(end), end) for end in (END, date(1997, 7, 1)))
    assert len(now) == 2_357
    _agrees(found, now)
    _agrees_on_spread(found, now)
    change = found["previous"]
    assert (change["value"], change["n"]) == (near(float(sum(before) / len(before))), len(before))
    oracle.agrees_on_change(
        change, oracle.welch([*map(float, now)], [*map(float, before)]), "welch"
    )


async def test_lifetime_value_of_the_whole_log(loaded: Loaded) -> None:
    """All 18 months; customers whose orders cost nothing are customers too."""
    found = await loaded.kpi("lifetime-value", from_="1997-01-01", to="1998-07-01", compare="none")
    spent = shop().spent(shop().days, date(1998, 7, 1))
    _agrees(found, spent)
    _agrees_on_spread(found, spent)


async def test_lifetime_value_with_a_margin(loaded: Loaded) -> None:
    """A margin of 30 % scales the money and nothing else."""
    found = await loaded.kpi(
        "lifetime-value", from_="1997-07-01", to=str(END), margin=30, compare="none"
    )
    spent = shop().spent(shop().known(END), END)
    _agrees(found, spent, Decimal("0.3"))
    _agrees_on_spread(found, spent, 0.3)


async def test_lifetime_value_of_who_was_acquired(loaded: Loaded) -> None:
    """`acquired` takes those whose first purchase lies in the period, up to its end."""
    found = await loaded.kpi(
        "lifetime-value/trend",
        from_="1997-01-01",
        to="1997-04-01",
        grain="month",
        cohort="acquired",
    )
    for number, point in enumerate(found["points"]):
        names = shop().gained(month(number), month(number + 1))
        _agrees(point, shop().spent(names, month(number + 1)))


async def test_lifetime_value_of_segments(loaded: Loaded) -> None:
    """The three cohorts, each pair by Welch's test with Holm's adjustment."""
    found = await loaded.kpi(
        "lifetime-value/compare", from_="1997-07-01", to=str(END), group_by="segment"
    )
    spent = {name: shop().spent(own, END) for name, own in shop().segments().items()}
    assert {group["member"] for group in found["groups"]} == set(spent)
    for group in found["groups"]:
        _agrees(group, spent[group["member"]])
        _agrees_on_spread(group, spent[group["member"]])
    paid = {name: [*map(float, own)] for name, own in spent.items()}
    oracle.agrees_on_pairs(found, paid, oracle.welch, "welch")
