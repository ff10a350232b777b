"""What a scorecard says in words, in both languages."""

from collections.abc import Mapping

from app.kpis.schemas import BilingualText
from app.kpis.statistics import TargetVerdict
from app.problems import Text
from app.scorecards.scoring import Score

PERSPECTIVES: Mapping[str, Text] = {
    "financial": Text("Financial", "财务"),
    "customer": Text("Customer", "客户"),
    "internal_process": Text("Internal process", "内部流程"),
    "learning_growth": Text("Learning and growth", "学习与成长"),
}
_VERDICTS: Mapping[TargetVerdict, Text] = {
    "met": Text("the target is met", "已达成目标"),
    "missed": Text("the target is missed", "未达成目标"),
    "inconclusive": Text("too close to the target to tell", "与目标过近，尚不能判定"),
    "no_data": Text("there is no figure", "暂无数据"),
}
_AT_RISK = Text("the target is at risk", "目标存在风险")


def bilingual(text: Text) -> BilingualText:
    """The text as it is answered."""
    return BilingualText(zh_cn=text.zh, en=text.en)


def indicator_text(
    value: float | None,
    *,
    unit: str,
    target: float,
    attainment: float | None,
    verdict: TargetVerdict,
    at_risk: bool,
) -> BilingualText:
    """A figure beside its target, how much of it is attained, and the verdict."""
    said = _AT_RISK if at_risk else _VERDICTS[verdict]
    if value is None:
        return bilingual(Text(f"{said.en.capitalize()}.", f"{said.zh}。"))
    figure, goal = shown(value, unit), shown(target, unit)
    reached = "–" if attainment is None else f"{attainment:.0%}"
    return bilingual(
        Text(
            f"{figure} against a target of {goal} (attainment {reached}): {said.en}.",
            f"{figure}，目标 {goal}（达成度 {reached}）：{said.zh}。",
        )
    )


def score_text(score: Score) -> BilingualText:
    """What a score says, and on how much of the weights it stands."""
    said = _VERDICTS[score.verdict]
    if score.value is None:
        return bilingual(Text(f"{said.en.capitalize()}.", f"{said.zh}。"))
    known = ""
    known_zh = ""
    if score.coverage < 1:
        known = f" of the {score.coverage:.0%} that is known"
        known_zh = f"（已有数据占权重 {score.coverage:.0%}）"
    return bilingual(
        Text(
            f"{score.value:.0%} of the goals{known}: {said.en}.",
            f"总达成度 {score.value:.0%}{known_zh}：{said.zh}。",
        )
    )


def shown(value: float, unit: str) -> str:
    """A figure for reading: shares in percent, the rest with few decimals and its unit."""
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    number = f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) < 1_000 else f"{value:,.0f}"
    return number if unit in {"points", "count", "money", "per_thousand"} else f"{number} {unit}"
