"""Which local days of orders and refunds have changed, and when.

An order counts on its own day, a refund on the day it is booked on, never before its order.
"""

from app.restatements.days import ChangedDays
from app.restatements.listed import ListedDays

#: Rows tell less than the list: not from which day something was moved away, nor when an order
#: changed before it was last paid back, because a refund stamps its order too.
PURCHASE_DAYS = ListedDays(
    source="purchases",
    rollup="purchase_rollups",
    table="purchase_changes",
    waiting="NOT folded",
    take="UPDATE purchase_changes SET folded = true",
    rows="""
    SELECT (o.ordered_at AT TIME ZONE :time_zone)::date AS day,
        CASE WHEN o.refunded > 0 AND EXISTS (
            SELECT FROM refunds r WHERE r.workspace_id = :workspace_id
                AND r.order_external_id = o.external_id AND r.updated_at = o.updated_at
        ) THEN o.created_at ELSE o.updated_at END AS changed_at
    FROM orders o WHERE o.workspace_id = :workspace_id AND o.updated_at >= :since
    UNION ALL
    SELECT (greatest(r.refunded_at, o.ordered_at) AT TIME ZONE :time_zone)::date, r.updated_at
    FROM refunds r JOIN orders o
        ON o.workspace_id = :workspace_id AND o.external_id = r.order_external_id
    WHERE r.workspace_id = :workspace_id AND r.updated_at >= :since
        AND o.updated_at >= :since""",
)
#: For money that is paid back on the day of its order. A refund stamps the order that it is of.
REFUNDED_ORDER_DAYS = ChangedDays("""
    SELECT day, changed_at FROM (
        SELECT (ordered_at AT TIME ZONE :time_zone)::date AS day, updated_at AS changed_at
        FROM orders
        WHERE workspace_id = :workspace_id AND refunded > 0 AND updated_at >= :since
    ) AS refunded WHERE day >= :first AND day < :last""")
