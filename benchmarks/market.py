"""What the market KPIs rest on beside orders: leads, what was spent, and totals of the market."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from app.db import new_id

#: A lead for every second customer, half of them of customers.
_CUSTOMERS_OF_A_LEAD = 2
_YEARS = (2023, 2024, 2025, 2026)
_CHANNELS = 5


def questions(month: str, year: str) -> dict[str, str]:
    """Each market KPI of a month, and over a year where that takes longer."""
    of_margin = f"{month}&margin=40"
    return {
        "lead_conversion": f"/v1/kpis/lead-conversion?{month}",
        "lead_conversion_year": f"/v1/kpis/lead-conversion?{year}",
        "lead_conversion_trend": f"/v1/kpis/lead-conversion/trend?{year}&grain=month",
        "acquisition_spend": f"/v1/kpis/acquisition-spend?{year}",
        "cac": f"/v1/kpis/cac?{month}",
        "cac_by_channel": f"/v1/kpis/cac/compare?{month}&group_by=channel",
        "cac_trend": f"/v1/kpis/cac/trend?{year}&grain=month",
        "payback": f"/v1/kpis/payback?{of_margin}",
        "payback_year": f"/v1/kpis/payback?{year}&margin=40",
        "market_share": f"/v1/kpis/market-share?{month}",
        "market_share_units": f"/v1/kpis/market-share?{month}&basis=units",
        "market_share_customers": f"/v1/kpis/market-share?{month}&basis=customers",
        "ltv_to_cac": f"/v1/kpis/ltv-to-cac?{of_margin}",
        "ltv_to_cac_by_channel": f"/v1/kpis/ltv-to-cac/compare?{of_margin}&group_by=channel",
        "ltv_to_cac_acquired": f"/v1/kpis/ltv-to-cac?{of_margin}&cohort=acquired",
        "referral_rate": f"/v1/kpis/referral-rate?{month}",
    }


async def load_leads(
    connection: asyncpg.Connection, workspace: UUID, have: int, want: int, first: datetime
) -> None:
    """Copy the leads of so many customers; half of them never became one."""
    rng = random.Random(want)
    days = 3 * 365
    rows = []
    for number in range(have, want, _CUSTOMERS_OF_A_LEAD):
        at = first + timedelta(days=days * rng.random())
        customer = f"c{number}" if rng.random() < 0.5 else None
        rows.append((workspace, f"l{number}", at, f"ch{number % _CHANNELS}", None, customer, 1, at,
                     at))  # fmt: skip
    columns = ("workspace_id", "external_id", "created_at", "channel", "campaign", "customer",
               "revision", "recorded_at", "updated_at")  # fmt: skip
    await connection.copy_records_to_table("leads", records=rows, columns=columns)


async def load_statements(connection: asyncpg.Connection, workspace: UUID, at: datetime) -> None:
    """Copy what each channel cost, and the total of the market, for every month of some years."""
    starts = [date(year, month, 1) for year in _YEARS for month in range(1, 13)]
    months = [(start, (start + timedelta(days=31)).replace(day=1)) for start in starts]
    stamp = (1, at, at)
    spend: list[tuple[Any, ...]] = [
        (workspace, new_id(), *month, f"ch{channel}", "paid", Decimal(10_000), "CNY", "ledger",
         *stamp)
        for month in months for channel in range(_CHANNELS)
    ]  # fmt: skip
    period = ("workspace_id", "id", "period_start", "period_end")
    said = ("amount", "currency", "source", "revision", "created_at", "updated_at")
    await connection.copy_records_to_table(
        "acquisition_spend", records=spend, columns=(*period, "channel", "kind", *said)
    )
    totals: list[tuple[Any, ...]] = [
        (workspace, new_id(), *month, basis, {}, at.date(), Decimal(10**9),
         "CNY" if basis == "value" else None, "survey", *stamp)
        for month in months for basis in ("value", "units", "customers")
    ]  # fmt: skip
    columns = (*period, "basis", "competitors", "stated_on", *said)
    await connection.copy_records_to_table("market_totals", records=totals, columns=columns)
