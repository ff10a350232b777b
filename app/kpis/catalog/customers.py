"""The KPIs of customers: retention, repeat purchases, acquisition, lifetime value."""

from app.kpis.acquisition import compare_rates, measure_acquisition
from app.kpis.acquisition_cost import LAG
from app.kpis.declaration import Kpi
from app.kpis.lifetime_value import (
    COHORT,
    DISCOUNT,
    DISCOUNTED,
    MARGIN,
    SERVICE_COST,
    compare_means,
)
from app.kpis.predicted_value import HORIZON, MODE, UNRELIABLE, count_valued, measure_value
from app.kpis.purchases import CUSTOMER_DIMENSIONS
from app.kpis.refund_basis import REFUND_BASIS
from app.kpis.retention import FORMULA, WINDOW, compare_shares, measure_retention
from app.kpis.returning import WITHIN_DAYS, measure_repeats
from app.kpis.value_less_cost import ACQUISITION_COST
from app.problems import Text

DIMENSIONS = tuple(CUSTOMER_DIMENSIONS)

_PURCHASE = Text(
    " A purchase is an order that is not fully refunded by the end of the period; several on one "
    "local day are one. Segment, key-account type and channel are the customer's own (channel: "
    "of the acquisition), as they are now.",
    "购买：截至期末未全额退款的订单；同一客户在同一当地日的多笔订单计为一次。"
    "细分、大客户类型与渠道（获客渠道）均取客户当前的属性。",
)


def with_purchase(en: str, zh: str) -> Text:
    """A formula, followed by what a purchase is."""
    return Text(en + _PURCHASE.en, zh + _PURCHASE.zh)


RETENTION = Kpi(
    id="retention",
    version=1,
    family="customers",
    name=Text("Customer retention", "客户保留率"),
    formula=with_purchase(
        "|S and E| / |S|. S, E: customers with a purchase in the window_days local days (90) "
        "before the period begins, before it ends. N: of E, not in S and without a purchase "
        "before the period. reactivated: of E, neither in S nor in N; E = retained + N + "
        "reactivated. churn = 1 - retention; annualised 1 - (1 - churn)^(periods in a year). "
        "formula=classic gives (E - N) / S, which counts "
        "reactivated customers as retained. Periods are compared as independent shares.",
        "保留率 = |S 与 E 的交集| / |S|。S、E：期初、期末之前 window_days（默认 90）个当地日内"
        "有购买的客户。N：属于 E、不属于 S、且期初之前没有购买的客户。reactivated（回流）："
        "属于 E、既不属于 S 也不属于 N 的客户；E = retained + N + reactivated。"
        "流失率 = 1 - 保留率；年化流失率 = 1 - (1 - 流失率)^(一年内的期数)。"
        "formula=classic 给出 (E - N) / S，会把回流客户计为保留。"
        "不同期间按相互独立的比例进行比较。",
    ),
    numerator=Text(
        "Customers active at the start who are active at the end (retained); beside it E, N and "
        "reactivated",
        "期初活跃且期末仍活跃的客户数（retained），并列出 E、N 与 reactivated",
    ),
    denominator=Text("Customers active at the start (S)", "期初活跃客户数（S）"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_retention,
    compare=compare_shares,
    dimensions=DIMENSIONS,
    options=(WINDOW, FORMULA),
)

REPEAT_PURCHASE_RATE = Kpi(
    id="repeat-purchase-rate",
    version=1,
    family="customers",
    name=Text("Repeat-purchase rate", "重复购买率（回头率）"),
    formula=with_purchase(
        "Customers with purchases on at least 2 local days of the period / customers with at "
        "least 1. Those who first bought late in the period had less time to return; with "
        "within_days, the share of those who first bought in the period who return within so "
        "many days: 1 - S(within_days) by Kaplan and Meier on the time to the second purchase, "
        "censored at the end of the period.",
        "期间内在至少 2 个当地日有购买的客户数 / 期间内有购买的客户数。"
        "临近期末首次购买的客户可供再次购买的时间较短；指定 within_days 时，为期间内首次购买的客户"
        "在该天数内再次购买的比例：按 Kaplan-Meier 对再次购买时间估计的 1 - S(within_days)，"
        "以期末为删失时点。",
    ),
    numerator=Text("Customers who bought on two or more days", "在两个或更多当地日购买的客户数"),
    denominator=Text("Customers who bought", "有购买的客户数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_repeats,
    compare=compare_shares,
    dimensions=DIMENSIONS,
    options=(WITHIN_DAYS,),
)

ACQUISITION = Kpi(
    id="acquisition",
    version=1,
    family="customers",
    name=Text("Customer acquisition", "客户获取率"),
    formula=with_purchase(
        "New customers / customers at start. New: the first ever purchase lies in the period. "
        "Customers at start: with any purchase before it that is not fully refunded by then. A "
        "rate, not a share: it may exceed 1, so new customers are taken as a Poisson count over "
        "the customers at start (Garwood's interval). New customers by channel: compare by "
        "channel.",
        "新客户数 / 期初客户数。新客户：首次购买发生在期间内。期初客户：期初之前有购买"
        "（且届时未全额退款）的客户。该值是比率而非占比，可以大于 1，因此把新客户数视为"
        "以期初客户数为暴露量的泊松计数（Garwood 区间）。"
        "按渠道比较（compare）可得各渠道的新客户数。",
    ),
    numerator=Text("New customers", "新客户数"),
    denominator=Text("Customers at start", "期初客户数"),
    unit="ratio",
    direction="higher",
    interval="garwood",
    measure=measure_acquisition,
    compare=compare_rates,
    dimensions=DIMENSIONS,
)

LIFETIME_VALUE = Kpi(
    id="lifetime-value",
    version=2,
    family="customers",
    name=Text("Lifetime value", "客户终身价值"),
    formula=with_purchase(
        "Mean over customers of margin x (orders - refunds), from the first day on up to the end "
        "of the period; a refund counts on its own date. Customers: all with a purchase before "
        "the end of the period (cohort=acquired: those whose first purchase lies in it). Median "
        "and deciles interpolate linearly. Orders in several currencies are not added up: there "
        "is no value then. With service_cost, so much is taken off for each order; with "
        "discounted=yes each order and refund is divided by (1 + discount_annual) to the power "
        "of the years of 365.25 days since the customer's first order. With acquisition_cost=yes "
        "and cohort=acquired each customer bears the cost of a new one (blended, as in cac); new "
        "customers then count as a Poisson count, so that the variance grows by the square of "
        "the cost. For cohort=all, and by anything but the channel, it is not stated: no value. "
        "mode=predictive: mean over the customers of a model run (BG/NBD or Pareto/NBD) of "
        "margin x (P(alive) x discounted expected purchases within horizon_months x expected "
        "value of a purchase by Gamma-Gamma); residual is what is to come, total adds what was "
        "counted; the interval is of parameters drawn from their covariance.",
        "各客户「毛利率 x（订单金额 - 退款）」的平均值，从最初累计至期末；退款计入退款日期。"
        "客户范围：期末之前有购买的全部客户（cohort=acquired：首次购买发生在期间内的客户）。"
        "中位数与十分位数采用线性插值。订单涉及多种币种时不相加，没有数值。"
        "给出 service_cost 时，每笔订单扣除该成本；discounted=yes 时，每笔订单和退款除以 "
        "(1 + discount_annual) 的 n 次方，n 为距该客户首笔订单的年数（每年 365.25 天）。"
        "acquisition_cost=yes 且 cohort=acquired 时，每位客户扣除单个新客户的获客成本"
        "（全部支出，口径同 cac）；此时新客户数视为泊松计数，方差增加成本的平方。"
        "cohort=all 或按渠道以外的维度时没有获客成本数据，因此没有数值。"
        "mode=predictive：模型运行（BG/NBD 或 Pareto/NBD）所含客户的「毛利率 x 存活概率 x "
        "horizon_months 内折现的预期购买次数 x 每次购买的预期金额（Gamma-Gamma）」的平均值；"
        "residual 为未来价值，total 另加已实现价值；区间由参数按其协方差抽样得到。",
    ),
    numerator=Text(
        "Margin on orders less refunds of these customers; predictive: what is expected of them",
        "这些客户的订单减退款后的毛利合计；预测模式下为其预期价值",
    ),
    denominator=Text("Customers", "客户数"),
    unit="money",
    direction="higher",
    interval="t",
    measure=measure_value,
    counting=count_valued,
    compare=compare_means,
    dimensions=DIMENSIONS,
    options=(
        MODE,
        COHORT,
        MARGIN,
        SERVICE_COST,
        DISCOUNTED,
        REFUND_BASIS,
        ACQUISITION_COST,
        LAG,
        HORIZON,
        DISCOUNT,
        UNRELIABLE,
    ),
)

KPIS: tuple[Kpi, ...] = (RETENTION, REPEAT_PURCHASE_RATE, ACQUISITION, LIFETIME_VALUE)
