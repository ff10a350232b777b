"""When money that is paid back counts: on its own day, or with the order that it was paid for."""

from app.kpis.declaration import Option, Scope
from app.kpis.purchases import chosen
from app.problems import Text

REFUND_BASIS = Option(
    "refund_basis",
    Text(
        "refund_date: money paid back counts on the day on which it was, so that a period that is "
        "over stays as it was. original_order: with its order, whenever it was paid back, and an "
        "order that was fully refunded since is none. Counted from the rows: slower.",
        "refund_date：退款计入退款发生日，已结束期间的数值不再变动。original_order：退款冲减其原订单，"
        "无论何时退款，此后全额退款的订单不计。逐行统计，较慢。",
    ),
    values=("refund_date", "original_order"),
    default="refund_date",
)
#: What is left of an order `o`.
NET = "o.amount - o.refunded"
#: Of an order `o`, that it was not fully refunded by now.
LEFT = "(o.refunded < o.amount OR o.amount = 0)"


def with_orders(scope: Scope) -> bool:
    """Whether refunds count with their orders."""
    return chosen(scope, REFUND_BASIS) == "original_order"
