"""What people complain of, ask and praise, and what the house answers; in Chinese and English."""

from app.complaints.kinds import Kind
from app.problems import Text

#: For each kind: the category, what is said of it, and the root cause that is found in the end.
MATTERS: dict[Kind, tuple[tuple[str, Text, str | None], ...]] = {
    "complaint": (
        (
            "delivery",
            Text(
                "The order was promised for last week and is still not here.",
                "订单承诺上周送达，至今没有收到。",
            ),
            "carrier_delay",
        ),
        (
            "delivery",
            Text(
                "The parcel arrived broken and part of it is missing.", "包裹破损，并且少了配件。"
            ),
            "packaging",
        ),
        (
            "product",
            Text(
                "It stopped working after a few days and the shop sent me away.",
                "用了几天就坏了，门店不给处理。",
            ),
            "defective_batch",
        ),
        (
            "billing",
            Text(
                "I was charged twice and nobody pays the money back.",
                "重复扣款，一直没有退回。",
            ),
            "payment_error",
        ),
        (
            "billing",
            Text(
                "There is a service fee on the invoice that nobody mentioned.",
                "账单里有一笔事先没有说明的服务费。",
            ),
            "unclear_terms",
        ),
        (
            "service",
            Text(
                "I called four times and had to explain everything from the beginning.",
                "打了四次电话，每次都要从头说起。",
            ),
            "handover",
        ),
        (
            "service",
            Text("The promised call-back never came.", "承诺的回电一直没有打来。"),
            "understaffed",
        ),
        (
            "system",
            Text(
                "Paying failed, but the money was taken from the account.",
                "付款页面报错，但钱已经扣了。",
            ),
            "system_outage",
        ),
    ),
    "fault_repair": (
        (
            "device",
            Text(
                "The machine switches itself off after some minutes.", "设备运行几分钟就自动关机。"
            ),
            "defective_part",
        ),
        (
            "device",
            Text("It leaks, and an error code is on the display.", "设备漏水，屏幕显示错误代码。"),
            "worn_seal",
        ),
        (
            "installation",
            Text(
                "Since it was installed the connection drops every evening.",
                "安装之后每天晚上都断线。",
            ),
            "wrong_setup",
        ),
        (
            "system",
            Text(
                "We cannot sign in since this morning; our shop stands still.",
                "今天早上起无法登录，门店停摆。",
            ),
            "system_outage",
        ),
    ),
    "consulting": (
        (
            "contract",
            Text(
                "Which plan suits a company with three branches?",
                "公司有三家分店，选哪种方案合适？",
            ),
            None,
        ),
        (
            "warranty",
            Text("Does the extended warranty cover wear?", "延保是否包含易损件？"),
            None,
        ),
    ),
    "enquiry": (
        ("order_status", Text("Where is my order now?", "我的订单现在到哪里了？"), None),
        ("billing", Text("When will the invoice be issued?", "发票什么时候能开出来？"), None),
        ("opening_hours", Text("When is the branch open at weekends?", "网点周末几点营业？"), None),
    ),
    "report": (
        (
            "staff_conduct",
            Text(
                "A fitter offered to do the work privately, without a receipt.",
                "安装人员提出私下收费、不开票据。",
            ),
            "misconduct",
        ),
        (
            "counterfeit",
            Text(
                "A reseller sells copies under your name.",
                "有经销商以贵公司名义销售仿冒品。",
            ),
            "reseller",
        ),
    ),
    "opinion": (
        (
            "app",
            Text(
                "The new start page puts advertisements before my orders.",
                "新版首页把广告放在了订单前面。",
            ),
            None,
        ),
        (
            "price",
            Text("The discount rules are too complicated.", "优惠规则过于复杂。"),
            None,
        ),
    ),
    "suggestion": (
        (
            "delivery",
            Text("Let us choose an evening delivery slot.", "希望可以选择晚间配送时段。"),
            None,
        ),
        (
            "app",
            Text("Please let us download all invoices at once.", "建议支持批量下载发票。"),
            None,
        ),
        (
            "service",
            Text("Please tell callers their place in the queue.", "建议电话排队时提示前面的人数。"),
            None,
        ),
    ),
    "praise": (
        (
            "service",
            Text(
                "Your engineer stayed until late to get us going again. Thank you!",
                "工程师加班到很晚帮我们恢复使用，非常感谢！",
            ),
            None,
        ),
        (
            "delivery",
            Text(
                "The courier carried it up six floors with a smile.", "快递员笑着把货送上了六楼。"
            ),
            None,
        ),
    ),
}

#: What breaks in the bad month.
OUTAGE = (
    "system",
    Text(
        "The system was down for hours and our orders are gone.",
        "系统瘫痪了几个小时，我们的订单都不见了。",
    ),
    "system_outage",
)

ACKNOWLEDGED = Text(
    "We have received this and are looking into it.", "我们已收到您的反馈，正在处理。"
)
QUESTION = Text(
    "Could you tell us the number on the label, please?", "请提供设备标签上的编号，以便核实。"
)
REPLY = Text("It is on the photo that I sent.", "编号在我发的照片上。")
UPHELD = Text(
    "You are right, and we are sorry. This is what we have done about it.",
    "经核实情况属实，我们深表歉意，处理结果如下。",
)
PARTLY = Text(
    "We found part of this to be so, and have put it right.", "经核实部分属实，我们已作出更正。"
)
NOT_UPHELD = Text(
    "We have looked at every step and found that it was done as agreed.",
    "经逐项核查，我们按约定履行了义务。",
)
NO_COMPLAINT = Text("Here is the answer to your question.", "现答复您咨询的问题。")
REASON = Text("The records show delivery as agreed.", "记录显示已按约定履行。")
ANSWERED_REASON = Text("It was a question, and it has been answered.", "属咨询事项，已作答复。")
RECOURSE = Text(
    "If you disagree, tell us within 30 days and somebody else will look at it.",
    "如不认可，可在 30 日内提出，我们将安排其他人员复核。",
)
DISAGREED = Text("That does not solve my problem.", "这没有解决我的问题。")
REVIEWED = Text(
    "A second person has looked at it: we see it your way.", "经复核，我们采纳您的意见。"
)
AGREED = Text("Agreed on the telephone.", "电话中已确认。")
SETTLED = Text("Settled in the first conversation.", "首次沟通即已解决。")
THANKED = Text("Thank you, we have passed it on.", "谢谢您，我们已转达相关人员。")
RETURNED = Text("This belongs to another team.", "不属于本组职责范围。")
SUPPLIER = Text("Waiting for a spare part.", "等待供应商提供备件。")
AGAIN = Text("The same thing has happened again.", "同样的问题又出现了。")
OUT_OF_SCOPE = Text(
    "This was bought elsewhere; please turn to the seller.", "该商品并非在我处购买，请联系销售方。"
)
NOT_NEEDED = Text("It has settled itself, thank you.", "问题已自行解决，谢谢。")
REMEDIES = (
    Text("The full amount is paid back.", "全额退款。"),
    Text("A replacement is sent at our cost.", "免费更换。"),
    Text("A voucher over 50 yuan.", "赠送 50 元代金券。"),
    Text("A repair free of charge.", "免费维修。"),
)
DELIVERED = Text("What was promised has been done.", "承诺的补救措施已兑现。")
BODY = Text("Consumers' Association", "消费者协会")


def said(text: Text, language: str) -> str:
    """The text in the language of the complainant."""
    return text.zh if language == "zh-CN" else text.en
