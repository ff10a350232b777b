"""Reads the rows of many keys, one index look-up for each, whatever the planner believes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, bindparam, func, select, true
from sqlalchemy.orm import InstrumentedAttribute


def rows_of(
    workspace_id: UUID,
    keys: Sequence[str],
    key: InstrumentedAttribute[str],
    columns: Sequence[InstrumentedAttribute[Any]],
    *,
    lock: bool = False,
) -> Select[*tuple[Any, ...]]:
    """Select `columns` of the workspace's rows whose `key` is one of `keys`.

    With `lock`, the rows are locked against other writers in the sequence of `keys`.

    For a workspace without statistics (every new one, during its first load) PostgreSQL expects
    a handful of rows, reads all of them by any index that begins with the workspace, and compares
    each with each key: quadratic, and measured at a second for a chunk. A lateral subquery that
    cannot be pulled up (OFFSET) leaves nothing but the look-up.
    """
    array = bindparam(None, list(keys), ARRAY(Text))
    wanted = func.unnest(array).table_valued("key").render_derived(name="wanted")
    ours = key.class_.workspace_id == workspace_id
    row = select(*columns).where(ours, key == wanted.c.key).offset(0)
    if lock:
        row = row.with_for_update(key_share=True)
    found = row.lateral("found")
    return select(*found.c).select_from(wanted).join(found, true())
