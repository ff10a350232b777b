"""Answering customer KPIs: the same questions at 10,000 and at 1,000,000 orders.

`python -m benchmarks.customers 10` measures a tenth of both sizes.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from app.config import Settings
from app.db import Database, new_id, raw_dsn
from app.market.tasks import fold_all_leads
from app.purchases.tasks import fold_all
from benchmarks import judged, market, steering
from benchmarks.asking import median_ms
from benchmarks.processes import server
from benchmarks.scenario import Scenario, scenario

#: Customers and orders of both sizes.
SMALL, LARGE = (2_000, 10_000), (200_000, 1_000_000)
REQUESTS = 30
#: Three years of orders end here; one in 33 is paid back in full some days later.
_END = datetime(2026, 11, 22, tzinfo=UTC)
_DAYS = 3 * 365
_BATCH = 50_000

_MONTH = "from=2026-10-01&to=2026-11-01"
_YEAR = "from=2025-11-01&to=2026-11-01"
#: What is asked about where no days are named, at the end of the orders: no whole month.
_LAST_DAYS = "from=2026-10-24&to=2026-11-23"
QUESTIONS = {
    "retention": f"/v1/kpis/retention?{_MONTH}",
    "retention_last_days": f"/v1/kpis/retention?{_LAST_DAYS}",
    "retention_trend": f"/v1/kpis/retention/trend?{_YEAR}&grain=month",
    "retention_by_segment": f"/v1/kpis/retention/compare?{_MONTH}&group_by=segment",
    "retention_of_segment": f"/v1/kpis/retention?{_MONTH}&segment=s1",
    "cohorts": f"/v1/kpis/retention/cohorts?{_YEAR}",
    "cohorts_rolling": f"/v1/kpis/retention/cohorts?{_YEAR}&type=rolling",
    "cohorts_revenue": f"/v1/kpis/retention/cohorts?{_YEAR}&by=revenue",
    "cohort_customers": "/v1/kpis/retention/cohorts/2026-01-01/3/customers",
    "survival": "/v1/kpis/retention/survival?to=2026-11-22",
    "survival_churn": "/v1/kpis/retention/survival?to=2026-11-22&event=churn",
    "survival_groups": "/v1/kpis/retention/survival?to=2026-11-22&group_by=segment",
    "repeat_purchase_rate": f"/v1/kpis/repeat-purchase-rate?{_YEAR}",
    "within_days": f"/v1/kpis/repeat-purchase-rate?{_YEAR}&within_days=90",
    "time_to_second_purchase": f"/v1/kpis/time-to-second-purchase?{_MONTH}",
    "returning_share": f"/v1/kpis/returning-share?{_MONTH}",
    "order_value": f"/v1/kpis/order-value?{_MONTH}",
    "order_value_by_segment": f"/v1/kpis/order-value/compare?{_MONTH}&group_by=segment",
    "order_value_last_days": f"/v1/kpis/order-value?{_LAST_DAYS}",
    "order_value_last_days_by_segment":
        f"/v1/kpis/order-value/compare?{_LAST_DAYS}&group_by=segment",
    "designated_purchase_rate": f"/v1/kpis/designated-purchase-rate?{_MONTH}",
    "revenue_retention": f"/v1/kpis/revenue-retention?{_MONTH}",
    "revenue_retention_last_days": f"/v1/kpis/revenue-retention?{_LAST_DAYS}",
    "revenue_retention_last_days_by_segment":
        f"/v1/kpis/revenue-retention/compare?{_LAST_DAYS}&group_by=segment",
    "acquisition": f"/v1/kpis/acquisition?{_MONTH}",
    "lifetime_value": "/v1/kpis/lifetime-value",
    "lifetime_value_by_channel": "/v1/kpis/lifetime-value/compare?group_by=channel",
    "lifetime_value_acquired": "/v1/kpis/lifetime-value?cohort=acquired",
} | market.questions(_MONTH, _YEAR)  # fmt: skip


def measure(made: Scenario, divisor: int = 1) -> dict[str, Any]:
    """Fill to the small size and ask, fill to the large size and ask again, in one run."""
    with server("product", made.environment) as (_, port):
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {made.key}"},
            timeout=120,
        )
        sizes = [tuple(number // divisor for number in size) for size in (SMALL, LARGE)]
        loaded: tuple[int, ...] = (0, 0)
        medians, folds = [], []
        steering.set_up(client)
        for size in sizes:
            asyncio.run(_load(made.settings, loaded, size))
            came = range(loaded[0], size[0])
            run = judged.load(client, made.settings, made.survey, came, _END)
            loaded = size
            folds.append(asyncio.run(_fold(made.settings)))
            asked = steering.questions(_MONTH, _YEAR, run) | QUESTIONS
            medians.append(
                {name: median_ms(client, each, REQUESTS) for name, each in asked.items()}
            )
        client.close()
    small, large = medians
    growth = {name: round(large[name] / small[name], 2) for name in large}
    return {
        "customers_and_orders": [list(size) for size in sizes],
        "fold_seconds": folds,
        "median_ms_small": small,
        "median_ms_large": large,
        "growth_each": growth,
        "growth": max(growth.values()),
        "under_50_ms": all(value < 50 for value in large.values()),
    }


def _orders(
    rng: random.Random, customers: list[UUID], first: int, count: int
) -> Iterator[tuple[Any, ...]]:
    """Orders of customers who came at any time, buy more or less, and often."""
    for number in range(first, first + count):
        customer = customers[int(len(customers) * rng.random() ** 1.5)]
        since = customer.int % _DAYS
        # Half of them leave, most of these soon: models of customers ask for such differences.
        stays = min(1.0, 8 * ((customer.int >> 16) % 128 / 128) ** 3)
        day = since + stays * (_DAYS - since) * rng.random() ** 2
        at = _END - timedelta(days=_DAYS) + timedelta(days=day)
        amount = Decimal(rng.randrange(500, 50_000) * (1 + customer.int % 8) // 4) / 100
        yield f"o{number}", customer, at, amount, rng.random() < 0.03


async def _load(settings: Settings, have: tuple[int, ...], want: tuple[int, ...]) -> None:
    """Copy customers, orders and refunds into their tables, and list who has changed."""
    connection = await asyncpg.connect(raw_dsn(settings.database_url))
    workspace = await connection.fetchval("SELECT id FROM workspaces LIMIT 1")
    rng = random.Random(want[0])
    stamp = (1, _END, _END)
    rows: list[tuple[Any, ...]] = [
        (workspace, new_id(), f"c{number}", f"s{number % 7}", f"ch{number % 5}", {}, *stamp)
        for number in range(have[0], want[0])
    ]
    columns = ("workspace_id", "id", "external_id", "segment", "acquisition_channel",
               "attributes", "revision", "created_at", "updated_at")  # fmt: skip
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(),
        decoder=lambda data: json.loads(data[1:]),
        schema="pg_catalog",
        format="binary",
    )
    await connection.copy_records_to_table("customers", records=rows, columns=columns)
    found = await connection.fetch("SELECT id FROM customers ORDER BY external_id")
    customers = [UUID(bytes=row["id"].bytes) for row in found]
    for first in range(have[1], want[1], _BATCH):
        made = list(_orders(rng, customers, first, min(_BATCH, want[1] - first)))
        await _copy(connection, workspace, made)
    if not have[0]:
        await market.load_statements(connection, workspace, _END)
    await market.load_leads(connection, workspace, have[0], want[0], _END - timedelta(days=_DAYS))
    await connection.execute(
        "INSERT INTO purchase_changes SELECT $1, gen_random_uuid(), array_agg(id) FROM customers "
        "WHERE workspace_id = $1",
        workspace,
    )
    await connection.close()


async def _copy(
    connection: asyncpg.Connection, workspace: UUID, made: list[tuple[Any, ...]]
) -> None:
    stamp = (1, _END, _END)
    orders = ("workspace_id", "external_id", "customer_id", "ordered_at", "amount", "refunded",
              "currency", "asked_for_brand", "revision", "created_at", "updated_at")  # fmt: skip
    await connection.copy_records_to_table(
        "orders",
        records=[
            (
                workspace,
                name,
                customer,
                at,
                amount,
                amount if back else 0,
                "CNY",
                customer.int % 3 == 0 if at.second % 5 else None,
                *stamp,
            )
            for name, customer, at, amount, back in made
        ],
        columns=orders,
    )
    refunds = ("workspace_id", "order_external_id", "external_id", "amount", "refunded_at",
               "revision", "created_at", "updated_at")  # fmt: skip
    await connection.copy_records_to_table(
        "refunds",
        records=[
            (workspace, name, "r", amount, min(at + timedelta(days=9), _END), *stamp)
            for name, _, at, amount, back in made
            if back
        ],
        columns=refunds,
    )


async def _fold(settings: Settings) -> float:
    """Fold everything; the seconds that it took."""
    patient = settings.model_copy(update={"command_timeout_seconds": 600.0})
    database = Database(patient)
    started = time.perf_counter()
    for fold in (fold_all, fold_all_leads):
        while await fold(database):
            pass
    seconds = time.perf_counter() - started
    connection = await database.engine.connect()
    _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
    await connection.exec_driver_sql("SET statement_timeout = 0")
    await connection.exec_driver_sql("VACUUM ANALYZE")
    await connection.close()
    await database.close()
    return round(seconds, 1)


def main() -> None:
    """Measure this subject alone, at the sizes divided by the argument."""
    divisor = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with scenario() as made:
        print(json.dumps(measure(made, divisor), indent=2))


if __name__ == "__main__":
    main()
