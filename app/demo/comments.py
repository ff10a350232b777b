"""What people write into open questions: a small grammar, in Chinese and English."""

import random

#: For each topic: what content people, lukewarm people and angry people say of it.
_Said = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_CHINESE: dict[str, _Said] = {
    "delivery": (
        ("送货很快", "包装完好，提前一天送到", "快递员很有礼貌", "配送时间选得很准"),
        ("送货还可以", "包装有点松", "比预计晚了一天", "物流信息更新慢"),
        ("等了一个多星期才送到", "收到时外箱已经破损", "配送改了三次时间", "物流信息一直不更新"),
    ),
    "service": (
        ("客服很耐心，问题一次解决", "回复及时", "回访员态度很好", "师傅讲解得很清楚"),
        ("客服态度不错，就是要等", "问题解决了，但打了两次电话", "回复有点模板化"),
        ("排队半小时没人接听", "每次都要重复说一遍情况", "答应回电却没有消息", "客服互相推诿"),
    ),
    "product": (
        ("质量和描述一致", "用了几个月一直很稳定", "做工超出预期", "说明书清楚易懂"),
        ("质量一般，够用", "颜色和图片有些差别", "配件不够齐全"),
        ("用了两天就坏了", "和页面描述不一样", "同一个故障修了两次", "做工粗糙"),
    ),
    "price": (
        ("性价比很高", "会员价很实惠", "价格透明，没有额外收费"),
        ("价格中规中矩", "运费略高", "优惠规则太复杂"),
        ("刚买完就降价", "收了没说明的服务费", "比别家贵不少"),
    ),
    "app": (
        ("下单流程简单", "新版页面清爽好用", "退换货在手机上就能办"),
        ("页面有时加载慢", "找发票入口花了点时间", "搜索结果不太准"),
        ("付款时一直报错", "系统打不开，耽误了半天", "登录总是失败", "订单状态显示错误"),
    ),
    "billing": (
        ("发票开得很快", "对账单清楚"),
        ("发票抬头改了一次才对", "对账单来得有点晚"),
        ("发票等了三周", "重复扣款，退款很慢"),
    ),
}
_ENGLISH: dict[str, _Said] = {
    "delivery": (
        ("Delivery was quick", "It arrived a day early and well packed", "The courier was polite"),
        ("Delivery was all right", "It came a day late", "Tracking could be clearer"),
        (
            "It took more than a week to arrive",
            "The box was crushed when it came",
            "The delivery slot was moved three times",
        ),
    ),
    "service": (
        (
            "Support solved it in one call",
            "I got an answer within the hour",
            "The engineer explained everything",
        ),
        ("Friendly staff, but I had to wait", "Solved, though it took two calls"),
        (
            "I waited half an hour and nobody picked up",
            "I had to explain everything again each time",
            "You promised to call back and did not",
        ),
    ),
    "product": (
        ("The product is exactly as described", "Still works flawlessly after months"),
        ("It does the job", "The colour differs a little from the picture"),
        (
            "It broke after two days",
            "Not what the page describes",
            "The same fault came back after the repair",
        ),
    ),
    "price": (
        ("Good value for money", "Clear prices without surprises"),
        ("The price is fair enough", "Shipping is a little expensive"),
        ("The price dropped the day after I bought it", "There was a fee that nobody mentioned"),
    ),
    "app": (
        ("Ordering is simple", "The new pages are pleasant to use"),
        ("Pages load slowly at times", "It took me a while to find the invoice"),
        (
            "Paying failed again and again",
            "The site was down and cost us half a day",
            "I could not sign in for two days",
        ),
    ),
    "billing": (
        ("The invoice came at once", "The statement is easy to check"),
        ("The invoice needed one correction", "The statement came a little late"),
        ("I waited three weeks for an invoice", "I was charged twice, and the refund is slow"),
    ),
}
_CHINESE_ENDS = (
    ("，会继续光顾。", "，谢谢！", "，推荐给同事了。", "。", "，保持下去。"),
    ("，希望改进。", "，总体还行。", "。", "，建议优化一下。"),
    ("，非常失望。", "，请尽快处理。", "，不会再买了。", "，希望给个说法。"),
)
_ENGLISH_ENDS = (
    (". Will buy again.", ". Thank you!", ". I told my colleagues about you.", "."),
    (". There is room for improvement.", ". Fine overall.", "."),
    (". Very disappointing.", ". Please sort this out.", ". I will not order again."),
)
#: Of the outage people speak as of something that everybody knows.
_OUTAGE = {
    "zh-CN": ("这个月系统故障太频繁了", "故障期间完全联系不上你们", "宕机那几天订单全乱了"),
    "en": (
        "The system failed far too often this month",
        "Nobody could be reached during the outage",
        "Our orders got lost in the outage",
    ),
}
TOPICS = tuple(_CHINESE)


def comment(stream: random.Random, language: str, mood: float, trouble: float) -> str:
    """One or two clauses; `mood` says how content, `trouble` (0 to 1) how likely the outage."""
    chinese = language == "zh-CN"
    book = _CHINESE if chinese else _ENGLISH
    tone = 0 if mood > 0.4 else 1 if mood > -0.6 else 2
    clauses = [stream.choice(book[topic][tone]) for topic in stream.sample(TOPICS, 2)]
    if tone == 2 and stream.random() < 0.7 * trouble:
        clauses[0] = stream.choice(_OUTAGE["zh-CN" if chinese else "en"])
    if stream.random() < 0.55:
        clauses = clauses[:1]
    end = stream.choice((_CHINESE_ENDS if chinese else _ENGLISH_ENDS)[tone])
    if chinese:
        return "，".join(clauses) + end
    if len(clauses) == 2:
        clauses[1] = clauses[1] if clauses[1].startswith("I ") else _lowered(clauses[1])
    return (" and " if tone != 1 else ", but ").join(clauses) + end


def _lowered(clause: str) -> str:
    return clause[0].lower() + clause[1:]
