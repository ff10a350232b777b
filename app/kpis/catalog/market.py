"""The KPIs of acquisition and of the market: leads, spend, cost, payback, share, referrals."""

from app.kpis.acquisition_cost import BASIS as COST_BASIS
from app.kpis.acquisition_cost import LAG, compare_costs, measure_acquisition_cost
from app.kpis.acquisition_spend import (
    SPEND_DIMENSIONS,
    compare_nothing,
    measure_acquisition_spend,
)
from app.kpis.declaration import Kpi
from app.kpis.lead_conversion import LEAD_DIMENSIONS, WITHIN, measure_lead_conversion
from app.kpis.ltv_to_cac import OPTIONS as RATIO_OPTIONS
from app.kpis.ltv_to_cac import compare_ratios, measure_ltv_to_cac
from app.kpis.market_share import measure_market_share
from app.kpis.payback import FORM, MARGIN, measure_payback
from app.kpis.purchases import CUSTOMER_DIMENSIONS
from app.kpis.referrals import REFERRAL_DIMENSIONS, measure_referrals
from app.kpis.refund_basis import REFUND_BASIS
from app.kpis.retention import compare_shares
from app.kpis.sales import BASIS as SHARE_BASIS
from app.problems import Text

_PRORATED = Text(
    " A statement of other days counts by its share of local days, with a warning; days for "
    "which nothing is stated are counted and not taken as free.",
    "支出数据按所覆盖的当地日比例计入（并给出提示）；没有数据的日期单独列出，不视为零支出。",
)

LEAD_CONVERSION = Kpi(
    id="lead-conversion",
    version=1,
    family="customers",
    name=Text("Lead conversion", "线索转化率"),
    formula=Text(
        "New customers / leads created in the period. A lead counts as a new customer if its "
        "customer's first ever purchase (an order that is not fully refunded within the days) "
        "lies on the lead's local day or at most within_days (90) later. A customer's second "
        "lead and leads of those who had bought before are left out. While a lead that was not "
        "won has time left, the figure warns incomplete_cohort; complete gives the same for the "
        "leads whose days are over.",
        "新客户数 / 期间内产生的线索数。若线索对应客户的首次购买（在该期限内未全额退款的订单）"
        "发生在线索产生当日或其后 within_days（默认 90）个当地日内，则计为新客户。"
        "同一客户的后续线索，以及此前已有购买的客户的线索不计入。仍有未到期线索时提示 "
        "incomplete_cohort；complete 为期限已满的线索的转化率。",
    ),
    numerator=Text("Leads whose customer first bought in time", "在期限内首次购买的线索数"),
    denominator=Text("Leads created in the period", "期间内产生的线索数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_lead_conversion,
    compare=compare_shares,
    dimensions=tuple(LEAD_DIMENSIONS),
    options=(WITHIN,),
    rests_on=("purchases", "leads"),
)

ACQUISITION_SPEND = Kpi(
    id="acquisition-spend",
    version=1,
    family="customers",
    name=Text("Acquisition spend", "获客支出"),
    formula=Text(
        "Sum of the amounts stated for the period." + _PRORATED.en,
        "期间内所申报获客支出的合计。" + _PRORATED.zh,
    ),
    numerator=Text("Amounts stated", "申报金额"),
    denominator=Text("Local days of the period", "期间的当地日数"),
    unit="money",
    direction="lower",
    interval="none",
    measure=measure_acquisition_spend,
    compare=compare_nothing,
    dimensions=SPEND_DIMENSIONS,
    tells_of_people=False,
    joins_dimensions=False,
    rests_on=("acquisition_spend",),
)

CAC = Kpi(
    id="cac",
    version=1,
    family="customers",
    name=Text("Customer acquisition cost", "获客成本"),
    formula=Text(
        "Acquisition spend / new customers of the period, as in acquisition. lag_days takes the "
        "spend of so many local days earlier. basis=paid: paid spend / new customers of the "
        "channels that have any. Without new customers there is no value, and the spend is "
        "reported. Interval: Garwood's of the expected number of customers." + _PRORATED.en,
        "获客支出 / 期间内的新客户数（口径同 acquisition）。lag_days 取早若干当地日的支出。"
        "basis=paid：付费支出 / 有付费支出的渠道的新客户数。没有新客户时无数值，仍列出支出。"
        "区间：新客户期望数的 Garwood 区间。" + _PRORATED.zh,
    ),
    numerator=Text("Acquisition spend", "获客支出"),
    denominator=Text("New customers", "新客户数"),
    unit="money",
    direction="lower",
    interval="garwood",
    measure=measure_acquisition_cost,
    compare=compare_costs,
    dimensions=("channel",),
    joins_dimensions=False,
    options=(COST_BASIS, LAG),
    rests_on=("purchases", "acquisition_spend"),
)

PAYBACK = Kpi(
    id="payback",
    version=1,
    family="customers",
    name=Text("Payback", "获客成本回收期"),
    formula=Text(
        "Months until the new customers of the period have earned their acquisition cost. "
        "form=curve: the first month by whose end margin x net revenue per new customer since "
        "the first purchase reaches the cost, looking only at months that all of them have "
        "completed; none if it is not reached there. form=formula: cost / (margin x net "
        "revenue per new customer and month observed). A month is a twelfth of 365.25 days; "
        "refunds count on their own date; revenue up to now.",
        "期间内新客户收回获客成本所需的月数。form=curve：自首次购买起，每位新客户的"
        "「毛利率 x 净收入」累计达到成本的首个月，仅看全部新客户都已经历的月份；"
        "若未达到则无数值。form=formula：成本 /（毛利率 x 每位新客户每月净收入）。"
        "一个月为 365.25 天的十二分之一；退款计入退款日期；收入计至当前。",
    ),
    numerator=Text("Acquisition cost of a customer", "单个客户的获客成本"),
    denominator=Text("Margin earned by a new customer", "每位新客户带来的毛利"),
    unit="months",
    direction="lower",
    interval="none",
    measure=measure_payback,
    compare=compare_nothing,
    dimensions=("channel",),
    joins_dimensions=False,
    options=(FORM, MARGIN, COST_BASIS, LAG),
    rests_on=("purchases", "acquisition_spend"),
)

MARKET_SHARE = Kpi(
    id="market-share",
    version=1,
    family="customers",
    name=Text("Market share", "市场份额"),
    formula=Text(
        "Own / market total, by basis: value (orders less refunds of the period), units "
        "(quantities of orders that are not fully refunded by its end) or customers who bought. "
        "The total is stated from outside, and named in sources; without one for every day of "
        "the period there is no value. value and units of a longer statement count by its share "
        "of local days, with a warning; for customers the period must be that of the statement. "
        "relative_share: own / the largest competitor. lowest and highest: with the total at "
        "both ends of its stated error margin. Groups are parts of the same total.",
        "自身 / 市场总量，口径 basis：value（期间内订单减退款）、units（期末未全额退款订单的"
        "数量）或 customers（有购买的客户数）。市场总量由外部提供，来源列于 sources；"
        "若期间内有任何一天没有总量则无数值。value 与 units 可按当地日比例折算较长期间的总量"
        "（并给出提示）；customers 的期间必须与总量的期间一致。relative_share：自身 / 最大"
        "竞争者。lowest 与 highest：总量取误差上下限时的份额。各分组均以同一总量为分母。",
    ),
    numerator=Text("Our own sales, units or customers", "自身的销售额、数量或客户数"),
    denominator=Text("The market total that is stated", "所申报的市场总量"),
    unit="ratio",
    direction="higher",
    interval="none",
    measure=measure_market_share,
    compare=compare_nothing,
    dimensions=tuple(CUSTOMER_DIMENSIONS),
    of_numerator=tuple(CUSTOMER_DIMENSIONS),
    options=(SHARE_BASIS, REFUND_BASIS),
    rests_on=("purchases", "market_totals"),
)

LTV_TO_CAC = Kpi(
    id="ltv-to-cac",
    version=1,
    family="customers",
    name=Text("Lifetime value to acquisition cost", "客户终身价值与获客成本之比"),
    formula=Text(
        "Lifetime value (margin x net revenue per customer, up to the end of the period, as in "
        "lifetime-value) / customer acquisition cost of the period (blended, as in cac). "
        "mode=predictive: the total value that a model run expects, past and future. Both on the "
        "margin that is given; without one there is no value, for revenue over cost would "
        "flatter. net: the value less the cost. Interval: delta method on the logarithm, the two "
        "taken as independent.",
        "客户终身价值（毛利率 x 每位客户净收入，累计至期末，口径同 lifetime-value）/ "
        "期间的获客成本（全部支出，口径同 cac）。mode=predictive：模型运行给出的总价值"
        "（已实现加未来）。两者采用同一毛利率；未给出毛利率时无数值，"
        "因为以收入比成本会虚高。net：价值减成本。区间：对数的 delta 法，两者视为独立。",
    ),
    numerator=Text("Lifetime value of a customer, in margin", "单个客户的终身价值（毛利）"),
    denominator=Text("Acquisition cost of a customer", "单个客户的获客成本"),
    unit="ratio",
    direction="higher",
    interval="delta_log",
    measure=measure_ltv_to_cac,
    compare=compare_ratios,
    dimensions=("channel",),
    joins_dimensions=False,
    options=RATIO_OPTIONS,
    rests_on=("purchases", "acquisition_spend"),
)

REFERRAL_RATE = Kpi(
    id="referral-rate",
    version=1,
    family="customers",
    name=Text("Referral rate", "转介绍率"),
    formula=Text(
        "New customers whose channel of acquisition is referral / new customers of the period, "
        "as in acquisition. What people say they would do is recommendation-rate; this is what "
        "happened. without_channel: new customers of whom nobody said how they came.",
        "获客渠道为 referral 的新客户数 / 期间内的新客户数（口径同 acquisition）。"
        "recommendation-rate 是意愿，本指标是实际发生的转介绍。"
        "without_channel：未记录获客渠道的新客户数。",
    ),
    numerator=Text("New customers by referral", "转介绍的新客户数"),
    denominator=Text("New customers", "新客户数"),
    unit="ratio",
    direction="higher",
    interval="wilson",
    measure=measure_referrals,
    compare=compare_shares,
    dimensions=REFERRAL_DIMENSIONS,
)

KPIS: tuple[Kpi, ...] = (
    LEAD_CONVERSION,
    ACQUISITION_SPEND,
    CAC,
    PAYBACK,
    MARKET_SHARE,
    LTV_TO_CAC,
    REFERRAL_RATE,
)
