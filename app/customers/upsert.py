"""Brings rows to what a chunk of lines says: created, updated, unchanged, in the order sent.

The outcome of a line is what it would be if the lines came one by one, so it depends neither on
where a chunk ends nor on how often a key is repeated in it. Rows that change nothing are read
and neither locked nor written.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FieldError, Invalid, Problem
from app.events.service import record
from app.http.bulk import Item, Outcome
from app.http.outcomes import Status
from app.problems import PROBLEMS

S = TypeVar("S")
V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)


#: Other requests get their turn after so many rows: reading a telephone number takes its time.
_TURN = 100


class Folded(NamedTuple, Generic[S]):
    """The state of a row after a line, and what the line did to it."""

    state: S | None
    status: Status
    errors: tuple[FieldError, ...] = ()


class Rows(Protocol[S, V_contra]):
    """A table as this module sees it: states of rows by their key."""

    def key(self, value: V_contra) -> str:
        """The natural key of a line."""
        ...

    def id_of(self, key: str, state: S) -> str:
        """The id that the report names."""
        ...

    def fold(self, state: S | None, value: V_contra) -> Folded[S]:
        """The state after a line; None stands for a row that does not exist."""
        ...

    async def read(self, keys: list[str], *, lock: bool) -> dict[str, S]:
        """The rows that exist, locked in the order of their keys if asked."""
        ...

    async def insert(self, states: Mapping[str, S]) -> set[str]:
        """Insert what does not exist; the keys that this did insert."""
        ...

    async def update(self, states: Mapping[str, S]) -> None:
        """Write rows that exist and are locked."""
        ...


class _Result(NamedTuple, Generic[S]):
    state: S | None
    outcomes: list[Outcome]

    @property
    def changes(self) -> bool:
        return any(outcome.status in {"created", "updated"} for outcome in self.outcomes)


async def upsert(rows: Rows[S, V], items: Sequence[Item[V]]) -> list[Outcome]:
    """Store the lines; one outcome each.

    Keys are always taken in sorted order: two loads at once wait for each other, and a deadlock
    is rare enough to be left to the retry of the chunk.
    """
    by_key: dict[str, list[Item[V]]] = {}
    for item in items:
        by_key.setdefault(rows.key(item.value), []).append(item)
    keys = sorted(by_key)
    stored = await rows.read(keys, lock=False)
    results = await _folded(rows, keys, stored, by_key)
    new = _written(results, [key for key in keys if key not in stored])
    inserted = await rows.insert(new) if new else set()
    # Rows to be changed, and rows that somebody else created meanwhile, as they are now.
    contested = [
        key
        for key in keys
        if (key in stored and results[key].changes) or (key in new and key not in inserted)
    ]
    if contested:
        fresh = await rows.read(contested, lock=True)
        results |= await _folded(rows, contested, fresh, by_key)
        if changed := _written(results, [key for key in contested if key in fresh]):
            await rows.update(changed)
        if gone := _written(results, [key for key in contested if key not in fresh]):
            await rows.insert(gone)
    return [outcome for result in results.values() for outcome in result.outcomes]


def _written(results: Mapping[str, _Result[S]], keys: list[str]) -> dict[str, S]:
    return {
        key: state
        for key in keys
        if results[key].changes and (state := results[key].state) is not None
    }


async def _folded(
    rows: Rows[S, V],
    keys: list[str],
    stored: Mapping[str, S],
    by_key: Mapping[str, list[Item[V]]],
) -> dict[str, _Result[S]]:
    results = {}
    for count, key in enumerate(keys):
        if count % _TURN == 0:
            await asyncio.sleep(0)
        state = stored.get(key)
        outcomes = []
        for item in by_key[key]:
            state, status, errors = rows.fold(state, item.value)
            id_ = rows.id_of(key, state) if state is not None else None
            outcomes.append(Outcome(item.line, key, status, id_, errors))
        results[key] = _Result(state, outcomes)
    return results


def accepted(outcome: Outcome) -> Status:
    """The status of a single record; raises what a rejection means outside of a bulk answer."""
    if outcome.status == "rejected":
        code = outcome.errors[0].code
        if code in PROBLEMS and PROBLEMS[code].status == 409:
            raise Problem(code)
        raise Invalid(*outcome.errors)
    return outcome.status


def tell_of_load(
    session: AsyncSession, workspace_id: UUID, event: str, outcomes: Sequence[Outcome]
) -> None:
    """Record one event for a whole chunk, if it changed anything.

    A listener that needs the rows pulls them with `updated_after`: a load of a million rows is no
    flood of events.
    """
    created = sum(outcome.status == "created" for outcome in outcomes)
    updated = sum(outcome.status == "updated" for outcome in outcomes)
    if created or updated:
        subject = str(workspace_id)
        record(session, workspace_id, event, subject, created=created, updated=updated)
