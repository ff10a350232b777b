"""How far complaints about orders have come: the chain-ladder method, and the rate over HTTP."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import Database
from app.kpis.complaint_development import Development, develop
from app.purchases.tasks import fold_all as fold_purchases
from tests.conftest import Tenant

#: Taylor and Ashe (1983), as printed by Mack (1993): incremental claims by year of origin.
TAYLOR_ASHE = (
    (357848, 766940, 610542, 482940, 527326, 574398, 146342, 139950, 227229, 67948),
    (352118, 884021, 933894, 1183289, 445745, 320996, 527804, 266172, 425046),
    (290507, 1001799, 926219, 1016654, 750816, 146923, 495992, 280405),
    (310608, 1108250, 776189, 1562400, 272482, 352053, 206286),
    (443160, 693190, 991983, 769488, 504851, 470639),
    (396132, 937085, 847498, 805037, 705960),
    (440832, 847631, 1131398, 1063269),
    (359480, 1061648, 1443370),
    (376686, 986608),
    (344014,),
)
#: The reserve of all years that the chain-ladder method gives for them (Mack 1993, table 1), in
#: thousands.
RESERVE = 18_681


def test_the_published_triangle() -> None:
    """What is still to come after Taylor and Ashe's ten years, as Mack printed it."""
    ages = range(len(TAYLOR_ASHE) - 1, -1, -1)
    triangle = {
        (age, lag): amount
        for age, row in zip(ages, TAYLOR_ASHE, strict=True)
        for lag, amount in enumerate(row)
    }
    within = develop(triangle)
    to_come = sum(
        sum(row) / within[age] - sum(row) for age, row in zip(ages, TAYLOR_ASHE, strict=True)
    )
    assert round(to_come / 1_000) == RESERVE
    assert within[0] / within[1] == pytest.approx(1 / 3.4906, rel=1e-4)


@st.composite
def triangles(draw: st.DrawFn) -> dict[tuple[int, int], int]:
    """Complaints by age and lag; none came later than its order is old."""
    ages = draw(st.lists(st.integers(0, 12), max_size=30))
    pairs = [(age, draw(st.integers(0, age))) for age in ages]
    return {pair: pairs.count(pair) for pair in pairs}


@given(triangles())
def test_shares_are_products_of_ratios_of_what_was_known(
    triangle: dict[tuple[int, int], int],
) -> None:
    """Day by day from the definition, with no running sums; shares ascend to 1."""
    within = develop(triangle)
    last = max((lag for _, lag in triangle), default=-1)
    assert len(within) == last + 1
    for day, share in enumerate(within):
        expected = 1.0
        for later in range(day + 1, last + 1):
            old = {key: n for key, n in triangle.items() if key[0] >= later}
            before = sum(n for (_, lag), n in old.items() if lag < later)
            by_then = sum(n for (_, lag), n in old.items() if lag <= later)
            expected *= before / by_then if by_then else 1.0
        assert share == pytest.approx(expected)
    assert within == sorted(within)
    assert within[-1:] in ([], [1.0])


def test_a_young_order_has_had_a_share_and_an_old_one_all() -> None:
    """Half come on the day itself, the others on the next: after that nothing more."""
    found = Development([0.5, 1.0], date(2026, 11, 22))
    days = (date(2026, 11, 23), date(2026, 11, 22), date(2026, 11, 21), date(2020, 1, 1))
    assert [found.share(day) for day in days] == [0.5, 0.5, 1.0, 1.0]
    assert found.since == date(2026, 11, 21)


async def _order(tenant: Tenant, id_: str, day: date) -> None:
    body = {"customer": "a", "ordered_on": str(day), "amount": "10.00", "currency": "CNY"}
    answer = await tenant.client.put(f"/v1/orders/{id_}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def _complain(tenant: Tenant, order: str, day: date) -> None:
    told = {"kind": "complaint", "channel": "phone", "description": "It broke.", "order": order}
    body = told | dict.fromkeys(("occurred_at", "received_at"), f"{day}T09:00:00+08:00")
    answer = await tenant.client.post("/v1/complaints", json=body)
    assert answer.status_code == 201, answer.text


async def test_the_rate_by_orders_says_how_far_it_has_come(
    tenant: Tenant, database: Database
) -> None:
    """Of old orders half complained at once and half ten days later: today's have had a half.

    The same from the orders and from what is kept of them.
    """
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    old = today - timedelta(days=60)
    for number in range(4):
        await _order(tenant, f"old{number}", old)
        await _order(tenant, f"new{number}", today - timedelta(days=1))
    await _complain(tenant, "old0", old)
    await _complain(tenant, "old1", old + timedelta(days=10))
    await _complain(tenant, "nothing", today - timedelta(days=1))
    path, asked = "/v1/kpis/complaint-rate", {"attribution": "order", "compare": "none"}
    day = timedelta(days=1)
    before = (
        await tenant.client.get(path, params={"from": str(old), "to": str(old + day)} | asked)
    ).json()
    assert (before["value"], before["n"], before["warnings"]) == (500.0, 4, ["few_answers"])
    assert before["components"]["development"]["value"] == 1.0
    assert before["components"]["expected"]["value"] == 500.0
    await _complain(tenant, "new0", today - day)
    young = (
        await tenant.client.get(path, params={"from": str(today - day), "to": str(today)} | asked)
    ).json()
    assert (young["value"], young["n"]) == (250.0, 4)
    assert young["excluded"]["without_known_order"] == 1
    assert "complaints_to_come" in young["warnings"]
    assert young["components"]["development"]["value"] == pytest.approx(0.5)
    assert young["components"]["expected"]["value"] == pytest.approx(500.0)
    interval, wider = young["interval"], young["components"]["expected"]["interval"]
    assert wider["high"] == pytest.approx(2 * interval["high"])
    while await fold_purchases(database):
        pass
    kept = (
        await tenant.client.get(path, params={"from": str(today - day), "to": str(today)} | asked)
    ).json()
    assert (kept["value"], kept["components"]) == (young["value"], young["components"])
    by_occurrence = (
        await tenant.client.get(
            path, params={"from": str(today - day), "to": str(today), "compare": "none"}
        )
    ).json()
    assert by_occurrence["numerator"] == {"complaints": 2}
    assert by_occurrence["components"] == {}
