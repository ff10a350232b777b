"""Bodies that the tests of customers send, and what they look at afterwards."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import text

from app.db import Database
from app.http.bulk import BulkResult
from tests.conftest import Tenant

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}
Row = Mapping[str, Any]


def order(external_id: str, **fields: str | int | None) -> dict[str, Any]:
    """An order line of 100 CNY, with other fields where they are given."""
    line: dict[str, Any] = {
        "external_id": external_id,
        "customer": "c1",
        "ordered_at": "2026-03-01T10:00:00+08:00",
        "amount": "100.00",
        "currency": "CNY",
    }
    return line | fields


def refund(external_id: str, order_id: str = "o1", amount: str = "10.00") -> dict[str, Any]:
    """A refund line."""
    return {
        "order": order_id,
        "external_id": external_id,
        "amount": amount,
        "refunded_at": "2026-03-05T09:00:00Z",
    }


def ndjson(rows: Iterable[Row]) -> bytes:
    """The rows, one JSON document a line."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> bytes:
    """The rows as CSV: attributes in columns of their own, absent values as empty cells."""
    flat = []
    for row in rows:
        cells = {key: value for key, value in row.items() if key != "attributes"}
        cells |= {f"attributes.{k}": v for k, v in row.get("attributes", {}).items()}
        flat.append({k: str(v).lower() if v is True or v is False else v for k, v in cells.items()})
    columns = sorted({key for cells in flat for key in cells})
    file = io.StringIO()
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue().encode()


async def patiently(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer, asked for again while the service says that it is busy."""
    answer = await send()
    while answer.status_code == 503:
        await asyncio.sleep(0.2)
        answer = await send()
    return answer


async def load(
    tenant: Tenant, path: str, body: bytes, headers: Mapping[str, str] = NDJSON
) -> dict[str, Any]:
    """The report of a bulk load that is accepted."""
    answer = await patiently(
        lambda: tenant.client.post(f"/v1/{path}", content=body, headers=dict(headers))
    )
    assert answer.status_code == 200, answer.text
    BulkResult.model_validate_json(answer.content)
    report: dict[str, Any] = answer.json()
    return report


def statuses(report: Mapping[str, Any]) -> list[str]:
    """The status of each line."""
    return [outcome["status"] for outcome in report["outcomes"]]


def reasons(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The first error of each rejected line."""
    return [
        (outcome["errors"][0]["pointer"], outcome["errors"][0]["code"])
        for outcome in report["outcomes"]
        if outcome["status"] == "rejected"
    ]


_TABLES = {
    "customers": (
        "external_id, name, email, phone, phone_e164, segment, key_account_type, "
        "acquisition_channel, first_seen_at, survey_consent, survey_consent_at, "
        "marketing_consent, marketing_consent_at, attributes"
    ),
    "orders": (
        "external_id, ordered_at, amount, refunded, currency, channel, quantity, "
        "asked_for_brand, source_updated_at, (SELECT c.external_id FROM customers c WHERE "
        "c.workspace_id = orders.workspace_id AND c.id = orders.customer_id) AS customer"
    ),
    "refunds": "order_external_id, external_id, amount, refunded_at",
}


async def rows(database: Database, tenant: Tenant, table: str, *, all_: bool = False) -> list[Any]:
    """What a workspace has in a table; with `all_`, revisions and times of writing too."""
    columns = _TABLES[table] + (", revision, created_at, updated_at" if all_ else "")
    async with database.snapshot() as session:
        found = await session.execute(
            text(f"SELECT {columns} FROM {table} WHERE workspace_id = :id ORDER BY 1, 2"),
            {"id": tenant.workspace.id},
        )
        return [dict(row) for row in found.mappings()]
