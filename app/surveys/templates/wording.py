"""Shorthand of the ready instruments: texts in both languages, labels of scales."""

from dataclasses import dataclass

from app.surveys.definition import SurveyDefinition
from app.surveys.questions.base import PointLabel

LANGUAGES = ["zh-CN", "en"]


@dataclass(frozen=True)
class Template:
    """A ready instrument."""

    key: str
    name: dict[str, str]
    description: dict[str, str]
    definition: SurveyDefinition


def words(zh: str, en: str) -> dict[str, str]:
    """One text in both languages."""
    return {"zh-CN": zh, "en": en}


def ends(low: int, low_words: dict[str, str], high: int, high_words: dict[str, str]) -> list[
    PointLabel
]:  # fmt: skip
    """The words at the two ends of a scale."""
    return [PointLabel(point=low, label=low_words), PointLabel(point=high, label=high_words)]


#: The usual five words from very dissatisfied to very satisfied.
SATISFACTION_5 = [
    PointLabel(point=1, label=words("非常不满意", "Very dissatisfied")),
    PointLabel(point=2, label=words("不满意", "Dissatisfied")),
    PointLabel(point=3, label=words("一般", "Neither")),
    PointLabel(point=4, label=words("满意", "Satisfied")),
    PointLabel(point=5, label=words("非常满意", "Very satisfied")),
]
