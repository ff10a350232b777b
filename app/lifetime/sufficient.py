"""What the models need to know of each customer, by one statement, as arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.lifetime.histories import Floats, Ints

#: Where a customer keeps the value of a dimension; a missing value is ''.
DIMENSIONS: Mapping[str, str] = {
    "segment": "segment",
    "channel": "acquisition_channel",
    "key_account_type": "key_account_type",
}

# Purchases of one local day are one. An order counts less what was paid back before the end of
# its window, and not at all if that was everything; one that cost nothing is a purchase.
_STATEMENT = """
WITH purchase AS (
    SELECT o.customer_id, CAST(o.ordered_at AT TIME ZONE $2 AS date) AS day,
        o.ordered_at < CAST($4 AS timestamptz) AS seen, o.amount,
        o.amount - CASE WHEN o.refunded = 0 THEN 0 ELSE coalesce((
            SELECT sum(r.amount) FROM refunds r
            WHERE r.workspace_id = CAST($1 AS uuid) AND r.order_external_id = o.external_id
                AND r.refunded_at < CASE
                    WHEN o.ordered_at < CAST($4 AS timestamptz) THEN CAST($4 AS timestamptz)
                    ELSE CAST($5 AS timestamptz) END
        ), 0) END AS net
    FROM orders o
    WHERE o.workspace_id = CAST($1 AS uuid) AND o.currency = $3
        AND o.ordered_at < CAST($5 AS timestamptz)
),
daily AS (
    SELECT customer_id, day, bool_or(seen) AS seen, sum(net) AS value
    FROM purchase WHERE net > 0 OR amount = 0
    GROUP BY customer_id, day
),
placed AS (
    SELECT *, min(day) OVER (PARTITION BY customer_id) AS first FROM daily
),
history AS (
    SELECT customer_id, count(*) FILTER (WHERE seen) - 1 AS x,
        max(day) FILTER (WHERE seen) - min(day) AS t_x, CAST($6 AS date) - min(day) AS age,
        coalesce(avg(value) FILTER (WHERE seen AND day > first), 0) AS mean,
        sum(value) FILTER (WHERE seen) AS total,
        count(*) FILTER (WHERE NOT seen) AS later
    FROM placed GROUP BY customer_id HAVING bool_or(seen)
)
SELECT h.customer_id, CAST(x AS int8), CAST(t_x AS int8), CAST(age AS int8),
    CAST(mean AS float8), CAST(total AS float8), CAST(later AS int8),
    hashtextextended(coalesce(c.segment, ''), 0),
    hashtextextended(coalesce(c.acquisition_channel, ''), 0),
    hashtextextended(coalesce(c.key_account_type, ''), 0)
FROM history h JOIN customers c ON c.workspace_id = CAST($1 AS uuid) AND c.id = h.customer_id
ORDER BY h.customer_id
"""
_MEMBERS = """
SELECT DISTINCT hashtextextended(coalesce({column}, ''), 0) AS code, coalesce({column}, '') AS name
FROM customers WHERE workspace_id = $1
"""
_SPAN = """
SELECT min(ordered_at) FROM orders
WHERE workspace_id = $1 AND currency = $2 AND ordered_at < $3
"""
_COLUMNS = ("x", "t_x", "age", "mean", "total", "later", *DIMENSIONS)
_REALS = {"mean", "total"}
# A row of PostgreSQL's binary COPY: the number of fields, and each with its length before it.
_ROW = np.dtype(
    [("fields", ">i2"), ("length_id", ">i4"), ("customer", "V16")]
    + [
        part
        for name in _COLUMNS
        for part in ((f"length_{name}", ">i4"), (name, ">f8" if name in _REALS else ">i8"))
    ]
)
_HEAD = 19
_TAIL = 2


@dataclass(frozen=True)
class Window:
    """What is looked at: purchases up to a local day, and those after it up to another."""

    workspace_id: UUID
    zone: ZoneInfo
    currency: str
    calibration_end: date
    """The last day of the calibration."""
    holdout_end: date
    """The last day of the holdout; the same where there is none."""

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """The instants at which both have ended."""
        one, other = (
            datetime.combine(day + timedelta(days=1), datetime.min.time(), self.zone)
            for day in (self.calibration_end, self.holdout_end)
        )
        return one, other


@dataclass(frozen=True)
class Customers:
    """One place in each array for every customer, by id."""

    ids: NDArray[np.void]
    x: Ints
    """Days with a purchase, less one."""
    t_x: Ints
    """Days from the first to the last purchase."""
    age: Ints
    """Days from the first purchase to the end of the calibration."""
    mean: Floats
    """Mean value of the days after the first; 0 where there are none."""
    total: Floats
    """What the purchases brought in, less what was paid back."""
    later: Ints
    """Days with a purchase in the holdout."""
    members: Mapping[str, Ints]
    """By dimension, the code of the member that the customer belongs to."""
    names: Mapping[str, Mapping[int, str]]
    hash: str
    """SHA-256 of the rows: the same data give the same."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.x)

    @property
    def repeaters(self) -> int:
        """Customers with more than one day of purchases."""
        return int((self.x > 0).sum())


async def first_day(connection: asyncpg.Connection, window: Window) -> date | None:
    """The local day of the first purchase; None where there is none."""
    end, _ = window.ends
    first = await connection.fetchval(_SPAN, window.workspace_id, window.currency, end)
    return None if first is None else first.astimezone(window.zone).date()


async def read(connection: asyncpg.Connection, window: Window) -> Customers:
    """Read every customer with a purchase in the calibration; some 90 bytes a customer."""
    blocks: list[bytes] = []

    async def keep(block: bytes) -> None:
        blocks.append(bytes(block))

    end, held = window.ends
    asked = (window.workspace_id, window.zone.key, window.currency, end, held)
    await connection.copy_from_query(
        _STATEMENT, *asked, window.calibration_end, output=keep, format="binary"
    )
    sent = b"".join(blocks)
    blocks.clear()
    rows = np.frombuffer(sent, dtype=_ROW, offset=_HEAD, count=(len(sent) - _HEAD) // _ROW.itemsize)
    names = {
        dimension: {
            row["code"]: row["name"]
            for row in await connection.fetch(_MEMBERS.format(column=column), window.workspace_id)
        }
        for dimension, column in DIMENSIONS.items()
    }
    found = {name: rows[name].astype(float if name in _REALS else np.int64) for name in _COLUMNS}
    return Customers(
        ids=rows["customer"].copy(),
        x=found["x"],
        t_x=found["t_x"],
        age=found["age"],
        mean=found["mean"],
        total=found["total"],
        later=found["later"],
        members={dimension: found[dimension] for dimension in DIMENSIONS},
        names=names,
        hash=hashlib.sha256(sent[_HEAD : len(sent) - _TAIL]).hexdigest(),
    )
