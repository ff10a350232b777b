"""Sets of customers as they are stored: chunks of bits, read together and changed in part."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import BitString
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.purchases.contributions import DIMENSIONS
from app.purchases.digits import digits_of
from app.purchases.histories import History
from app.purchases.spans import CHUNK, set_of, tree

_BYTES = CHUNK // 8


class Name(NamedTuple):
    """Which set; see `CustomerSet`."""

    kind: str
    member: str = ""
    level: int = 0
    place: int = 0


def sets_of(histories: Mapping[int, History]) -> dict[Name, int]:
    """All sets that hold any of these customers, with these customers alone, by number."""
    # Lists first: a set is made of its members in one pass, and not anew for each of them.
    days: dict[int, list[int]] = {}
    own: dict[Name, list[int]] = {}
    for number, history in histories.items():
        for day in history.days:
            days.setdefault(day, []).append(number)
        for kind, member in zip(DIMENSIONS, history.traits, strict=True):
            own.setdefault(Name(kind, member), []).append(number)
        for currency in history.currencies:
            own.setdefault(Name("currency", currency), []).append(number)
    found = {name: set_of(numbers) for name, numbers in own.items()} | _money(histories)
    for span, buyers in tree({day: set_of(numbers) for day, numbers in days.items()}).items():
        found[Name("bought", "", *span)] = buyers.once
        if buyers.twice:
            found[Name("twice", "", *span)] = buyers.twice
    return found


def _money(histories: Mapping[int, History]) -> dict[Name, int]:
    """The sets of net values, and of what was brought in by month."""
    listed: dict[Name, tuple[list[int], list[int]]] = {}

    def add(name: Name, number: int, amount: int) -> None:
        numbers, amounts = listed.setdefault(name, ([], []))
        numbers.append(number)
        amounts.append(amount)

    for number, history in histories.items():
        add(Name("net"), number, history.net())
        for (currency, month), amount in history.months.items():
            name = Name("brought" if amount > 0 else "paid_back", currency, 0, month)
            add(name, number, abs(amount))
    return {
        name._replace(level=level): digit
        for name, columns in listed.items()
        for level, digit in enumerate(digits_of(*columns))
        if digit
    }


_READ = text("""
SELECT wanted.kind, wanted.member, wanted.level, wanted.place, s.bits
FROM unnest(CAST(:kinds AS text[]), CAST(:members AS text[]), CAST(:levels AS bigint[]),
    CAST(:places AS bigint[])) AS wanted (kind, member, level, place)
JOIN LATERAL (
    SELECT bits FROM customer_sets s
    WHERE s.workspace_id = :workspace_id AND s.kind = wanted.kind AND s.member = wanted.member
        AND s.level = wanted.level AND s.place = wanted.place AND s.chunk = :chunk
    OFFSET 0
) AS s ON true
""")
_WRITE = text("""
INSERT INTO customer_sets (workspace_id, kind, member, level, place, chunk, bits)
SELECT CAST(:workspace_id AS uuid), kind, member, level, place, CAST(:chunk AS bigint), bits
FROM unnest(CAST(:kinds AS text[]), CAST(:members AS text[]), CAST(:levels AS bigint[]),
    CAST(:places AS bigint[]), CAST(:bits AS varbit[])) AS line (kind, member, level, place, bits)
ORDER BY kind, member, level, place
ON CONFLICT (workspace_id, kind, member, level, place, chunk) DO UPDATE SET bits = excluded.bits
""")
_DELETE = text("""
DELETE FROM customer_sets s
USING unnest(CAST(:kinds AS text[]), CAST(:members AS text[]), CAST(:levels AS bigint[]),
    CAST(:places AS bigint[])) AS line (kind, member, level, place)
WHERE s.workspace_id = :workspace_id AND s.chunk = :chunk AND s.kind = line.kind
    AND s.member = line.member AND s.level = line.level AND s.place = line.place
""")


async def replace_members(
    session: AsyncSession,
    workspace_id: UUID,
    chunk: int,
    before: Mapping[int, History],
    after: Mapping[int, History],
) -> None:
    """Bring the sets of a chunk from what some of its customers were to what they are.

    Customers are named by their places in the chunk.
    """
    wanted = await asyncio.to_thread(sets_of, after)
    touched = sorted(wanted.keys() | (await asyncio.to_thread(sets_of, before)).keys())
    others = ~sum(1 << number for number in before.keys() | after.keys())
    named = {"workspace_id": workspace_id, "chunk": chunk}
    rows = (await session.execute(_READ, named | _columns(touched))).all()
    stored = {Name(*name): as_int(bits) for *name, bits in rows}
    changed: dict[Name, int] = {}
    for name in touched:
        bits = (stored.get(name, 0) & others) | wanted.get(name, 0)
        if bits != stored.get(name, 0):
            changed[name] = bits
    kept = [name for name, bits in changed.items() if bits]
    if kept:
        strings = [_as_bits(changed[name]) for name in kept]
        await session.execute(_WRITE, named | _columns(kept) | {"bits": strings})
    if gone := [name for name, bits in changed.items() if not bits]:
        await session.execute(_DELETE, named | _columns(gone))


def _columns(names: Sequence[Name]) -> dict[str, list[Any]]:
    fields = ("kinds", "members", "levels", "places")
    return {field: [name[place] for name in names] for place, field in enumerate(fields)}


def as_int(bits: BitString) -> int:
    """The set in a chunk as a whole number."""
    return int.from_bytes(bits.bytes, "little")


def _as_bits(value: int) -> BitString:
    return BitString.frombytes(value.to_bytes(_BYTES, "little"), bitlength=CHUNK)


_EACH = text("""
SELECT asked.number, s.chunk, s.bits
FROM unnest(CAST(:kinds AS text[]), CAST(:members AS text[]), CAST(:levels AS bigint[]),
    CAST(:places AS bigint[])) WITH ORDINALITY AS asked (kind, member, level, place, number)
JOIN LATERAL (
    SELECT chunk, bits FROM customer_sets s
    WHERE s.workspace_id = :workspace_id AND s.kind = asked.kind AND s.member = asked.member
        AND s.level = asked.level AND s.place = asked.place
    OFFSET 0
) AS s ON true
""")


async def unions(
    session: AsyncSession, workspace_id: UUID, asked: Sequence[Iterable[Name]]
) -> list[int]:
    """The union of each collection of sets; what several share is read once."""
    collections = [list(names) for names in asked]
    stored: dict[Name, dict[int, int]] = {name: {} for names in collections for name in names}
    if stored:
        listed = list(stored)
        named = _columns(listed) | {"workspace_id": workspace_id}
        for number, chunk, bits in await session.execute(_EACH, named):
            stored[listed[number - 1]][chunk] = as_int(bits)
    return [_union(stored[name] for name in names) for names in collections]


def _union(sets: Iterable[Mapping[int, int]]) -> int:
    """The union of sets in chunks. It is joined last: short numbers take less time than long."""
    chunks: dict[int, int] = {}
    for pieces in sets:
        for chunk, bits in pieces.items():
            chunks[chunk] = chunks.get(chunk, 0) | bits
    found = 0
    for chunk, bits in chunks.items():
        found |= bits << (chunk * CHUNK)
    return found


_MEMBERS = text("""
SELECT member, chunk, bits FROM customer_sets
WHERE workspace_id = :workspace_id AND kind = :kind
""")


async def by_member(session: AsyncSession, workspace_id: UUID, kind: str) -> dict[str, int]:
    """All sets of a trait."""
    found: dict[str, int] = {}
    for member, chunk, bits in await session.execute(
        _MEMBERS, {"workspace_id": workspace_id, "kind": kind}
    ):
        found[member] = found.get(member, 0) | (as_int(bits) << (chunk * CHUNK))
    return found
