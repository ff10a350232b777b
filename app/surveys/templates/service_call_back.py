"""After a case was handled and the customer called back: was it good, and was it easy."""

from app.surveys.definition import SurveyDefinition, SurveyPage
from app.surveys.questions import (
    CesQuestion,
    CsatQuestion,
    LongTextQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    YesNoQuestion,
)
from app.surveys.questions.choices import MultipleChoiceOption, OtherChoice
from app.surveys.questions.grids import MatrixRow
from app.surveys.templates.wording import LANGUAGES, SATISFACTION_5, Template, ends, words

_OUTCOME = SurveyPage(
    key="outcome",
    title=words("处理结果", "The outcome"),
    questions=[
        YesNoQuestion(
            type="yes_no",
            key="resolved",
            text=words("您反映的问题是否已经解决？", "Has the matter you raised been resolved?"),
            required=True,
            measures="complaint_handling",
        ),
        CsatQuestion(
            type="csat",
            key="satisfaction",
            text=words(
                "总体而言，您对本次服务的满意程度如何？",
                "Overall, how satisfied are you with how we handled this?",
            ),
            required=True,
            measures="satisfaction",
            labels=SATISFACTION_5,
        ),
        CesQuestion(
            type="ces",
            key="effort",
            text=words(
                "“企业让我很容易就解决了问题。”您是否同意这一说法？",
                "How far do you agree: the company made it easy for me to settle my issue?",
            ),
            measures="effort",
            labels=ends(
                1, words("非常不同意", "Strongly disagree"), 7, words("非常同意", "Strongly agree")
            ),
        ),
    ],
)

_SERVICE = SurveyPage(
    key="service",
    title=words("服务评价", "The service"),
    questions=[
        MatrixQuestion(
            type="matrix",
            key="aspects",
            text=words("请评价以下各方面：", "Please rate these aspects:"),
            measures="service_quality",
            labels=SATISFACTION_5,
            allow_not_applicable=True,
            rows=[
                MatrixRow(code="attitude", label=words("服务态度", "Courtesy")),
                MatrixRow(code="expertise", label=words("专业能力", "Expertise")),
                MatrixRow(code="speed", label=words("响应速度", "Speed")),
                MatrixRow(code="information", label=words("信息清晰度", "Clear information")),
                MatrixRow(code="solution", label=words("解决方案", "The solution")),
            ],
        ),
        MultipleChoiceQuestion(
            type="multiple_choice",
            key="improve",
            text=words("您认为哪些方面最需要改进？", "What should we improve first?"),
            help=words("最多选择三项。", "Choose up to three."),
            max_selected=3,
            choices=[
                MultipleChoiceOption(code="waiting", label=words("等待时间", "Waiting time")),
                MultipleChoiceOption(code="attitude", label=words("服务态度", "Courtesy")),
                MultipleChoiceOption(
                    code="follow_up", label=words("跟进与回访", "Follow-up and call-backs")
                ),
                MultipleChoiceOption(
                    code="remedy", label=words("补偿方案", "What was offered in return")
                ),
                MultipleChoiceOption(code="channels", label=words("联系渠道", "Ways to reach you")),
                MultipleChoiceOption(
                    code="nothing", label=words("无需改进", "Nothing"), exclusive=True
                ),
            ],
            other=OtherChoice(code="other", label=words("其他", "Something else")),
        ),
    ],
)

_CLOSING = SurveyPage(
    key="closing",
    questions=[
        NpsQuestion(
            type="nps",
            key="recommend",
            text=words(
                "您有多大可能向亲友或同事推荐我们？",
                "How likely are you to recommend us to a friend or colleague?",
            ),
            measures="recommendation",
            labels=ends(
                0,
                words("完全不可能", "Not at all likely"),
                10,
                words("非常可能", "Extremely likely"),
            ),
        ),
        LongTextQuestion(
            type="long_text",
            key="comment",
            text=words("您还有什么想告诉我们的？", "What else would you like to tell us?"),
            max_length=2_000,
        ),
    ],
)

SERVICE_CALL_BACK = Template(
    key="service-call-back",
    name=words("服务回访满意度", "Service satisfaction after a call-back"),
    description=words(
        "在处理完成并回访之后使用：满意度、费力程度、推荐意愿、各方面评价与改进建议。",
        "After a case was handled and the customer called back: satisfaction, effort, likelihood "
        "to recommend, ratings of each aspect, and what to improve.",
    ),
    definition=SurveyDefinition(
        default_language="zh-CN",
        languages=LANGUAGES,
        title=words("服务回访满意度调查", "How did we handle it?"),
        description=words(
            "感谢您接受回访，填写本问卷约需一分钟。",
            "Thank you for talking to us. This takes about a minute.",
        ),
        thank_you=words("感谢您的反馈！", "Thank you for your feedback!"),
        pages=[_OUTCOME, _SERVICE, _CLOSING],
        hidden_fields=["agent", "case"],
    ),
)
