"""The rules of churn early warning, as data: what raises a reason, and what reasons amount to.

Changing a rule changes `VERSION`: the worker then judges everybody anew, and every answer says by
which rules it was judged.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from app.problems import Text

VERSION = 1

Level = Literal["none", "watch", "at_risk", "critical"]
LEVELS: tuple[Level, ...] = get_args(Level)
Family = Literal["purchases", "complaints", "scores"]
Measure = Literal[
    "overdue_ratio",
    "p_alive",
    "open_complaints",
    "recent_complaints",
    "recent_reopenings",
    "dissatisfied",
    "score_drop",
]
RuleCode = Literal[
    "overdue",
    "long_overdue",
    "fading",
    "probably_gone",
    "open_complaint",
    "repeated_complaints",
    "reopened_complaint",
    "dissatisfied",
    "score_drop",
]

#: Complaints and reopenings count for so many days.
COMPLAINT_DAYS = 90
#: A score speaks for so many days.
SCORE_DAYS = 365
#: Purchases on fewer days have no rhythm of their own: two gaps at least.
MIN_PURCHASE_DAYS = 3


@dataclass(frozen=True)
class Rule:
    """A reason: raised at `enter`, and given up only beyond `leave`, so that it does not flutter.

    `weight` is 1 for watch and 2 for at risk.
    """

    code: RuleCode
    family: Family
    measure: Measure
    weight: int
    enter: float
    leave: float
    text: Text
    below: bool = False
    """Raised by values below the threshold; otherwise by those that reach it."""

    def raised(self, value: float | None, *, held: bool) -> bool:
        """Whether the value raises the reason, or keeps one that is `held`."""
        if value is None:
            return False
        threshold = self.leave if held else self.enter
        return value < threshold if self.below else value >= threshold


RULES: tuple[Rule, ...] = (
    Rule(
        "overdue", "purchases", "overdue_ratio", 1, 2.0, 1.8,
        Text(
            "The last purchase is at least twice as long ago as usual.",
            "距上次购买的天数达到其惯常间隔的两倍。",
        ),
    ),
    Rule(
        "long_overdue", "purchases", "overdue_ratio", 2, 3.0, 2.7,
        Text(
            "The last purchase is at least three times as long ago as usual.",
            "距上次购买的天数达到其惯常间隔的三倍。",
        ),
    ),
    Rule(
        "fading", "purchases", "p_alive", 1, 0.5, 0.55,
        Text(
            "The probability of being still a customer is below one half.",
            "仍为活跃客户的概率低于 0.5。",
        ),
        below=True,
    ),
    Rule(
        "probably_gone", "purchases", "p_alive", 2, 0.2, 0.25,
        Text(
            "The probability of being still a customer is below one fifth.",
            "仍为活跃客户的概率低于 0.2。",
        ),
        below=True,
    ),
    Rule(
        "open_complaint", "complaints", "open_complaints", 1, 1, 1,
        Text("A complaint is open.", "有尚未办结的投诉。"),
    ),
    Rule(
        "repeated_complaints", "complaints", "recent_complaints", 2, 2, 2,
        Text("At least two complaints in 90 days.", "90 天内至少两次投诉。"),
    ),
    Rule(
        "reopened_complaint", "complaints", "recent_reopenings", 2, 1, 1,
        Text("A complaint was reopened in the last 90 days.", "90 天内有投诉被重新打开。"),
    ),
    Rule(
        "dissatisfied", "scores", "dissatisfied", 1, 1, 1,
        Text(
            "The last satisfaction score is in the low box of its scale.",
            "最近一次满意度评分处于量表的低分区。",
        ),
    ),
    Rule(
        "score_drop", "scores", "score_drop", 1, 2, 2,
        Text(
            "A score fell by at least two points from one answer to the next.",
            "同一题目相邻两次评分下降至少 2 分。",
        ),
    ),
)  # fmt: skip
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}

FORMULA = Text(
    "Each reason weighs 1 (watch) or 2 (at risk). Of each family (purchases, complaints, scores) "
    "the heaviest reason counts; their sum is the level: 0 none, 1 watch, 2 at_risk, 3 or more "
    "critical. Purchases: days since the last purchase / the customer's own median gap, from 3 "
    "purchase days on: 2 or more weighs 1, 3 or more weighs 2; probability of being a customer "
    "still, from the last sound model run, for those with a repeat purchase and none since the "
    "run: below 0.5 weighs 1, below 0.2 weighs 2. Complaints: any open weighs 1; two or more in "
    "90 days, or a reopening in 90 days, weighs 2. Scores, of the last 365 days: the last "
    "satisfaction score in the low box (as many points at the bad end as the top box has at the "
    "good one) weighs 1; a fall of 2 points or more between the last two answers to a question "
    "weighs 1. A reason that was raised by a ratio or a probability is given up only beyond a "
    "margin (1.8, 2.7; 0.55, 0.25).",
    "每个原因的权重为 1（watch）或 2（at risk）。购买、投诉、评分三类各取权重最大的原因，"
    "其和决定等级：0 为 none，1 为 watch，2 为 at_risk，3 及以上为 critical。"
    "购买：距上次购买的天数 / 该客户自身购买间隔的中位数（至少 3 个购买日），达到 2 权重为 1，"
    "达到 3 权重为 2；最近一次可靠的模型给出的仍为活跃客户的概率"
    "（仅限有复购且此后未再购买者），低于 0.5 权重为 1，低于 0.2 权重为 2。"
    "投诉：有未办结的投诉权重为 1；90 天内两次及以上，或 90 天内被重新打开，权重为 2。"
    "评分（365 天内）：最近一次满意度评分处于低分区（差的一端与 top box 同样多的分值）"
    "权重为 1；同一题目相邻两次评分下降 2 分及以上权重为 1。"
    "由比值或概率触发的原因须越过余量（1.8、2.7；0.55、0.25）才解除。",
)


def raised(values: Mapping[str, float | None], held: Collection[str] = ()) -> list[Rule]:
    """The rules whose reasons stand, in the order of the table; `held` are those of before."""
    return [rule for rule in RULES if rule.raised(values.get(rule.measure), held=rule.code in held)]


def level_of(rules: Iterable[Rule]) -> Level:
    """The level that the reasons amount to; see `FORMULA`."""
    heaviest: dict[Family, int] = {}
    for rule in rules:
        heaviest[rule.family] = max(heaviest.get(rule.family, 0), rule.weight)
    return LEVELS[min(sum(heaviest.values()), len(LEVELS) - 1)]
