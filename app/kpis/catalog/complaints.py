"""The KPIs of complaints."""

from app.kpis.complaint_counts import OF_COMPLAINTS
from app.kpis.complaint_rate import (
    ATTRIBUTION,
    BASIS,
    DIMENSIONS,
    compare_complaint_rates,
    measure_complaint_rate,
)
from app.kpis.declaration import Kpi
from app.problems import Text

COMPLAINT_RATE = Kpi(
    id="complaint-rate",
    version=1,
    family="complaints",
    name=Text("Complaint rate", "投诉率"),
    formula=Text(
        "1,000 x complaints / orders placed in the period (refunded orders too). Complaints: "
        "cases of the kind complaint, and others that express dissatisfaction and expect an "
        "answer, by the local date on which it happened (that of receipt where none was given); "
        "without merged cases, duplicates and what was found to be no complaint. "
        "basis=customers: 1,000 x customers who complained and ordered / customers who ordered "
        "in the period (Wilson's interval). attribution=order: complaints about orders of the "
        "period, whenever they came (without_known_order: made in the period, about no order that "
        "is known). Segment and key-account type, the customer's own as "
        "they are now, select both sides; channel, category and severity select complaints "
        "only, over the same orders.",
        "1,000 x 投诉件数 / 期间内的订单数（含已退款订单）。投诉：类型为投诉的工单，以及表达不满"
        "并期望答复的其他来访，按事发的当地日期计（未提供时按受理日期）；不含已合并、重复以及"
        "认定为非投诉的工单。basis=customers：1,000 x 期间内下单且投诉的客户数 / 期间内下单的"
        "客户数（Wilson 区间）。attribution=order：投诉归入其所涉订单所在期间，无论何时提出"
        "（without_known_order：期间内提出但未关联已知订单）。细分与大客户类型取客户当前的属性，同时作用于分子与分母；"
        "渠道、类别与严重程度只作用于投诉，分母为同样的订单。",
    ),
    numerator=Text(
        "Complaints (basis=customers: customers who complained)",
        "投诉件数（basis=customers：投诉的客户数）",
    ),
    denominator=Text(
        "Orders (basis=customers: customers who ordered)",
        "订单数（basis=customers：下单的客户数）",
    ),
    unit="per_thousand",
    direction="lower",
    interval="garwood",
    measure=measure_complaint_rate,
    compare=compare_complaint_rates,
    dimensions=DIMENSIONS,
    of_numerator=tuple(OF_COMPLAINTS),
    options=(BASIS, ATTRIBUTION),
)

KPIS: tuple[Kpi, ...] = (COMPLAINT_RATE,)
