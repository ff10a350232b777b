"""Reading what is kept of purchases, exactly at one instant.

Customers of whom something has changed since they were folded are taken out of every kept set
and sum, and counted by hand from their own rows; so are those with an order that stood at an
instant that is asked about and was fully refunded later. All in the snapshot of the session.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import accumulate, pairwise
from operator import or_
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import found_before, once
from app.purchases.contributions import DIMENSIONS, Cell, Ledger, Sums
from app.purchases.histories import History, Traits
from app.purchases.models import PurchaseRollup
from app.purchases.reading import folded_by_id, folded_by_number, histories_from_rows
from app.purchases.spans import CHUNK, cover, set_of
from app.purchases.standing import MOST_STANDING, Standing, stood_at
from app.purchases.stored_sets import Name, by_member, unions

#: More customers than this are not counted by hand.
MOST_BY_HAND = 2_000
Filters = Mapping[str, tuple[str, ...]]
#: Between the names of several traits by which groups are formed at once.
JOINED = "*"


class Days(NamedTuple):
    """The days [first, last), for purchases that stand when the day `as_of` begins."""

    first: int
    last: int
    as_of: int

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The spans that cover them; nothing is bought on or after `as_of`."""
        return list(cover(max(self.first, 0), min(self.last, self.as_of)))


class ByHand(NamedTuple):
    """A customer who is counted from a history."""

    number: int | None
    """Null for one who was never folded."""
    history: History
    id: UUID | None
    """Null for one who is listed by the number all the same."""


@dataclass
class Book:
    """What is kept of the purchases of a workspace.

    Sets of customers are whole numbers: the bit of a customer is its number, and above all
    numbers come those who are counted by hand, in order.
    """

    session: AsyncSession
    workspace_id: UUID
    base: int
    by_hand: list[ByHand] = field(default_factory=list)
    corrections: Mapping[Cell, Sums] = field(default_factory=dict)
    """What is to be added to the cells to make them exact."""
    replaced: Sequence[History] = ()
    """What is kept of those who are counted by hand."""
    changed: frozenset[int] = frozenset()
    """Numbers of those who changed after they were folded."""
    standing: Standing = field(default_factory=lambda: Standing({}))
    """Orders that sets do not know of; empty where their customers are counted by hand."""
    _read: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def everybody(self) -> int:
        """All places that a set may have."""
        return (1 << (self.base + len(self.by_hand))) - 1

    def kept(self, bits: int) -> int:
        """A stored set without those who are counted by hand."""
        # Without a complement: those of large sets take ten times as long.
        return bits ^ (bits & self.apart)

    @cached_property
    def apart(self) -> int:
        """The numbers of those who are counted by hand."""
        return set_of([one.number for one in self.by_hand if one.number is not None])

    def hands(self, histories: Sequence[bool]) -> int:
        """Those who are counted by hand and of whom something is true."""
        return set_of([place for place, has in enumerate(histories) if has]) << self.base

    async def bought(self, asked: Sequence[Days]) -> list[int]:
        """For each question the set of those with a purchase on any of the days."""
        ranges = [(max(days.first, 0), min(days.last, days.as_of)) for days in asked]
        # Before a day is before an earlier one, or since: what many questions share is read once.
        ends = sorted({last for first, last in ranges if not first})
        since = list(pairwise([0, *ends]))
        stored = await self._stored([*since, *(each for each in ranges if each[0])])
        before = dict(zip(ends, accumulate((stored[each] for each in since), or_), strict=True))
        return [
            self.kept((stored[own] if own[0] else before[own[1]]) | self.standing.bought(*days))
            | self.hands([bool(one.history.bought(*days)) for one in self.by_hand])
            for own, days in zip(ranges, asked, strict=True)
        ]

    async def _stored(self, ranges: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], int]:
        """The sets that are stored for ranges of days; each is read once for all questions."""
        new = [each for each in dict.fromkeys(ranges) if each not in self._read]
        names = [[Name("bought", "", *span) for span in cover(*each)] for each in new]
        found = await unions(self.session, self.workspace_id, names)
        self._read.update(zip(new, found, strict=True))
        return self._read

    async def groups(self, by: str | None, filters: Filters) -> dict[str, int]:
        """Who belongs to each member of the traits, of those that pass the filters.

        Several traits are joined by `*`; their members are then JSON arrays.
        """
        names = [[Name(kind, member) for member in members] for kind, members in filters.items()]
        stored = await unions(self.session, self.workspace_id, names)
        passing = self.everybody
        for bits, (kind, members) in zip(stored, filters.items(), strict=True):
            own = [getattr(one.history.traits, kind) in members for one in self.by_hand]
            passing &= self.kept(bits) | self.hands(own)
        found: dict[tuple[str, ...], int] = {(): passing}
        for kind in kinds(by):
            members_of_kind = (await self._members(kind)).items()
            found = {
                (*members, member): both
                for members, bits in found.items()
                for member, own_bits in members_of_kind
                if (both := bits & own_bits)
            }
        return {group_of(members): bits for members, bits in found.items()}

    async def _members(self, kind: str) -> dict[str, int]:
        stored = await by_member(self.session, self.workspace_id, kind)
        found = {member: self.kept(bits) for member, bits in stored.items()}
        for place, one in enumerate(self.by_hand):
            member = getattr(one.history.traits, kind)
            found[member] = found.get(member, 0) | 1 << (self.base + place)
        return found

    @property
    def fresh(self) -> list[ByHand]:
        """Of those by hand, the ones that what is kept does not know as they are."""
        return [one for one in self.by_hand if one.number is None or one.number in self.changed]


def passes(traits: Traits, filters: Filters) -> bool:
    """Whether a customer passes the filters."""
    return all(getattr(traits, kind) in members for kind, members in filters.items())


def kinds(by: str | None) -> list[str]:
    """The traits that are joined."""
    return by.split(JOINED) if by else []


def group_of(members: Sequence[str]) -> str:
    """The name of a group: the member of one trait, or an array of those of several."""
    if len(members) > 1:
        return json.dumps(list(members), ensure_ascii=False)
    return members[0] if members else ""


def trait(kind: str) -> str:
    """The column of a trait; nothing else ever becomes part of a statement."""
    return DIMENSIONS[DIMENSIONS.index(kind)]


_CHANGED = text("""
SELECT unnest(customers) FROM purchase_changes
WHERE workspace_id = :workspace_id AND NOT folded LIMIT :listed
""")
_LATER = text("""
SELECT customer_id FROM customer_purchases
WHERE workspace_id = :workspace_id AND latest_at >= :until LIMIT :most
""")


class _Asked(NamedTuple):
    """What a book is opened for."""

    workspace_id: UUID
    time_zone: str
    as_of: tuple[int, ...]
    until: datetime | None
    by_hand: bool
    opening: bool


async def open_book(
    session: AsyncSession,
    workspace_id: UUID,
    time_zone: str,
    as_of: Sequence[int] = (),
    until: datetime | None = None,
    *,
    by_hand: bool = True,
    opening: bool = False,
) -> Book | None:
    """What is kept, for questions about purchases that stand at the beginning of some days.

    Without `by_hand`, those with an order that was undone later are not counted by hand: that is
    enough for sets of buyers and for money, and takes less time. With `opening`, these are only
    orders that no kept purchase precedes: enough for who is known and who is new. With `until`,
    for the purchases that stand at that instant, none of the days. None where it has to be counted
    from the rows: before the first fold, in another zone, or when too much has changed.
    """
    asked = _Asked(workspace_id, time_zone, tuple(as_of), until, by_hand, opening)
    if opening:
        # One that knows of all such orders knows of these too.
        book: Book | None = found_before(session, asked._replace(opening=False))
        if book is not None:
            return book
    return await once(session, asked, lambda: _opened(session, asked))


async def _opened(session: AsyncSession, asked: _Asked) -> Book | None:
    workspace_id, until = asked.workspace_id, asked.until
    state, entries = await once(
        session, (_folded, workspace_id), lambda: _folded(session, workspace_id)
    )
    if state is None or not state.complete or state.time_zone != asked.time_zone:
        return None
    ids = set(entries)
    later: set[UUID] = set()
    if until is not None:
        most = {"workspace_id": workspace_id, "most": MOST_BY_HAND + 1, "until": until}
        later = set((await session.execute(_LATER, most)).scalars())
    stood = await stood_at(session, workspace_id, asked.as_of, opening=asked.opening)
    standing = stood.customers if asked.by_hand else set()
    too_many = len(entries) >= 10 * MOST_BY_HAND or stood.size > MOST_STANDING
    if too_many or max(len(ids | later), len(standing)) > MOST_BY_HAND:
        return None
    book = Book(session, workspace_id, -(-state.customers // CHUNK) * CHUNK)
    await _take_apart(book, ids | later, zone=ZoneInfo(asked.time_zone), until=until)
    if not asked.by_hand:
        book.standing = stood
    if rest := standing - book.changed:
        folded = await folded_by_number(session, workspace_id, rest)
        book.by_hand += [ByHand(number, history, None) for number, history in folded.items()]
        book.replaced = [*book.replaced, *folded.values()]
    return book


async def _folded(
    session: AsyncSession, workspace_id: UUID
) -> tuple[PurchaseRollup | None, Sequence[UUID]]:
    """How far purchases are folded, and the customers that are listed as changed since."""
    mine = select(PurchaseRollup).where(PurchaseRollup.workspace_id == workspace_id)
    state = (await session.scalars(mine)).one_or_none()
    listed = {"workspace_id": workspace_id, "listed": 10 * MOST_BY_HAND}
    return state, (await session.execute(_CHANGED, listed)).scalars().all()


async def _take_apart(
    book: Book, customers: set[UUID], *, zone: ZoneInfo, until: datetime | None
) -> None:
    """Count customers by hand, from their rows instead of what was folded of them."""
    if not customers:
        return
    before = await folded_by_id(book.session, book.workspace_id, customers)
    after = await histories_from_rows(book.session, book.workspace_id, customers, zone, until)
    ledger = Ledger()
    for _, history in before.values():
        ledger.add(history, -1)
    for history in after.values():
        ledger.add(history)
    numbers = {id_: number for id_, (number, _) in before.items()}
    book.by_hand += [ByHand(numbers.get(id_), history, id_) for id_, history in after.items()]
    book.corrections = ledger.changes()
    book.replaced = [history for _, history in before.values()]
    book.changed = frozenset(numbers.values())
