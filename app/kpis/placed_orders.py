"""The orders of periods, each with its period and the one at whose end it was fully refunded."""

from app.kpis.declaration import Scope
from app.kpis.purchases import filtered, join_customers, member_of

_PLACED = """(
    SELECT {member} AS member, {columns},
        width_bucket(o.ordered_at, CAST(:points AS timestamptz[])) AS point,
        CASE WHEN o.refunded = o.amount AND o.amount > 0 THEN (
            SELECT width_bucket(
                max(greatest(r.refunded_at, o.ordered_at)), CAST(:points AS timestamptz[]))
            FROM refunds r
            WHERE r.workspace_id = :workspace_id AND r.order_external_id = o.external_id
        ) END AS undone
    FROM orders o {customers}
    WHERE o.workspace_id = :workspace_id AND o.ordered_at >= CAST(:first AS timestamptz)
        AND o.ordered_at < CAST(:last AS timestamptz) {conditions}
) AS placed"""


def placed_orders(scope: Scope, by: str | None, columns: str) -> str:
    """A table `placed` with `member`, `point`, `undone` and the given columns of orders `o`.

    `undone` is null while something of the order is left; an order stands at the end of its own
    period where `undone` is null or greater than `point`.
    """
    return _PLACED.format(
        member=member_of(by),
        columns=columns,
        customers=join_customers(scope, by),
        conditions=filtered(scope),
    )
