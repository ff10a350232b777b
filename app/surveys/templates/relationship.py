"""The relationship as a whole, once or twice a year: satisfaction, and what loyalty is made of."""

from app.surveys.definition import SurveyDefinition, SurveyPage
from app.surveys.questions import (
    LongTextQuestion,
    NpsQuestion,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
)
from app.surveys.questions.base import Construct
from app.surveys.questions.choices import Choice, OtherChoice
from app.surveys.templates.wording import LANGUAGES, Template, ends, words


def _ten(
    key: str,
    construct: Construct,
    text: dict[str, str],
    low: dict[str, str],
    high: dict[str, str],
) -> Question:
    """An item on ten points; the index needs them all on one scale."""
    return RatingQuestion(
        type="rating",
        key=key,
        text=text,
        required=True,
        measures=construct,
        min=1,
        max=10,
        labels=ends(1, low, 10, high),
    )


_SATISFACTION = SurveyPage(
    key="satisfaction",
    title=words("满意度", "Satisfaction"),
    questions=[
        _ten(
            "overall",
            "satisfaction",
            words("总体而言，您对我们的满意程度如何？", "Overall, how satisfied are you with us?"),
            words("非常不满意", "Very dissatisfied"),
            words("非常满意", "Very satisfied"),
        ),
        _ten(
            "expectations",
            "satisfaction",
            words("与您的期望相比，我们做得如何？", "How well do we meet your expectations?"),
            words("远低于期望", "Far below them"),
            words("远超期望", "Far above them"),
        ),
        _ten(
            "ideal",
            "satisfaction",
            words(
                "与您心目中理想的企业相比，我们有多接近？",
                "Think of an ideal company of our kind: how close are we to it?",
            ),
            words("相距甚远", "Not at all close"),
            words("非常接近", "Very close"),
        ),
    ],
)

_LOYALTY = SurveyPage(
    key="loyalty",
    title=words("信任与忠诚", "Trust and loyalty"),
    questions=[
        _ten(
            "trust",
            "trust",
            words("您在多大程度上信任我们？", "How much do you trust us?"),
            words("完全不信任", "Not at all"),
            words("完全信任", "Completely"),
        ),
        _ten(
            "repurchase",
            "repurchase",
            words(
                "下次有需要时，您有多大可能再次选择我们？",
                "How likely are you to buy from us again?",
            ),
            words("完全不可能", "Not at all likely"),
            words("非常可能", "Extremely likely"),
        ),
        NpsQuestion(
            type="nps",
            key="recommend",
            text=words(
                "您有多大可能向亲友或同事推荐我们？",
                "How likely are you to recommend us to a friend or colleague?",
            ),
            required=True,
            measures="recommendation",
            labels=ends(
                0,
                words("完全不可能", "Not at all likely"),
                10,
                words("非常可能", "Extremely likely"),
            ),
        ),
    ],
)

_REASONS = SurveyPage(
    key="reasons",
    questions=[
        SingleChoiceQuestion(
            type="single_choice",
            key="main_reason",
            text=words("您选择我们的主要原因是什么？", "What is your main reason to choose us?"),
            choices=[
                Choice(code="quality", label=words("产品质量", "Quality")),
                Choice(code="price", label=words("价格", "Price")),
                Choice(code="service", label=words("服务", "Service")),
                Choice(code="brand", label=words("品牌与口碑", "Brand and reputation")),
                Choice(code="convenience", label=words("便利", "Convenience")),
            ],
            other=OtherChoice(code="other", label=words("其他", "Another reason")),
        ),
        LongTextQuestion(
            type="long_text",
            key="comment",
            text=words("我们怎样才能做得更好？", "What could we do better for you?"),
            max_length=2_000,
        ),
    ],
)

RELATIONSHIP = Template(
    key="relationship-loyalty",
    name=words("客户关系与忠诚度", "Relationship and loyalty"),
    description=words(
        "每年一到两次：三项满意度指标合成满意度指数，信任、再次购买意愿与推荐意愿构成忠诚度。",
        "Once or twice a year: three items make the satisfaction index; trust, the intention to "
        "buy again and the likelihood to recommend make loyalty.",
    ),
    definition=SurveyDefinition(
        default_language="zh-CN",
        languages=LANGUAGES,
        title=words("客户关系调查", "How are we doing?"),
        description=words(
            "您的意见将帮助我们改进，填写约需两分钟。",
            "Your opinion helps us improve. This takes about two minutes.",
        ),
        thank_you=words("感谢您的参与！", "Thank you for taking part!"),
        pages=[_SATISFACTION, _LOYALTY, _REASONS],
        hidden_fields=["branch"],
    ),
)
