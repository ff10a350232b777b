"""Listing of customers as they are stored: lists in chunks, read together and changed in part."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from struct import pack, unpack
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import copy_rows
from app.purchases.buckets import bucket_of
from app.purchases.contributions import ORDERED
from app.purchases.histories import History
from app.purchases.local_days import month_of
from app.purchases.models import CustomerAmounts
from app.purchases.spans import CHUNK


class Listed(NamedTuple):
    """Which amounts; see `CustomerAmounts`."""

    kind: str
    place: int
    bucket: int = 0
    member: str = ""


#: The kind of what was brought in on a day.
MOVED = "moved"
#: The kind of orders that were placed on a day.
PLACED = "placed"
#: A customer, by its place in a chunk or by its number, and an amount.
Amount = tuple[int, int]
Listing = list[Amount]
Columns = tuple[Sequence[int], Sequence[int]]
"""The customers and the amounts of a listing. Many tuples of two would take long to collect."""


def amounts_of(histories: Mapping[int, History]) -> dict[Listed, Listing]:
    """All lists that hold any of these customers, with these customers alone."""
    # By plain tuples: they are made for each order.
    found: dict[tuple[str, int, int, str], Listing] = {}
    for number, history in histories.items():
        for day, amount in history.ordered():
            name = (ORDERED, month_of(day), bucket_of(amount), "")
            found.setdefault(name, []).append((number, amount))
            found.setdefault((PLACED, day, 0, ""), []).append((number, amount))
        for day, currency, amount in history.moves:
            found.setdefault((MOVED, day, 0, currency), []).append((number, amount))
    return {Listed(*name): sorted(listing) for name, listing in found.items()}


_OF_CHUNK = text("""
SELECT a.kind, a.place, a.bucket, a.member, a.customers, a.amounts
FROM unnest(CAST(:kinds AS text[]), CAST(:places AS bigint[]), CAST(:buckets AS bigint[]),
    CAST(:members AS text[])) AS wanted (kind, place, bucket, member)
JOIN LATERAL (
    SELECT * FROM customer_amounts a
    WHERE a.workspace_id = :workspace_id AND a.kind = wanted.kind AND a.place = wanted.place
        AND a.bucket = wanted.bucket AND a.member = wanted.member AND a.chunk = :chunk
    OFFSET 0
) AS a ON true
""")
_DELETE = text("""
DELETE FROM customer_amounts a
USING unnest(CAST(:kinds AS text[]), CAST(:places AS bigint[]), CAST(:buckets AS bigint[]),
    CAST(:members AS text[])) AS wanted (kind, place, bucket, member)
WHERE a.workspace_id = :workspace_id AND a.kind = wanted.kind AND a.place = wanted.place
    AND a.bucket = wanted.bucket AND a.member = wanted.member AND a.chunk = :chunk
""")


async def replace_amounts(
    session: AsyncSession,
    workspace_id: UUID,
    chunk: int,
    before: Mapping[int, History],
    after: Mapping[int, History],
) -> None:
    """Bring the lists of a chunk from what some of its customers were to what they are.

    Customers are named by their places in the chunk.
    """
    wanted = await asyncio.to_thread(amounts_of, after)
    touched = sorted(wanted.keys() | (await asyncio.to_thread(amounts_of, before)).keys())
    named = {"workspace_id": workspace_id, "chunk": chunk}
    rows = await session.execute(_OF_CHUNK, named | _columns(touched))
    stored = {
        Listed(*name): list(zip(*unpacked(customers, amounts), strict=True))
        for *name, customers, amounts in rows
    }
    theirs = before.keys() | after.keys()
    changed: dict[Listed, Listing] = {}
    for name in touched:
        own = stored.get(name, [])
        new = sorted([each for each in own if each[0] not in theirs] + wanted.get(name, []))
        if new != own:
            changed[name] = new
    if changed:
        await session.execute(_DELETE, named | _columns(list(changed)))
    kept = [named | name._asdict() | _packed(own) for name, own in changed.items() if own]
    await copy_rows(session, CustomerAmounts, kept)


def _packed(listing: Listing) -> dict[str, bytes]:
    size = len(listing)
    return {
        "customers": pack(f"<{size}H", *(customer for customer, _ in listing)),
        "amounts": pack(f"<{size}q", *(amount for _, amount in listing)),
    }


def unpacked(customers: bytes, amounts: bytes) -> Columns:
    """What is stored as `CustomerAmounts` says. Arrays of the database take ten times as long."""
    return (
        unpack(f"<{len(customers) // 2}H", customers),
        unpack(f"<{len(amounts) // 8}q", amounts),
    )


def _columns(names: Sequence[Listed]) -> dict[str, list[object]]:
    return {f"{field}s": [getattr(name, field) for name in names] for field in Listed._fields}


_ORDERED = text("""
SELECT a.bucket, a.chunk, a.customers, a.amounts
FROM unnest(CAST(:months AS bigint[])) AS asked (month)
CROSS JOIN unnest(CAST(:buckets AS bigint[])) AS wanted (bucket)
JOIN LATERAL (
    SELECT * FROM customer_amounts a
    WHERE a.workspace_id = :workspace_id AND a.kind = 'ordered' AND a.place = asked.month
        AND a.bucket = wanted.bucket
    OFFSET 0
) AS a ON true
""")


async def ordered_amounts(
    session: AsyncSession, workspace_id: UUID, months: Iterable[int], buckets: Iterable[int]
) -> dict[int, Listing]:
    """What was ordered in some months, by bucket, with the numbers of customers."""
    named = {"workspace_id": workspace_id, "months": list(months), "buckets": list(buckets)}
    found: dict[int, Listing] = {}
    for bucket, chunk, *packed in await session.execute(_ORDERED, named):
        customers, amounts = unpacked(*packed)
        numbers = map((chunk * CHUNK).__add__, customers)
        found.setdefault(bucket, []).extend(zip(numbers, amounts, strict=True))
    return found


_PLACED = text("""
SELECT chunk, customers, amounts FROM customer_amounts
WHERE workspace_id = :workspace_id AND kind = 'placed' AND place = ANY(CAST(:days AS bigint[]))
""")


async def placed_amounts(session: AsyncSession, workspace_id: UUID, days: Iterable[int]) -> Listing:
    """What was ordered on some days, with the numbers of customers."""
    named = {"workspace_id": workspace_id, "days": list(days)}
    found: Listing = []
    for chunk, *packed in await session.execute(_PLACED, named):
        customers, amounts = unpacked(*packed)
        found.extend(zip(map((chunk * CHUNK).__add__, customers), amounts, strict=True))
    return found
