"""Keyset pages behind opaque cursors: no OFFSET, no counting, nothing skipped or repeated."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import ConfigDict
from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Problem
from app.fields import Output, parse_timestamp

T = TypeVar("T")


class Page(Output, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    # There are none, and Pydantic looks long for those of each kind of page: 20 ms at every start.
    model_config = ConfigDict(use_attribute_docstrings=False)

    data: list[T]
    next_cursor: str | None


class PageRequest:
    """`limit` and `cursor` of a list route."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=500, description="Items on a page.")] = 50,
        cursor: Annotated[
            str | None, Query(max_length=500, description="`next_cursor` of the page before.")
        ] = None,
    ) -> None:
        self.limit = limit
        self.cursor = cursor

    def position(self, *types: Callable[[str], object]) -> list[str] | None:
        """The decoded cursor, its parts readable as `types`; 400 `invalid-cursor` otherwise."""
        if self.cursor is None:
            return None
        parts = decode_cursor(self.cursor)
        if len(parts) != len(types):
            raise Problem("invalid-cursor")
        try:
            for part, type_ in zip(parts, types, strict=True):
                type_(part)
        except ValueError:
            raise Problem("invalid-cursor") from None
        return parts


Paging = Annotated[PageRequest, Depends(PageRequest)]


def encode_cursor(*parts: object) -> str:
    """An opaque position from the sort key of the last item."""
    packed = json.dumps([str(part) for part in parts], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[str]:
    """The parts of a cursor; 400 `invalid-cursor` if it is not one of ours."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        parts = json.loads(packed)
    except (binascii.Error, ValueError, RecursionError):
        raise Problem("invalid-cursor") from None
    if not isinstance(parts, list) or not all(
        isinstance(part, str) and "\x00" not in part for part in parts
    ):
        raise Problem("invalid-cursor")
    return parts


def newest_first(
    query: Select[T], id_column: InstrumentedAttribute[UUID], paging: PageRequest
) -> Select[T]:
    """Order by the time-ordered id, newest first, from the cursor on; one row more than asked."""
    position = paging.position(UUID)
    if position is not None:
        query = query.where(tuple_(id_column) < tuple_(UUID(position[0])))
    return query.order_by(id_column.desc()).limit(paging.limit + 1)


def latest_first(
    query: Select[T],
    at: InstrumentedAttribute[datetime],
    name: InstrumentedAttribute[str],
    paging: PageRequest,
) -> Select[T]:
    """Order by an instant and then a name, latest first, from the cursor on; one row more."""
    position = paging.position(parse_timestamp, str)
    if position is not None:
        after = tuple_(literal(parse_timestamp(position[0]), at.type), literal(position[1]))
        query = query.where(tuple_(at, name) < after)
    return query.order_by(at.desc(), name.desc()).limit(paging.limit + 1)


def cut(rows: Sequence[T], paging: PageRequest) -> tuple[list[T], bool]:
    """The rows of the page, and whether more follow (the query asked for one more)."""
    return list(rows[: paging.limit]), len(rows) > paging.limit
