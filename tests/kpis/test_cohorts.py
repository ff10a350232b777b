"""The cohort matrix: random shops and real purchases against counting by hand; over HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database
from app.http.pagination import PageRequest
from app.kpis.calendar_units import add_units, unit_start
from app.kpis.cohort_members import list_cohort_customers
from app.kpis.cohorts import (
    CohortBy,
    CohortGrain,
    CohortType,
    Mean,
    MeanOf,
    Wanted,
    measure_cohorts,
    widened,
)
from app.kpis.periods import Period, day_starts_at, local_date
from app.kpis.proportions import Share, wilson
from app.purchases.fold import fold
from tests.conftest import Tenant
from tests.kpis.shops import ZONE, Payback, Sale, Shop, opened, shops

#: A customer's units by their first days.
Histories = Mapping[str, set[date]]


def _histories(shop: Shop, grain: CohortGrain, now: datetime) -> Histories:
    units: dict[str, set[date]] = {}
    for sale in shop.sales:
        if sale.stands(now):
            day = unit_start(local_date(sale.at, ZONE), grain)
            units.setdefault(sale.customer, set()).add(day)
    return units


def _active_by_hand(
    histories: Histories, cohort: date, grain: CohortGrain, type_: CohortType, k: int
) -> int:
    """Customers of a cohort whose purchases say that they are active at k."""
    at = add_units(cohort, grain, k)

    def counts(units: Iterable[date]) -> bool:
        if k == 0:
            return True
        if type_ == "exact":
            return at in units
        if type_ == "rolling":
            return any(unit >= at for unit in units)
        return any(cohort < unit <= at for unit in units)

    return sum(min(units) == cohort and counts(units) for units in histories.values())


@settings(max_examples=40, deadline=None)
@given(
    shop=shops(),
    start=st.dates(date(2018, 8, 1), date(2018, 12, 1)),
    days=st.integers(1, 100),
    hours=st.integers(0, 24 * 150),
    grain=st.sampled_from(get_args(CohortGrain)),
    columns=st.integers(1, 8),
    type_=st.sampled_from(get_args(CohortType)),
    mean=st.sampled_from(get_args(MeanOf)),
    by=st.sampled_from(get_args(CohortBy)),
    distance=st.integers(0, 7),
)
async def test_the_matrix_equals_sets_of_customers(
    database: Database,
    shop: Shop,
    start: date,
    days: int,
    hours: int,
    grain: CohortGrain,
    columns: int,
    type_: CohortType,
    mean: MeanOf,
    by: CohortBy,
    distance: int,
) -> None:
    """Every cell and mean is that of plain sets, for each type, at any moment.

    What is kept of purchases tells the same as the orders, money and the customers of a cell too.
    """
    now = datetime(2018, 8, 20, tzinfo=UTC) + timedelta(hours=hours)
    period = widened(Period(start, start + timedelta(days=days), ZONE), grain)
    async with opened(database, shop) as (session, scope):
        wanted = Wanted(scope, period, grain, columns, type_, mean, now)
        behind = replace(wanted, columns=distance + 1)
        paging = PageRequest(limit=50, cursor=None)
        matrix = await measure_cohorts(session, wanted)
        priced = await measure_cohorts(session, replace(wanted, by=by))
        listed = await list_cohort_customers(session, behind, distance, paging)
        while await fold(session, scope.workspace_id):
            pass
        assert matrix == await measure_cohorts(session, wanted)
        assert priced == await measure_cohorts(session, replace(wanted, by=by))
        assert listed == await list_cohort_customers(session, behind, distance, paging)
        if matrix.cohorts and distance < len(matrix.cohorts[0].cells):
            assert len(listed[0]) == matrix.cohorts[0].cells[distance].active
    histories = _histories(shop, grain, now)
    columns_by_hand: dict[int, list[Fraction]] = {k: [] for k in range(columns)}
    starts = [each.start for each in matrix.cohorts]
    assert starts == _begun(period, grain, now)
    for cohort in matrix.cohorts:
        assert cohort.size == _active_by_hand(histories, cohort.start, grain, type_, 0)
        for k in range(columns):
            unit = add_units(cohort.start, grain, k)
            begun = day_starts_at(unit, ZONE) <= now
            assert (k < len(cohort.cells)) == begun
            if begun:
                cell = cohort.cells[k]
                active = _active_by_hand(histories, cohort.start, grain, type_, k)
                assert (cell.k, cell.active) == (k, active)
                assert cell.rate == (active / cohort.size if cohort.size else None)
                assert cell.interval == wilson(Share(active, cohort.size))
                assert cell.complete == (day_starts_at(add_units(unit, grain, 1), ZONE) <= now)
                if cell.complete and cohort.size:
                    columns_by_hand[k].append(Fraction(active, cohort.size))
    _means_agree(matrix.means, columns_by_hand, mean)
    start_at = period.starts_at
    assert matrix.refunded_orders == (shop.refunded(start_at, now) if starts else 0)


def _begun(period: Period, grain: CohortGrain, now: datetime) -> list[date]:
    starts = []
    day = period.start
    while day < period.end and day_starts_at(day, ZONE) <= now:
        starts.append(day)
        day = add_units(day, grain, 1)
    return starts


def _means_agree(
    means: Sequence[Mean], by_hand: Mapping[int, list[Fraction]], mean: MeanOf
) -> None:
    for column in means:
        shares = by_hand[column.k]
        assert column.cohorts == len(shares)
        if not shares:
            assert (column.rate, column.interval) == (None, None)
        elif mean == "simple":
            assert column.rate == pytest.approx(float(sum(shares) / len(shares)))
            assert column.interval is None
        else:
            assert column.rate == column.active / column.size
            assert column.interval == wilson(Share(column.active, column.size))


async def test_a_refund_counts_from_its_own_instant_on(database: Database) -> None:
    """At the instant of its full refund an order still stands; one later it is no purchase."""
    at = datetime(2018, 10, 5, 15, tzinfo=UTC)
    back = datetime(2018, 11, 1, 12, tzinfo=UTC)
    shop = Shop([Sale("c0", at, Decimal(10), (Payback(back, Decimal(10)),))])
    period = widened(Period(date(2018, 10, 1), date(2018, 11, 1), ZONE), "month")
    async with opened(database, shop) as (session, scope):
        for now, size in ((back, 1), (back + datetime.resolution, 0)):
            wanted = Wanted(scope, period, "month", 1, "exact", "weighted", now)
            matrix = await measure_cohorts(session, wanted)
            assert matrix.cohorts[0].size == size
            assert matrix.refunded_orders == 1 - size


async def _order(tenant: Tenant, id_: str, customer: str, day: str) -> None:
    body = {"customer": customer, "ordered_on": day, "amount": "10.00", "currency": "CNY"}
    answer = await tenant.client.put(f"/v1/orders/{id_}", json=body)
    assert answer.status_code in {200, 201}, answer.text


async def _matrix(tenant: Tenant, **query: str) -> dict[str, Any]:
    answer = await tenant.client.get("/v1/kpis/retention/cohorts", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_matrix_over_http(tenant: Tenant) -> None:
    """A month without purchases shifts nothing; zeros count in the mean, empty cohorts do not."""
    for number, (customer, day) in enumerate(
        [
            ("a", "2026-01-15"),
            ("a", "2026-03-02"),
            ("b", "2026-01-20"),
            ("c", "2026-03-31"),
        ]
    ):
        await _order(tenant, f"o{number}", customer, day)
    query = {"from": "2026-01-10", "to": "2026-03-20", "periods": "3"}
    found = await _matrix(tenant, **query)
    assert found["kpi"] == "retention"
    assert found["period"].pop("restated_at") is not None
    assert found["period"] == {
        "from": "2026-01-01", "to": "2026-04-01", "tz": "Asia/Shanghai", "complete": True
    }  # fmt: skip
    assert [each["start"] for each in found["cohorts"]] == [
        "2026-01-01", "2026-02-01", "2026-03-01"
    ]  # fmt: skip
    assert [each["size"] for each in found["cohorts"]] == [2, 0, 1]
    assert [cell["active"] for cell in found["cohorts"][0]["cells"]] == [2, 0, 1]
    assert [cell["rate"] for cell in found["cohorts"][1]["cells"]] == [None, None, None]
    assert [each["rate"] for each in found["mean"]] == [1.0, 0.0, 1 / 3]
    assert [each["cohorts"] for each in found["mean"]] == [2, 2, 2]
    simple = await _matrix(tenant, **query, mean="simple")
    assert [each["rate"] for each in simple["mean"]] == [1.0, 0.0, 0.25]
    rolling = await _matrix(tenant, **query, type="rolling")
    assert [cell["active"] for cell in rolling["cohorts"][0]["cells"]] == [2, 1, 1]


async def test_the_matrix_has_a_default_period(tenant: Tenant) -> None:
    """Without dates it shows the last twelve months; the running one is not complete."""
    found = await _matrix(tenant)
    assert len(found["cohorts"]) == 12
    assert found["cohorts"][-1]["cells"][0]["complete"] is False
    assert len(found["cohorts"][0]["cells"]) == 12
    assert len((await _matrix(tenant, grain="year"))["cohorts"]) == 5


async def test_the_matrix_is_filtered_by_what_customers_are(tenant: Tenant) -> None:
    """Segment, channel of acquisition and key-account type select customers."""
    facts = {"segment": "gold", "acquisition_channel": "web", "key_account_type": "group"}
    await tenant.client.put("/v1/customers/a", json=facts)
    await _order(tenant, "o1", "a", "2026-01-15")
    await _order(tenant, "o2", "b", "2026-01-15")
    period = {"from": "2026-01-01", "to": "2026-02-01", "periods": "1"}
    for query in (
        {"segment": "gold"},
        {"channel": "web"},
        {"filter": "key_account_type:group"},
        {"filter": "key_account_type:"},
    ):
        found = await _matrix(tenant, **period, **query)
        assert [each["size"] for each in found["cohorts"]] == [1]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"from": "2026-02-01", "to": "2026-01-01"}, "?from"),
        ({"from": "2020-01-01", "to": "2026-01-01", "grain": "week"}, "?from"),
        ({"periods": "0"}, "?periods"),
        ({"grain": "day"}, "?grain"),
        ({"filter": "method:call"}, "?filter"),
        ({"horizon": "3"}, "?horizon"),
        ({"from": "1990-01-01", "to": "2005-01-01", "grain": "year"}, "?from"),
        ({"tz": "Mars/Olympus"}, "?tz"),
    ],
)
async def test_what_the_matrix_cannot_show_is_refused(
    tenant: Tenant, query: dict[str, str], pointer: str
) -> None:
    """A parameter that cannot be honoured is 422 with its name, never ignored."""
    answer = await tenant.client.get("/v1/kpis/retention/cohorts", params=query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_revenue_and_the_customers_behind_a_cell_over_http(tenant: Tenant) -> None:
    """By revenue a cell is money over the first unit's; its customers are listed in pages."""
    for number, (customer, day) in enumerate(
        [("a", "2026-01-15"), ("a", "2026-03-02"), ("b", "2026-01-20"), ("b", "2026-03-09")]
    ):
        await _order(tenant, f"o{number}", customer, day)
    refund = {"external_id": "r1", "amount": "4.00", "refunded_at": "2026-03-20T10:00:00+08:00"}
    await tenant.client.post("/v1/orders/o1/refunds", json=refund)
    query = {"from": "2026-01-01", "to": "2026-02-01", "periods": "3", "by": "revenue"}
    found = await _matrix(tenant, **query)
    assert found["currency"] == "CNY"
    cells = found["cohorts"][0]["cells"]
    assert [cell["revenue"] for cell in cells] == ["20.0000", "0.0000", "16.0000"]
    assert [cell["rate"] for cell in cells] == [1.0, 0.0, 0.8]
    assert found["mean"][2]["revenue"] == "16.0000"
    path = "/v1/kpis/retention/cohorts/2026-01-01/2/customers"
    first = (await tenant.client.get(path, params={"limit": "1"})).json()
    assert first["data"] == [{"external_id": "a"}]
    rest = {"limit": "1", "cursor": first["next_cursor"]}
    second = (await tenant.client.get(path, params=rest)).json()
    assert (second["data"], second["next_cursor"]) == ([{"external_id": "b"}], None)
    wrong = await tenant.client.get(path.replace("2026-01-01", "2026-01-02"))
    assert wrong.status_code == 404
    dollars = {"customer": "a", "ordered_on": "2026-02-02", "amount": "1.00", "currency": "USD"}
    await tenant.client.put("/v1/orders/o9", json=dollars)
    mixed = await _matrix(tenant, **query)
    assert (mixed["reason"], mixed["cohorts"][0]["cells"][0]["rate"]) == ("mixed_currencies", None)
