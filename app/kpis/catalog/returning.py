"""The KPIs of coming back and of what orders and earlier customers bring in."""

from app.kpis.catalog.customers import DIMENSIONS, with_purchase
from app.kpis.declaration import Kpi
from app.kpis.designated_purchases import measure_designated_purchases
from app.kpis.order_value import average_orders, measure_order_value
from app.kpis.refund_basis import REFUND_BASIS
from app.kpis.retention import compare_shares
from app.kpis.returning import compare_nothing, measure_time_to_second
from app.kpis.returning_share import measure_returning_share
from app.kpis.revenue_retention import measure_revenue_retention
from app.problems import Text

RETURNING_SHARE = Kpi(
    id="returning-share",
    version=1,
    family="customers",
    name=Text("Returning share", "老客户占比"),
    formula=with_purchase(
        "Buyers of the period with a purchase before it / buyers of the period.",
        "期间内有购买且期初之前已有购买的客户数 / 期间内有购买的客户数。",
    ),
    numerator=Text("Buyers who had bought before the period", "期初之前已有购买的客户数"),
    denominator=Text("Customers who bought in the period", "期间内有购买的客户数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_returning_share,
    compare=compare_shares,
    dimensions=DIMENSIONS,
)

TIME_TO_SECOND_PURCHASE = Kpi(
    id="time-to-second-purchase",
    version=1,
    family="customers",
    name=Text("Time to the second purchase", "再次购买时间"),
    formula=with_purchase(
        "The median of the days from the first purchase to the second: the first time at which "
        "the Kaplan-Meier curve is at most a half. Watched are all customers in the days of the "
        "period; who first bought before it enters late, who has not returned at its end is "
        "censored. Null if fewer than half return. Interval: where the log-log band holds a half.",
        "从首次购买到再次购买的天数的中位数：Kaplan-Meier 曲线首次不高于一半的时间。"
        "观察对象为期间内的全部客户：期初之前首次购买的客户延迟进入，期末尚未再次购买者删失。"
        "不足半数再次购买时为空。区间：log-log 置信带包含一半的时间范围。",
    ),
    numerator=Text("Customers who returned in the period", "期间内再次购买的客户数"),
    denominator=Text("Customers watched in the period", "期间内被观察的客户数"),
    unit="days",
    direction="lower",
    interval="brookmeyer_crowley",
    measure=measure_time_to_second,
    compare=compare_nothing,
    dimensions=DIMENSIONS,
)

ORDER_VALUE = Kpi(
    id="order-value",
    version=1,
    family="customers",
    name=Text("Single-transaction amount", "单笔交易金额"),
    formula=with_purchase(
        "(Orders placed in the period - refunds booked in it) / orders placed in it that stand "
        "at its end, in one currency. Beside it, of the amounts of these orders: the median, and "
        "the mean without the 5 % smallest and the 5 % largest. A few large orders move the mean "
        "far, so it has no interval.",
        "（期间内下单金额 - 期间内入账的退款）/ 期间内下单且期末未全额退款的订单数，须为同一币种。"
        "并列给出这些订单金额的中位数，以及去掉最小 5 % 与最大 5 % 后的平均值。"
        "少数大额订单会显著影响均值，因此不给出区间。",
    ),
    numerator=Text("Net revenue of the period", "期间净收入"),
    denominator=Text("Orders of the period", "期间订单数"),
    unit="money",
    direction="higher",
    interval="none",
    measure=measure_order_value,
    counting=average_orders,
    compare=compare_nothing,
    dimensions=DIMENSIONS,
    options=(REFUND_BASIS,),
)

DESIGNATED_PURCHASE_RATE = Kpi(
    id="designated-purchase-rate",
    version=1,
    family="customers",
    name=Text("Designated-purchase rate", "指名购买率"),
    formula=Text(
        "Orders of the period for which the buyer asked for the brand by name / orders of the "
        "period that say whether the buyer did (asked_for_brand of an order). An order counts if "
        "it is not fully refunded by the end of the period; how many do not say it stands in "
        "excluded. What people name when they are asked is brand-designation; this is what they "
        "did. Interval: Wilson, orders taken as independent.",
        "期间内买方指名购买本品牌的订单数 / 期间内说明了是否指名的订单数"
        "（订单的 asked_for_brand）。仅计入截至期末未全额退款的订单；未说明的订单数列于 excluded。"
        "brand-designation 是受访者被问及时说出的品牌，本指标是实际购买行为。"
        "区间：Wilson 法，视各订单相互独立。",
    ),
    numerator=Text("Orders for which the brand was asked for", "指名购买本品牌的订单数"),
    denominator=Text("Orders that say whether it was", "说明了是否指名的订单数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_designated_purchases,
    compare=compare_shares,
    dimensions=DIMENSIONS,
    rests_on=("orders",),
)

REVENUE_RETENTION = Kpi(
    id="revenue-retention",
    version=1,
    family="customers",
    name=Text("Revenue retention (net and gross)", "收入留存率（净额与总额）"),
    formula=Text(
        "Of the customers who brought in something in the base (the calendar units, or as many "
        "days, just before the period; as far as the period has come): net = what they bring in "
        "in the period / what they brought in in the base. gross = sum of the lesser of both / "
        "base, so that growth of one does not make up for the loss of another. revenue_churn = "
        "1 - gross, expansion = net - gross. Orders less refunds, each on its own date, by "
        "currency: several are not added up.",
        "基期（期间之前紧邻的同样多个日历单位或天数；期间未结束时截至同样进度）内带来收入的客户："
        "net = 其本期金额 / 其基期金额；gross = 两期中较小者之和 / 基期金额，"
        "因此一个客户的增长不抵消另一个客户的流失。revenue_churn = 1 - gross，"
        "expansion = net - gross。金额 = 订单减退款，各计入其发生日期；不同币种不相加。",
    ),
    numerator=Text("Revenue of these customers in the period", "这些客户的本期收入"),
    denominator=Text("Their revenue in the base", "这些客户的基期收入"),
    unit="ratio",
    direction="higher",
    interval="none",
    measure=measure_revenue_retention,
    compare=compare_nothing,
    dimensions=DIMENSIONS,
    options=(REFUND_BASIS,),
)

KPIS: tuple[Kpi, ...] = (
    RETURNING_SHARE,
    TIME_TO_SECOND_PURCHASE,
    ORDER_VALUE,
    DESIGNATED_PURCHASE_RATE,
    REVENUE_RETENTION,
)
